#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy_bytes.h"
#include "data/stream.h"
#include "fmt/pgcopy.h"

#define EPOCH_DAYS 10957
#define DAY_US INT64_C(86400000000)

static const struct tr_pgcopy_column all_columns[] = {
	{ "b", TR_PG_BOOL, { TR_BOOL, 0, 0 }, false },
	{ "i2", TR_PG_INT2, { TR_INT16, 0, 0 }, false },
	{ "i4", TR_PG_INT4, { TR_INT32, 0, 0 }, false },
	{ "i8", TR_PG_INT8, { TR_INT64, 0, 0 }, false },
	{ "oid", TR_PG_OID, { TR_INT64, 0, 0 }, false },
	{ "f4", TR_PG_FLOAT4, { TR_FLOAT, 0, 0 }, false },
	{ "f8", TR_PG_FLOAT8, { TR_DOUBLE, 0, 0 }, false },
	{ "n", TR_PG_NUMERIC, { TR_DECIMAL, 10, 2 }, false },
	{ "t", TR_PG_TEXT, { TR_STRING, 0, 0 }, false },
	{ "by", TR_PG_BYTEA, { TR_BINARY, 0, 0 }, false },
	{ "d", TR_PG_DATE, { TR_DATE, 0, 0 }, false },
	{ "ts", TR_PG_TIMESTAMP, { TR_TIMESTAMP, 0, 0 }, false },
	{ "tz", TR_PG_TIMESTAMPTZ, { TR_TIMESTAMPTZ, 0, 0 }, false },
	{ "ti", TR_PG_TIME, { TR_TIME, 0, 0 }, false },
	{ "u", TR_PG_UUID, { TR_UUID, 0, 0 }, false },
	{ "j", TR_PG_JSONB, { TR_JSON, 0, 0 }, false },
};
#define N_ALL (sizeof all_columns / sizeof all_columns[0])

static const uint8_t uuid[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

/* One row with a value in each column, one of nulls, and the values again. */
static void put_all(struct copy_bytes *b)
{
	put_header(b);
	for (int row = 0; row < 3; row++) {
		put_row(b, N_ALL);
		if (row == 1) {
			for (size_t i = 0; i < N_ALL; i++)
				put_null(b);
			continue;
		}
		put_field_int(b, 1, 1);
		put_field_int(b, (uint64_t)-2, 2);
		put_field_int(b, (uint64_t)INT32_MIN, 4);
		put_field_int(b, (uint64_t)INT64_MAX, 8);
		put_field_int(b, UINT32_MAX, 4);
		put_field_int(b, 0x3FC00000, 4);
		put_field_int(b, UINT64_C(0xC004000000000000), 8);
		put_field(b, "\0\2\0\0\x40\0\0\2\0\x0c\x0d\x48", 12); /* -12.34: digits 12, 3400 */
		put_field(b, "caf\xC3\xA9", 5);
		put_field(b, "\0\xFF", 2);
		put_field_int(b, (uint64_t)-EPOCH_DAYS, 4);
		put_field_int(b, 5, 8);
		put_field_int(b, (uint64_t)-5, 8);
		put_field_int(b, (uint64_t)DAY_US, 8);
		put_field(b, uuid, 16);
		put_field(b, "\1{\"a\": 1}", 9);
	}
	put_end(b);
}

static void check_fixed(const struct ArrowArray *batch, size_t column, int64_t row, const void *want)
{
	struct tr_view v;
	struct tr_type type = all_columns[column].type;
	tr_view_init(&v, batch, column, type);
	assert_false(tr_view_is_null(&v, row));
	assert_memory_equal(tr_view_fixed(&v, row, tr_type_width(type)), want, tr_type_width(type));
}

static void check_text(const struct ArrowArray *batch, size_t column, int64_t row, const char *want, size_t n)
{
	struct tr_view v;
	size_t len;
	tr_view_init(&v, batch, column, all_columns[column].type);
	assert_false(tr_view_is_null(&v, row));
	const char *got = tr_view_bytes(&v, row, &len);
	assert_int_equal(len, n);
	assert_memory_equal(got, want, n);
}

static void check_values(const struct ArrowArray *batch, int64_t row)
{
	struct tr_view v;
	tr_view_init(&v, batch, 0, all_columns[0].type);
	assert_true(tr_view_bool(&v, row));
	check_fixed(batch, 1, row, &(int16_t){ -2 });
	check_fixed(batch, 2, row, &(int32_t){ INT32_MIN });
	check_fixed(batch, 3, row, &(int64_t){ INT64_MAX });
	check_fixed(batch, 4, row, &(int64_t){ UINT32_MAX });
	check_fixed(batch, 5, row, &(float){ 1.5F });
	check_fixed(batch, 6, row, &(double){ -2.5 });
	check_fixed(batch, 7, row, &(tr_i128){ -1234 });
	check_text(batch, 8, row, "caf\xC3\xA9", 5);
	check_text(batch, 9, row, "\0\xFF", 2);
	check_fixed(batch, 10, row, &(int32_t){ 0 });
	check_fixed(batch, 11, row, &(int64_t){ EPOCH_DAYS * DAY_US + 5 });
	check_fixed(batch, 12, row, &(int64_t){ EPOCH_DAYS * DAY_US - 5 });
	check_fixed(batch, 13, row, &(int64_t){ DAY_US });
	check_fixed(batch, 14, row, uuid);
	check_text(batch, 15, row, "{\"a\": 1}", 8);
}

static void check_all(const struct ArrowArray *batch)
{
	assert_int_equal(batch->length, 3);
	check_values(batch, 0);
	check_values(batch, 2);
	for (size_t i = 0; i < N_ALL; i++) {
		struct tr_view v;
		tr_view_init(&v, batch, i, all_columns[i].type);
		assert_int_equal(batch->children[i]->null_count, 1);
		assert_false(tr_view_is_null(&v, 0));
		assert_true(tr_view_is_null(&v, 1));
	}
}

static void every_type_comes_out_the_same_from_pieces_of_any_size(void **state)
{
	(void)state;
	static struct copy_bytes b;
	put_all(&b);
	for (size_t piece = 1; piece <= b.n; piece++) {
		struct tr_err err = { 0 };
		struct tr_pgcopy *d = NULL;
		struct ArrowArray batch;
		assert_ok(tr_pgcopy_new(all_columns, N_ALL, &d, &err), err);
		for (size_t at = 0; at < b.n; at += piece) {
			/* A copy of exactly the piece, so that reading beyond it is seen. */
			size_t n = b.n - at < piece ? b.n - at : piece;
			void *exact = malloc(n);
			assert_non_null(exact);
			memcpy(exact, b.data + at, n);
			assert_ok(tr_pgcopy_feed(d, exact, n, &err), err);
			free(exact);
		}
		assert_ok(tr_pgcopy_finish(d, &err), err);
		assert_int_equal(tr_pgcopy_rows(d), 3);
		assert_int_equal(tr_pgcopy_pending(d), 3);
		assert_true(tr_pgcopy_memory(d) > 0);
		assert_ok(tr_pgcopy_take(d, &batch, &err), err);
		check_all(&batch);
		tr_batch_clear(&batch);
		assert_int_equal(tr_pgcopy_pending(d), 0);
		assert_int_equal(tr_pgcopy_memory(d), 0);
		tr_pgcopy_free(d);
	}
}

static void batches_can_be_taken_between_pieces(void **state)
{
	(void)state;
	static struct copy_bytes b;
	put_all(&b);
	struct tr_err err = { 0 };
	struct tr_pgcopy *d = NULL;
	int64_t rows = 0;
	assert_ok(tr_pgcopy_new(all_columns, N_ALL, &d, &err), err);
	for (size_t at = 0; at < b.n; at++) {
		struct ArrowArray batch;
		assert_ok(tr_pgcopy_feed(d, b.data + at, 1, &err), err);
		assert_ok(tr_pgcopy_take(d, &batch, &err), err);
		assert_int_equal(batch.n_children, N_ALL);
		if (batch.length == 1 && rows != 1)
			check_values(&batch, 0);
		rows += batch.length;
		tr_batch_clear(&batch);
	}
	assert_int_equal(rows, 3);
	tr_pgcopy_free(d);
}

static void rows_without_columns_are_counted(void **state)
{
	(void)state;
	static struct copy_bytes b;
	struct tr_err err = { 0 };
	struct tr_pgcopy *d = NULL;
	struct ArrowArray batch;
	put_header(&b);
	for (int i = 0; i < 5; i++)
		put_row(&b, 0);
	put_end(&b);
	assert_ok(tr_pgcopy_new(NULL, 0, &d, &err), err);
	assert_ok(tr_pgcopy_feed(d, b.data, b.n, &err), err);
	assert_ok(tr_pgcopy_finish(d, &err), err);
	assert_ok(tr_pgcopy_take(d, &batch, &err), err);
	assert_int_equal(batch.length, 5);
	tr_batch_clear(&batch);
	tr_pgcopy_free(d);
}

static void many_rows_outgrow_the_first_room(void **state)
{
	(void)state;
	static const struct tr_pgcopy_column columns[] = { { "i", TR_PG_INT4, { TR_INT32, 0, 0 }, false },
		{ "t", TR_PG_TEXT, { TR_STRING, 0, 0 }, false } };
	static struct copy_bytes b;
	struct tr_err err = { 0 };
	struct tr_pgcopy *d = NULL;
	struct ArrowArray batch;
	struct tr_view v;
	assert_ok(tr_pgcopy_new(columns, 2, &d, &err), err);
	put_header(&b);
	for (int i = 0; i < 5000; i++) {
		put_row(&b, 2);
		put_field_int(&b, (uint64_t)i, 4);
		if (i % 7 == 3)
			put_null(&b);
		else
			put_field(&b, "0123456789", (size_t)(i % 11));
		assert_ok(tr_pgcopy_feed(d, b.data, b.n, &err), err);
		b.n = 0;
	}
	assert_ok(tr_pgcopy_take(d, &batch, &err), err);
	assert_int_equal(batch.length, 5000);
	tr_view_init(&v, &batch, 1, columns[1].type);
	for (int i = 0; i < 5000; i++) {
		size_t len;
		assert_int_equal(*(const int32_t *)((const int32_t *)batch.children[0]->buffers[1] + i), i);
		assert_int_equal(tr_view_is_null(&v, i), i % 7 == 3);
		const char *text = tr_view_bytes(&v, i, &len);
		assert_int_equal(len, i % 7 == 3 ? 0 : i % 11);
		assert_memory_equal(text, "0123456789", len);
	}
	tr_batch_clear(&batch);
	tr_pgcopy_free(d);
}

/* ---- special values ---- */

struct special {
	enum tr_pgcopy_wire wire;
	enum tr_kind kind;
	uint64_t value;
	int width;
	const char *shown; /* NULL: accepted */
	int64_t out;
};

static const struct special specials[] = {
	{ TR_PG_DATE, TR_DATE, INT32_MAX, 4, "infinity", 0 },
	{ TR_PG_DATE, TR_DATE, (uint64_t)INT32_MIN, 4, "-infinity", 0 },
	{ TR_PG_DATE, TR_DATE, 2145031948, 4, NULL, 2145031948 + EPOCH_DAYS },       /* 5874897-12-31 */
	{ TR_PG_DATE, TR_DATE, (uint64_t)-2451545, 4, NULL, -2451545 + EPOCH_DAYS }, /* 4714-11-24 BC */
	{ TR_PG_DATE, TR_DATE, INT32_MAX - EPOCH_DAYS, 4, "a date after 5881580-07-10", 0 },
	{ TR_PG_DATE, TR_DATE, INT32_MAX - EPOCH_DAYS - 1, 4, NULL, INT32_MAX - 1 },
	{ TR_PG_TIMESTAMP, TR_TIMESTAMP, INT64_MAX, 8, "infinity", 0 },
	{ TR_PG_TIMESTAMPTZ, TR_TIMESTAMPTZ, (uint64_t)INT64_MIN, 8, "-infinity", 0 },
	{ TR_PG_TIMESTAMP, TR_TIMESTAMP, INT64_MAX - EPOCH_DAYS *DAY_US, 8,
		"a time after 294247-01-10 04:00:54.775806", 0 },
	{ TR_PG_TIMESTAMP, TR_TIMESTAMP, UINT64_C(9223371331199999999), 8,
		"a time after 294247-01-10 04:00:54.775806", 0 }, /* the server's last */
	{ TR_PG_TIMESTAMP, TR_TIMESTAMP, INT64_MAX - EPOCH_DAYS *DAY_US - 1, 8, NULL, INT64_MAX - 1 },
	{ TR_PG_TIMESTAMPTZ, TR_TIMESTAMPTZ, (uint64_t)INT64_C(-211813488000000000), 8, NULL,
		INT64_C(-211813488000000000) + EPOCH_DAYS *DAY_US }, /* the server's first */
};

static bool decode_special(const struct special *s, bool to_null, struct ArrowArray *batch,
	struct tr_err *err)
{
	static struct copy_bytes b;
	struct tr_pgcopy_column column = { "when", s->wire, { .kind = s->kind }, to_null };
	struct tr_pgcopy *d = NULL;
	put_header(&b);
	put_row(&b, 1);
	put_field_int(&b, s->value, s->width);
	put_end(&b);
	assert_ok(tr_pgcopy_new(&column, 1, &d, err), *err);
	bool ok = tr_pgcopy_feed(d, b.data, b.n, err) && tr_pgcopy_take(d, batch, err);
	assert_int_equal(tr_pgcopy_rows(d), ok ? 1 : 0);
	tr_pgcopy_free(d);
	return ok;
}

static void infinities_and_far_times_are_errors_or_null_by_policy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof specials / sizeof specials[0]; i++) {
		const struct special *s = &specials[i];
		struct tr_err err = { 0 };
		struct ArrowArray batch;
		char want[128];
		bool ok = decode_special(s, false, &batch, &err);
		assert_int_equal(ok, s->shown == NULL);
		if (ok) {
			int64_t got = s->width == 4 ? ((const int32_t *)batch.children[0]->buffers[1])[0]
						    : ((const int64_t *)batch.children[0]->buffers[1])[0];
			assert_true(got == s->out);
			tr_batch_clear(&batch);
			continue;
		}
		assert_int_equal(err.kind, TR_ERR_DATA);
		snprintf(want, sizeof want, "column `when` holds %s, which `", s->shown);
		assert_true(strncmp(err.what, want, strlen(want)) == 0);
		assert_string_equal(err.place.field, "when");
		assert_non_null(strstr(err.hint, "special_values: null"));
		err = (struct tr_err){ 0 };
		assert_ok(decode_special(s, true, &batch, &err), err);
		assert_int_equal(batch.children[0]->null_count, 1);
		tr_batch_clear(&batch);
	}
}

/* ---- bad input ---- */

struct bad {
	const char *column; /* of all_columns, to be bound alone */
	const char *field;
	int len;
	enum tr_err_kind kind;
	const char *what;
};

static const struct bad bads[] = {
	{ "b", "\2", 1, TR_ERR_TRANSIENT, "neither 0 nor 1" },
	{ "b", "", 0, TR_ERR_TRANSIENT, "a value of 0 bytes" },
	{ "i2", "\0", 1, TR_ERR_TRANSIENT, "a value of 1 bytes" },
	{ "i4", "\0\0\0\0\0", 5, TR_ERR_TRANSIENT, "a value of 5 bytes" },
	{ "i8", "\0\0\0\0", 4, TR_ERR_TRANSIENT, "a value of 4 bytes" },
	{ "oid", "\0\0", 2, TR_ERR_TRANSIENT, "a value of 2 bytes" },
	{ "f4", "", 0, TR_ERR_TRANSIENT, "a value of 0 bytes" },
	{ "f8", "\0", 1, TR_ERR_TRANSIENT, "a value of 1 bytes" },
	{ "n", "\0\0\0\0\0\0\0", 7, TR_ERR_TRANSIENT, "less than 8 bytes" },
	{ "n", "\0\1\0\0\0\0\0\0", 8, TR_ERR_TRANSIENT, "length is not that of its digits" },
	{ "n", "\xFF\xFF\0\0\0\0\0\0", 8, TR_ERR_TRANSIENT, "length is not that of its digits" },
	{ "n", "\0\0\0\0\1\0\0\0", 8, TR_ERR_TRANSIENT, "unknown sign" },
	{ "n", "\0\1\0\0\0\0\0\0\x27\x10", 10, TR_ERR_TRANSIENT, "a digit above 9999" },
	{ "n", "\0\0\0\0\xC0\0\0\0", 8, TR_ERR_DATA, "holds NaN, which `decimal(10,2)`" },
	{ "n", "\0\0\0\0\xD0\0\0\0", 8, TR_ERR_DATA, "holds Infinity" },
	{ "n", "\0\0\0\0\xF0\0\0\0", 8, TR_ERR_DATA, "holds -Infinity" },
	{ "n", "\0\2\0\0\0\0\0\3\0\1\4\xE2", 12, TR_ERR_DATA, "holds 1.125, which" },
	{ "n", "\0\1\0\2\0\0\0\0\0\1", 10, TR_ERR_DATA, "holds 100000000, which" },
	{ "t", "a\xFF", 2, TR_ERR_DATA, "not valid UTF-8" },
	{ "t", "a\0b", 3, TR_ERR_DATA, "not valid UTF-8" },
	{ "d", "\0", 1, TR_ERR_TRANSIENT, "a value of 1 bytes" },
	{ "ts", "\0", 1, TR_ERR_TRANSIENT, "a value of 1 bytes" },
	{ "ti", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, TR_ERR_TRANSIENT, "outside 00:00 .. 24:00" },
	{ "ti", "\0\0\0\x14\x1D\xD7\x60\1", 8, TR_ERR_TRANSIENT, "outside 00:00 .. 24:00" },
	{ "u", "0123456789abcde", 15, TR_ERR_TRANSIENT, "a value of 15 bytes" },
	{ "j", "", 0, TR_ERR_TRANSIENT, "a value of 0 bytes" },
	{ "j", "\2{}", 3, TR_ERR_TRANSIENT, "jsonb of an unknown version" },
	{ "j", "\1\"\xC3\"", 4, TR_ERR_DATA, "not valid UTF-8" },
};

static const struct tr_pgcopy_column *column_named(const char *name)
{
	for (size_t i = 0; i < N_ALL; i++)
		if (strcmp(all_columns[i].name, name) == 0)
			return &all_columns[i];
	fail_msg("no column %s", name);
	return NULL;
}

static void a_bad_field_stops_with_its_column_and_row(void **state)
{
	(void)state;
	static struct copy_bytes b;
	for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
		struct tr_pgcopy_column columns[] = { { "id", TR_PG_INT4, { TR_INT32, 0, 0 }, false },
			*column_named(bads[i].column) };
		struct tr_err err = { 0 };
		struct tr_pgcopy *d = NULL;
		struct ArrowArray batch;
		const void *bytes;
		size_t n;
		char key[32];
		put_header(&b);
		put_row(&b, 2);
		put_field_int(&b, 6, 4);
		put_null(&b);
		put_row(&b, 2);
		put_field_int(&b, 7, 4);
		put_field(&b, bads[i].field, (size_t)bads[i].len);
		assert_ok(tr_pgcopy_new(columns, 2, &d, &err), err);
		assert_false(tr_pgcopy_bad_field(d, 0, &bytes, &n));
		assert_false(tr_pgcopy_feed(d, b.data, b.n, &err));
		assert_int_equal(err.kind, bads[i].kind);
		assert_non_null(strstr(err.what, bads[i].what));
		assert_string_equal(err.place.field, bads[i].column);
		assert_true(err.hint[0]);
		assert_int_equal(tr_pgcopy_rows(d), 1);
		assert_true(tr_pgcopy_bad_field(d, 0, &bytes, &n));
		assert_true(tr_pgcopy_describe(TR_PG_INT4, bytes, n, key, sizeof key));
		assert_string_equal(key, "7");
		assert_false(tr_pgcopy_bad_field(d, 2, &bytes, &n));
		/* What failed stays failed, with the same error. */
		struct tr_err again = { 0 };
		assert_false(tr_pgcopy_feed(d, "", 0, &again));
		assert_string_equal(again.what, err.what);
		assert_false(tr_pgcopy_take(d, &batch, &(struct tr_err){ 0 }));
		assert_false(tr_pgcopy_finish(d, &(struct tr_err){ 0 }));
		tr_pgcopy_free(d);
	}
}

struct broken {
	const char *bytes;
	size_t n;
	const char *what; /* NULL: it only ends too early */
};
#define HEAD "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0"

static const struct broken brokens[] = {
	{ "PGCOPX\n\377\r\n\0\0\0\0\0\0\0\0\0", 19, "does not begin with PGCOPY" },
	{ "ERROR: permission denied", 24, "does not begin with PGCOPY" },
	{ "PGCOPY\n\377\r\n\0\0\1\0\0\0\0\0\0", 19, "flags of an unknown meaning" },
	{ "PGCOPY\n\377\r\n\0\0\0\0\0\x7F\xFF\xFF\xFF", 19, "extension is too long" },
	{ HEAD "\0\2", 21, "another number of fields" },
	{ HEAD "\0\0", 21, "another number of fields" },
	{ HEAD "\0\1\xFF\xFF\xFF\xFE", 25, "beyond what the server can send" },
	{ HEAD "\0\1\x7F\xFF\xFF\xFF", 25, "beyond what the server can send" },
	{ HEAD "\0\1\x40\0\0\0", 25, "beyond what the server can send" },
	{ HEAD "\xFF\xFFx", 22, "bytes after its end" },
	{ "", 0, NULL },
	{ HEAD, 10, NULL },
	{ HEAD, 19, NULL },
	{ HEAD "\0", 20, NULL },
	{ HEAD "\0\1\0\0", 23, NULL },
	{ HEAD "\0\1\0\0\0\4\0\0\0", 28, NULL },
	{ HEAD "\0\1\0\0\0\4\0\0\0\7", 29, NULL },
};

static void a_broken_stream_is_an_error_that_may_be_tried_again(void **state)
{
	(void)state;
	const struct tr_pgcopy_column column = { "i", TR_PG_INT4, { TR_INT32, 0, 0 }, false };
	for (size_t i = 0; i < sizeof brokens / sizeof brokens[0]; i++) {
		for (int whole = 0; whole <= 1; whole++) {
			struct tr_err err = { 0 };
			struct tr_pgcopy *d = NULL;
			bool ok = true;
			assert_ok(tr_pgcopy_new(&column, 1, &d, &err), err);
			size_t piece = whole ? brokens[i].n : 1;
			for (size_t at = 0; ok && at < brokens[i].n; at += piece)
				ok = tr_pgcopy_feed(d, brokens[i].bytes + at, piece, &err);
			assert_int_equal(ok, brokens[i].what == NULL);
			if (ok)
				assert_false(tr_pgcopy_finish(d, &err));
			assert_int_equal(err.kind, TR_ERR_TRANSIENT);
			assert_true(err.retry);
			assert_non_null(
				strstr(err.what, brokens[i].what ? brokens[i].what : "ended in the middle"));
			assert_non_null(strstr(err.hint, "run again"));
			tr_pgcopy_free(d);
		}
	}
}

static void bytes_after_the_end_are_refused_in_a_later_piece_too(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_pgcopy *d = NULL;
	assert_ok(tr_pgcopy_new(NULL, 0, &d, &err), err);
	assert_ok(tr_pgcopy_feed(d, HEAD "\xFF\xFF", 21, &err), err);
	assert_ok(tr_pgcopy_feed(d, "", 0, &err), err);
	assert_ok(tr_pgcopy_finish(d, &err), err);
	assert_false(tr_pgcopy_feed(d, "x", 1, &err));
	assert_non_null(strstr(err.what, "after its end"));
	tr_pgcopy_free(d);
}

static void a_headers_extension_is_skipped(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	struct tr_pgcopy *d = NULL;
	static const char bytes[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\3abc\0\0\xFF\xFF";
	for (size_t piece = 1; piece < sizeof bytes; piece++) {
		assert_ok(tr_pgcopy_new(NULL, 0, &d, &err), err);
		for (size_t at = 0; at < sizeof bytes - 1; at += piece) {
			size_t n = sizeof bytes - 1 - at < piece ? sizeof bytes - 1 - at : piece;
			assert_ok(tr_pgcopy_feed(d, bytes + at, n, &err), err);
		}
		assert_ok(tr_pgcopy_finish(d, &err), err);
		assert_int_equal(tr_pgcopy_rows(d), 1);
		tr_pgcopy_free(d);
	}
}

static void a_type_that_the_wire_does_not_make_is_not_bound(void **state)
{
	(void)state;
	const struct tr_pgcopy_column column = { "i", TR_PG_INT2, { TR_INT32, 0, 0 }, false };
	struct tr_err err = { 0 };
	struct tr_pgcopy *d = NULL;
	assert_false(tr_pgcopy_new(&column, 1, &d, &err));
	assert_int_equal(err.kind, TR_ERR_INTERNAL);
	assert_null(d);
}

static void fields_are_shown_as_a_key(void **state)
{
	(void)state;
	const struct {
		enum tr_pgcopy_wire wire;
		const char *bytes;
		size_t n;
		const char *text; /* NULL: not shown */
	} cases[] = {
		{ TR_PG_BOOL, "\1", 1, "true" },
		{ TR_PG_INT2, "\xFF\xFE", 2, "-2" },
		{ TR_PG_INT8, "\x80\0\0\0\0\0\0\0", 8, "-9223372036854775808" },
		{ TR_PG_OID, "\xFF\xFF\xFF\xFF", 4, "4294967295" },
		{ TR_PG_DATE, "\0\0\0\0", 4, "2000-01-01" },
		{ TR_PG_DATE, "\x7F\xFF\xFF\xFF", 4, "infinity" },
		{ TR_PG_DATE, "\x80\0\0\0", 4, "-infinity" },
		{ TR_PG_TIMESTAMP, "\0\0\0\0\0\0\0\1", 8, "2000-01-01 00:00:00.000001" },
		{ TR_PG_TIMESTAMPTZ, "\x80\0\0\0\0\0\0\0", 8, "-infinity" },
		{ TR_PG_UUID, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 16,
			"01020304-0506-0708-090a-0b0c0d0e0f10" },
		{ TR_PG_TEXT, "K-7", 3, "K-7" },
		{ TR_PG_TEXT, "\xFF", 1, NULL },
		{ TR_PG_INT4, "\0", 1, NULL },
		{ TR_PG_FLOAT8, "\0\0\0\0\0\0\0\0", 8, NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[64];
		bool shown = tr_pgcopy_describe(cases[i].wire, cases[i].bytes, cases[i].n, text, sizeof text);
		assert_int_equal(shown, cases[i].text != NULL);
		if (shown)
			assert_string_equal(text, cases[i].text);
	}
}

static void half_of_a_surrogate_pair_is_an_error_or_null_where_json_is_published(void **state)
{
	(void)state;
	static const char *const values[] = { "\"\\ud83d\\ude00\"", "[\"\\ud800\"]" };
	for (int policy = 0; policy < 2; policy++) {
		for (int json = 0; json < 2; json++) {
			static struct copy_bytes b;
			struct tr_type type = { .kind = json ? TR_JSON : TR_STRING };
			struct tr_pgcopy_column column = { "j", TR_PG_JSON, type, policy == 1 };
			struct tr_err err = { 0 };
			struct tr_pgcopy *d = NULL;
			struct ArrowArray batch;
			struct tr_view v;
			put_header(&b);
			for (int i = 0; i < 2; i++) {
				put_row(&b, 1);
				put_field(&b, values[i], strlen(values[i]));
			}
			put_end(&b);
			assert_ok(tr_pgcopy_new(&column, 1, &d, &err), err);
			bool ok = tr_pgcopy_feed(d, b.data, b.n, &err);
			assert_int_equal(ok, !json || policy == 1);
			assert_int_equal(tr_pgcopy_rows(d), ok ? 2 : 1);
			if (!ok) {
				assert_int_equal(err.kind, TR_ERR_DATA);
				assert_non_null(
					strstr(err.what, "`j` holds JSON with one half of a surrogate"));
			} else {
				assert_ok(tr_pgcopy_take(d, &batch, &err), err);
				tr_view_init(&v, &batch, 0, type);
				assert_false(tr_view_is_null(&v, 0));
				assert_int_equal(tr_view_is_null(&v, 1), json);
				tr_batch_clear(&batch);
			}
			tr_pgcopy_free(d);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_out_the_same_from_pieces_of_any_size),
		cmocka_unit_test(batches_can_be_taken_between_pieces),
		cmocka_unit_test(rows_without_columns_are_counted),
		cmocka_unit_test(many_rows_outgrow_the_first_room),
		cmocka_unit_test(infinities_and_far_times_are_errors_or_null_by_policy),
		cmocka_unit_test(half_of_a_surrogate_pair_is_an_error_or_null_where_json_is_published),
		cmocka_unit_test(a_bad_field_stops_with_its_column_and_row),
		cmocka_unit_test(a_broken_stream_is_an_error_that_may_be_tried_again),
		cmocka_unit_test(bytes_after_the_end_are_refused_in_a_later_piece_too),
		cmocka_unit_test(a_headers_extension_is_skipped),
		cmocka_unit_test(a_type_that_the_wire_does_not_make_is_not_bound),
		cmocka_unit_test(fields_are_shown_as_a_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
