#include "engine/embedded_read.h"

#include <stdlib.h>

#include "data/datetime.h"
#include "data/decimal.h"
#include "engine/embedded_types.h"

static bool is_valid(const uint64_t *validity, idx_t i)
{
	return !validity || (validity[i / 64] >> (i % 64) & 1);
}

#define READER(name)                                                                                 \
	static bool name(const struct tr_engine_read *r, const void *data, const uint64_t *validity, \
		idx_t start, idx_t n, struct tr_column *out, struct tr_err *err)

/* Same layout on both sides. */
READER(read_same)
{
	(void)validity;
	(void)err;
	memcpy(out->data + (size_t)out->n * r->width, (const uint8_t *)data + start * r->width, n * r->width);
	return true;
}

READER(read_bool)
{
	(void)r;
	(void)err;
	const uint8_t *in = data;
	for (idx_t i = 0; i < n; i++) {
		if (is_valid(validity, start + i) && in[start + i])
			tr_bit_set(out->data, out->n + (int64_t)i);
		else
			tr_bit_unset(out->data, out->n + (int64_t)i);
	}
	return true;
}

/* A wider number on our side. */
#define READ_WIDER(name, from, to)                                \
	READER(name)                                              \
	{                                                         \
		(void)r;                                          \
		(void)err;                                        \
		(void)validity;                                   \
		const from *in = data;                            \
		to *to_values = (to *)(void *)out->data + out->n; \
		for (idx_t i = 0; i < n; i++)                     \
			to_values[i] = (to)in[start + i];         \
		return true;                                      \
	}
READ_WIDER(read_i8, int8_t, int16_t)
READ_WIDER(read_u8, uint8_t, int16_t)
READ_WIDER(read_u16, uint16_t, int32_t)
READ_WIDER(read_u32, uint32_t, int64_t)
READ_WIDER(read_decimal_2, int16_t, tr_i128)
READ_WIDER(read_decimal_4, int32_t, tr_i128)
READ_WIDER(read_decimal_8, int64_t, tr_i128)
READ_WIDER(read_u64, uint64_t, tr_i128)

READER(read_hugeint)
{
	const duckdb_hugeint *in = data; /* aligned to 8 bytes only */
	tr_i128 *to = (tr_i128 *)(void *)out->data + out->n;
	for (idx_t i = 0; i < n; i++) {
		memcpy(&to[i], &in[start + i], sizeof to[i]);
		if (is_valid(validity, start + i) && !tr_decimal_fits(to[i], 38)) {
			tr_err_set(err, TR_ERR_DATA,
				"a value of the result's column `%s` has more than 38 digits", r->name);
			return tr_err_hint(err,
				"narrow it in the SQL: CAST(... AS BIGINT) or CAST(... AS DOUBLE)");
		}
	}
	return true;
}

static bool infinite(const struct tr_engine_read *r, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_DATA, "the result's column `%s` holds an infinite date or time", r->name);
	return tr_err_hint(err, "replace it in the SQL: CASE WHEN isfinite(x) THEN x END");
}

READER(read_date)
{
	const int32_t *in = data;
	int32_t *to = (int32_t *)(void *)out->data + out->n;
	for (idx_t i = 0; i < n; i++) {
		to[i] = in[start + i];
		if (!tr_date_is_finite(to[i]) && is_valid(validity, start + i))
			return infinite(r, err);
	}
	return true;
}

READER(read_timestamp)
{
	const int64_t *in = data;
	int64_t *to = (int64_t *)(void *)out->data + out->n;
	for (idx_t i = 0; i < n; i++) {
		to[i] = in[start + i];
		if (!tr_timestamp_is_finite(to[i]) && is_valid(validity, start + i))
			return infinite(r, err);
	}
	return true;
}

READER(read_coarse_timestamp)
{
	const int64_t *in = data;
	int64_t *to = (int64_t *)(void *)out->data + out->n;
	for (idx_t i = 0; i < n; i++) {
		int64_t x = in[start + i];
		to[i] = 0;
		if (!is_valid(validity, start + i))
			continue;
		if (x == INT64_MAX || x == -INT64_MAX)
			return infinite(r, err);
		if (__builtin_mul_overflow(x, r->factor, &to[i]))
			return tr_err_set(err, TR_ERR_DATA,
				"a value of the result's column `%s` is too far away "
				"for microseconds",
				r->name);
	}
	return true;
}

READER(read_uuid)
{
	(void)r;
	(void)err;
	(void)validity;
	const duckdb_hugeint *in = data;
	uint8_t *to = out->data + (size_t)out->n * 16;
	for (idx_t i = 0; i < n; i++, to += 16) {
		uint64_t high = __builtin_bswap64((uint64_t)in[start + i].upper ^ UINT64_C(1) << 63);
		uint64_t low = __builtin_bswap64(in[start + i].lower);
		memcpy(to, &high, 8);
		memcpy(to + 8, &low, 8);
	}
	return true;
}

READER(read_bytes)
{
	(void)r;
	const duckdb_string_t *in = (const duckdb_string_t *)data + start;
	size_t total = 0;
	for (idx_t i = 0; i < n; i++)
		total += is_valid(validity, start + i) ? in[i].value.inlined.length : 0;
	/* Room behind the last one: a short text is copied with all 12 bytes of its place, which
	 * is one move instead of a call. */
	if (!tr_column_reserve_bytes(out, total + sizeof in->value.inlined.inlined, err))
		return false;
	int32_t *offsets = out->offsets + out->n;
	uint8_t *to = out->data + out->bytes;
	for (idx_t i = 0; i < n; i++) {
		if (is_valid(validity, start + i)) {
			uint32_t len = in[i].value.inlined.length;
			if (len <= sizeof in[i].value.inlined.inlined)
				memcpy(to, in[i].value.inlined.inlined, sizeof in[i].value.inlined.inlined);
			else
				memcpy(to, in[i].value.pointer.ptr, len);
			to += len;
		}
		offsets[i + 1] = (int32_t)(to - out->data);
	}
	out->bytes = (size_t)(to - out->data);
	return true;
}

static uint32_t enum_index(const void *data, uint32_t width, idx_t i)
{
	if (width == 1)
		return ((const uint8_t *)data)[i];
	return width == 2 ? ((const uint16_t *)data)[i] : ((const uint32_t *)data)[i];
}

READER(read_enum)
{
	int32_t *offsets = out->offsets + out->n;
	for (idx_t i = 0; i < n; i++) {
		if (is_valid(validity, start + i)) {
			uint32_t index = enum_index(data, r->width, start + i);
			if (index >= r->n_words)
				return tr_err_set(err, TR_ERR_INTERNAL, "an unknown word in the column `%s`",
					r->name);
			size_t len = strlen(r->words[index]);
			if (!tr_column_reserve_bytes(out, len, err))
				return false;
			if (len)
				memcpy(out->data + out->bytes, r->words[index], len);
			out->bytes += len;
		}
		offsets[i + 1] = (int32_t)out->bytes;
	}
	return true;
}

static bool init_enum(struct tr_engine_read *r, duckdb_logical_type type, struct tr_err *err)
{
	duckdb_type id = duckdb_enum_internal_type(type);
	r->width = id == DUCKDB_TYPE_UTINYINT ? 1 : id == DUCKDB_TYPE_USMALLINT ? 2 : 4;
	uint32_t n = duckdb_enum_dictionary_size(type);
	r->words = tr_calloc(n ? n : 1, sizeof *r->words, err);
	if (!r->words)
		return false;
	for (; r->n_words < n; r->n_words++) {
		char *word = duckdb_enum_dictionary_value(type, r->n_words);
		r->words[r->n_words] = tr_strdup(word ? word : "", err);
		duckdb_free(word);
		if (!r->words[r->n_words])
			return false;
	}
	r->values = read_enum;
	return true;
}

static void bind_decimal(struct tr_engine_read *r, duckdb_logical_type type)
{
	switch (duckdb_decimal_internal_type(type)) {
	case DUCKDB_TYPE_SMALLINT: r->values = read_decimal_2; break;
	case DUCKDB_TYPE_INTEGER: r->values = read_decimal_4; break;
	case DUCKDB_TYPE_BIGINT: r->values = read_decimal_8; break;
	default: r->values = read_same; r->width = 16;
	}
}

bool tr_engine_read_init(struct tr_engine_read *r, duckdb_logical_type type, const char *name,
	struct tr_err *err)
{
	static const struct {
		duckdb_type id;
		bool (*values)(const struct tr_engine_read *, const void *, const uint64_t *, idx_t, idx_t,
			struct tr_column *, struct tr_err *);
		uint32_t width;
		int64_t factor;
	} readers[] = {
		{ DUCKDB_TYPE_BOOLEAN, read_bool, 1, 0 },
		{ DUCKDB_TYPE_TINYINT, read_i8, 1, 0 },
		{ DUCKDB_TYPE_SMALLINT, read_same, 2, 0 },
		{ DUCKDB_TYPE_INTEGER, read_same, 4, 0 },
		{ DUCKDB_TYPE_BIGINT, read_same, 8, 0 },
		{ DUCKDB_TYPE_UTINYINT, read_u8, 1, 0 },
		{ DUCKDB_TYPE_USMALLINT, read_u16, 2, 0 },
		{ DUCKDB_TYPE_UINTEGER, read_u32, 4, 0 },
		{ DUCKDB_TYPE_UBIGINT, read_u64, 8, 0 },
		{ DUCKDB_TYPE_HUGEINT, read_hugeint, 16, 0 },
		{ DUCKDB_TYPE_FLOAT, read_same, 4, 0 },
		{ DUCKDB_TYPE_DOUBLE, read_same, 8, 0 },
		{ DUCKDB_TYPE_VARCHAR, read_bytes, 16, 0 },
		{ DUCKDB_TYPE_BLOB, read_bytes, 16, 0 },
		{ DUCKDB_TYPE_DATE, read_date, 4, 0 },
		{ DUCKDB_TYPE_TIME, read_same, 8, 0 },
		{ DUCKDB_TYPE_TIMESTAMP, read_timestamp, 8, 0 },
		{ DUCKDB_TYPE_TIMESTAMP_TZ, read_timestamp, 8, 0 },
		{ DUCKDB_TYPE_TIMESTAMP_S, read_coarse_timestamp, 8, 1000000 },
		{ DUCKDB_TYPE_TIMESTAMP_MS, read_coarse_timestamp, 8, 1000 },
		{ DUCKDB_TYPE_UUID, read_uuid, 16, 0 },
	};
	*r = (struct tr_engine_read){ .name = name };
	duckdb_type id = duckdb_get_type_id(type);
	if (id == DUCKDB_TYPE_ENUM)
		return init_enum(r, type, err);
	if (id == DUCKDB_TYPE_DECIMAL) {
		bind_decimal(r, type);
		return true;
	}
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		if (readers[i].id == id) {
			r->values = readers[i].values;
			r->width = readers[i].width;
			r->factor = readers[i].factor;
			return true;
		}
	}
	struct tr_type unused;
	return tr_engine_type_read(type, name, &unused, err);
}

void tr_engine_read_clear(struct tr_engine_read *r)
{
	for (uint32_t i = 0; i < r->n_words; i++)
		free(r->words[i]);
	free(r->words);
	*r = (struct tr_engine_read){ 0 };
}

static bool append_nulls(struct tr_column *out, const uint64_t *validity, idx_t start, idx_t n,
	struct tr_err *err)
{
	for (idx_t i = 0; i < n; i++) {
		idx_t bit = start + i;
		if (bit % 64 == 0 && n - i >= 64 && validity[bit / 64] == UINT64_MAX) {
			i += 63;
			continue;
		}
		if (!is_valid(validity, bit) && !tr_column_set_null(out, out->n + (int64_t)i, err))
			return false;
	}
	return true;
}

bool tr_engine_read_rows(const struct tr_engine_read *r, duckdb_vector vector, idx_t start, idx_t n,
	struct tr_column *out, struct tr_err *err)
{
	const uint64_t *validity = duckdb_vector_get_validity(vector);
	if (!tr_column_reserve(out, (int64_t)n, err))
		return false;
	if (!r->values(r, duckdb_vector_get_data(vector), validity, start, n, out, err))
		return false;
	if (validity && !append_nulls(out, validity, start, n, err))
		return false;
	out->n += (int64_t)n;
	return true;
}
