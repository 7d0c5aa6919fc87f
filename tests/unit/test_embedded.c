#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "data/column.h"
#include "engine/embedded.h"

/* ---- an input that makes its rows up: id 0.., grp = id % 10, name = "name of row <id>" ---- */

struct made {
	int64_t rows;
	int opens, live;
	int fail_at; /* batch number that fails; 0: none */
	int last_columns[8];
	size_t n_last;
};

struct made_stream {
	struct made *made;
	int columns[8];
	size_t n;
	int64_t row;
	int batch;
	struct tr_column out[8];
};

static struct tr_schema made_schema;

static bool made_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct made_stream *s = self;
	if (s->made->fail_at && ++s->batch == s->made->fail_at) {
		tr_err_set(err, TR_ERR_DATA, "row 17 is not valid UTF-8");
		tr_err_hint(err, "mend the row");
		return tr_err_at_row(err, "public.orders", "name", "id=17");
	}
	int64_t n = s->made->rows - s->row;
	if (n > 5000)
		n = 5000;
	if (n == 0)
		return true;
	for (size_t k = 0; k < s->n; k++) {
		for (int64_t i = s->row; i < s->row + n; i++) {
			char text[64];
			int64_t group = i % 10;
			int len = snprintf(text, sizeof text, "name of row %lld", (long long)i);
			bool ok = s->columns[k] == 0 ? tr_column_add_fixed(&s->out[k], &i, err)
				: s->columns[k] == 1 ? tr_column_add_fixed(&s->out[k], &group, err)
				: i % 7 == 0         ? tr_column_add_null(&s->out[k], err)
					     : tr_column_add_bytes(&s->out[k], text, (size_t)len, err);
			if (!ok)
				return false;
		}
	}
	s->row += n;
	return tr_batch_take(s->out, s->n, n, out, err);
}

static void made_free(void *self)
{
	struct made_stream *s = self;
	for (size_t k = 0; k < s->n; k++)
		tr_column_clear(&s->out[k]);
	s->made->live--;
	free(s);
}

static bool made_open(void *context, const int *columns, size_t n, struct ArrowArrayStream *out,
	struct tr_err *err)
{
	static const struct tr_stream_ops ops = { made_next, made_free };
	struct made *made = context;
	struct made_stream *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	s->made = made;
	s->n = made->n_last = n;
	made->opens++;
	made->live++;
	struct tr_schema schema;
	tr_schema_init(&schema);
	for (size_t k = 0; k < n; k++) {
		s->columns[k] = made->last_columns[k] = columns[k];
		const struct tr_field *f = &made_schema.fields[columns[k]];
		tr_column_init(&s->out[k], f->type);
		assert_ok(tr_schema_add(&schema, f->name, f->type, f->nullable, NULL, err), *err);
	}
	bool ok = tr_stream_init(out, &schema, &ops, s, err);
	tr_schema_clear(&schema);
	return ok;
}

struct fixture {
	struct tr_engine *e;
	char dir[64];
	struct made a, b;
};

static void add_made(struct fixture *f, const char *name, struct made *made)
{
	struct tr_err err = { 0 };
	struct tr_engine_input in = { name, &made_schema, made->rows, made_open, made };
	assert_ok(tr_engine_add_input(f->e, &in, &err), err);
}

static int set_up(void **state)
{
	struct tr_err err = { 0 };
	struct fixture *f = calloc(1, sizeof *f);
	strcpy(f->dir, "/tmp/tailrace-test-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	tr_schema_init(&made_schema);
	assert_ok(tr_schema_add(&made_schema, "id", (struct tr_type){ .kind = TR_INT64 }, false, NULL, &err),
		err);
	assert_ok(tr_schema_add(&made_schema, "grp", (struct tr_type){ .kind = TR_INT64 }, false, NULL, &err),
		err);
	assert_ok(tr_schema_add(&made_schema, "userName", (struct tr_type){ .kind = TR_STRING }, true, NULL,
			  &err),
		err);
	struct tr_engine_options options = { .memory = (size_t)128 << 20,
		.threads = 2,
		.temp_dir = f->dir,
		.keep_order = true };
	assert_ok(tr_engine_open(&options, &f->e, &err), err);
	f->a.rows = 20000;
	f->b.rows = 100;
	add_made(f, "a", &f->a);
	add_made(f, "b", &f->b);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	tr_engine_close(f->e);
	assert_int_equal(f->a.live + f->b.live, 0);
	tr_schema_clear(&made_schema);
	rmdir(f->dir);
	free(f);
	return 0;
}

/* Run, count the rows, and read the first value of the first column (bigint). */
static bool run_all(struct fixture *f, const char *sql, int64_t *rows, int64_t *first, struct tr_err *err)
{
	struct ArrowArrayStream stream;
	*rows = 0;
	if (!tr_engine_run(f->e, sql, NULL, 0, &stream, err))
		return false;
	bool ok = true;
	for (;;) {
		struct ArrowArray batch;
		ok = tr_stream_next(&stream, &batch, err);
		if (!ok || !batch.release)
			break;
		if (*rows == 0 && first)
			*first = ((const int64_t *)batch.children[0]->buffers[1])[0];
		*rows += batch.length;
		tr_batch_clear(&batch);
	}
	tr_stream_clear(&stream);
	return ok;
}

static void a_statement_runs_over_lazy_inputs(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	int64_t rows, first = -1;
	assert_ok(run_all(f, "SELECT id, \"userName\" FROM a WHERE grp = 3 ORDER BY id DESC", &rows, &first,
			  &err),
		err);
	assert_int_equal(rows, 2000);
	assert_int_equal(first, 19993);
	assert_int_equal(f->a.opens, 1);
	assert_int_equal(f->b.opens, 0);
	assert_int_equal(f->a.live, 0);
}

static void counting_rows_asks_for_no_column(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	int64_t rows, first = -1;
	assert_ok(run_all(f, "SELECT count(*) FROM a", &rows, &first, &err), err);
	assert_int_equal(first, 20000);
	assert_int_equal(f->a.n_last, 0);
}

static const struct {
	const char *sql;
	int scans_a, scans_b;
} shapes[] = {
	{ "SELECT id FROM a", 1, 0 },
	{ "SELECT count(*) FROM a", 1, 0 },
	{ "SELECT x.id FROM a x JOIN a y ON x.id = y.grp", 2, 0 },
	{ "SELECT id FROM a UNION ALL SELECT id FROM b", 1, 1 },
	{ "SELECT id, (SELECT max(id) FROM b) AS m FROM a", 1, 1 },
	{ "SELECT a.id, b.\"userName\" FROM a LEFT JOIN b ON a.grp = b.id", 1, 1 },
	{ "WITH c AS MATERIALIZED (SELECT grp FROM a) SELECT count(*) AS n FROM c x JOIN c y USING (grp) "
	  "WHERE x.grp < 1",
		1, 0 },
	{ "SELECT id FROM a WHERE grp IN (SELECT id FROM b)", 1, 1 },
	{ "SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.grp = a.grp AND b.id < a.id)", 1, 1 },
	{ "SELECT id, (SELECT count(*) FROM b WHERE b.grp = a.grp AND b.id < a.id) AS n FROM a", 1, 1 },
	{ "SELECT id FROM a WHERE false", 0, 0 },
};

static void described_scans_are_the_ones_that_a_run_opens(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		struct tr_err err = { 0 };
		struct tr_engine_describe d;
		int64_t rows;
		assert_ok(tr_engine_prepare(f->e, shapes[i].sql, NULL, NULL, 0, &d, &err), err);
		int a = 0, b = 0;
		for (size_t k = 0; k < d.n_scans; k++)
			*(d.scans[k].input[0] == 'a' ? &a : &b) += 1;
		tr_engine_describe_clear(&d);
		assert_int_equal(f->a.opens + f->b.opens, 0);
		if (a != shapes[i].scans_a || b != shapes[i].scans_b)
			fail_msg("%s: described %d scans of a and %d of b", shapes[i].sql, a, b);
		assert_ok(run_all(f, shapes[i].sql, &rows, NULL, &err), err);
		if (f->a.opens != a || f->b.opens != b)
			fail_msg("%s: opened a %d times and b %d times", shapes[i].sql, f->a.opens,
				f->b.opens);
		f->a.opens = f->b.opens = 0;
	}
}

static void only_needed_columns_are_read(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	struct tr_engine_describe d;
	assert_ok(tr_engine_prepare(f->e, "SELECT \"userName\" AS n FROM a WHERE id > 5", NULL, NULL, 0, &d,
			  &err),
		err);
	assert_int_equal(d.n_scans, 1);
	assert_int_equal(d.scans[0].n_columns, 2);
	bool has[3] = { false };
	for (size_t i = 0; i < 2; i++)
		has[d.scans[0].columns[i]] = true;
	assert_true(has[0] && has[2] && !has[1]);
	assert_string_equal(d.schema.fields[0].name, "n");
	assert_string_equal(d.engine_types[0], "VARCHAR");
	tr_engine_describe_clear(&d);
}

static void errors_of_an_input_pass_through_whole(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	int64_t rows;
	f->a.fail_at = 2;
	assert_false(run_all(f, "SELECT max(id) AS m FROM a", &rows, NULL, &err));
	assert_int_equal(err.kind, TR_ERR_DATA);
	assert_string_equal(err.what, "row 17 is not valid UTF-8");
	assert_string_equal(err.hint, "mend the row");
	assert_string_equal(err.place.row_key, "id=17");
	/* The engine is usable afterwards. */
	f->a.fail_at = 0;
	tr_err_clear(&err);
	assert_ok(run_all(f, "SELECT max(id) AS m FROM a", &rows, NULL, &err), err);
}

static void mistakes_are_shown_at_their_place(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *sql;
		int line, column;
		const char *hint;
	} cases[] = {
		{ "SELECT id,\n  'Grüße' AS g, usrName\nFROM a", 2, 19, "did you mean `userName`?" },
		{ "SELECT id,\n  'Grüße' AS g FROM FROM a", 2, 23, "" },
		{ "SELECT id FROM\n  aa", 2, 3, "" },
		{ "SELECT x.id FROM a x JOIN b y ON x.idd = y.id", 1, 34, "did you mean `id`?" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct tr_err err = { 0 };
		struct tr_engine_describe d;
		assert_false(tr_engine_prepare(f->e, cases[i].sql, "t.sql", NULL, 0, &d, &err));
		assert_int_equal(err.kind, TR_ERR_USER);
		if (err.place.line != cases[i].line || err.place.column != cases[i].column)
			fail_msg("%s: at %d:%d (%s)", cases[i].sql, err.place.line, err.place.column,
				err.what);
		if (cases[i].hint[0] && strcmp(err.hint, cases[i].hint) != 0)
			fail_msg("%s: %s (%s)", err.what, err.hint, err.detail);
		if (cases[i].hint[0])
			assert_string_equal(err.hint, cases[i].hint);
		assert_string_equal(err.place.file, "t.sql");
	}
}

static void parameters_are_typed_values(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	struct tr_engine_describe d;
	struct tr_engine_param params[] = {
		{ "tax_rate", { .kind = TR_DOUBLE }, "0.19" },
		{ "fee", { TR_DECIMAL, 10, 2 }, "1.50" },
		{ "unused", { .kind = TR_STRING }, NULL },
	};
	assert_ok(tr_engine_prepare(f->e, "SELECT id * (1 + $tax_rate) AS x, $fee AS f FROM a", NULL, params,
			  3, &d, &err),
		err);
	assert_int_equal(d.schema.fields[0].type.kind, TR_DOUBLE);
	assert_string_equal(d.engine_types[1], "DECIMAL(10,2)");
	assert_int_equal(d.n_scans, 1);
	tr_engine_describe_clear(&d);
	assert_false(tr_engine_prepare(f->e, "SELECT id * $taxrate AS x FROM a", NULL, params, 3, &d, &err));
	assert_string_equal(err.hint, "did you mean `$tax_rate`?");
	tr_err_clear(&err);
	params[0].value = "much";
	assert_false(tr_engine_prepare(f->e, "SELECT id * $tax_rate AS x FROM a", NULL, params, 3, &d, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_non_null(strstr(err.what, "`tax_rate`"));
}

static void a_loaded_input_gives_the_same_rows(void **state)
{
	struct fixture *f = *state;
	struct tr_err err = { 0 };
	int64_t rows, direct = -1, loaded = -1;
	const char *sql = "SELECT sum(hash(x.id, x.\"userName\") % 1000)::BIGINT AS h FROM a x JOIN b y ON "
			  "x.grp = y.id";
	assert_ok(run_all(f, sql, &rows, &direct, &err), err);
	int columns[] = { 2, 0, 1 };
	f->a.opens = 0;
	assert_ok(tr_engine_load_input(f->e, "a", columns, 3, &err), err);
	assert_int_equal(f->a.opens, 1);
	assert_int_equal(f->a.live, 0);
	assert_ok(run_all(f, sql, &rows, &loaded, &err), err);
	assert_int_equal(f->a.opens, 1);
	assert_int_equal(direct, loaded);
	struct tr_engine_describe d;
	assert_ok(tr_engine_prepare(f->e, sql, NULL, NULL, 0, &d, &err), err);
	assert_int_equal(d.n_scans, 1);
	assert_string_equal(d.scans[0].input, "b");
	tr_engine_describe_clear(&d);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_statement_runs_over_lazy_inputs),
		TEST(counting_rows_asks_for_no_column),
		TEST(described_scans_are_the_ones_that_a_run_opens),
		TEST(only_needed_columns_are_read),
		TEST(errors_of_an_input_pass_through_whole),
		TEST(mistakes_are_shown_at_their_place),
		TEST(parameters_are_typed_values),
		TEST(a_loaded_input_gives_the_same_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
