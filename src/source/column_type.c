#include "source/column_type.h"

#include <stdio.h>

struct mapping {
	uint32_t oid; /* fixed for built-in types: the server's pg_type.dat */
	enum tr_pgcopy_wire wire;
	enum tr_kind kind;
	const char *cast; /* in the COPY query, where the type's own bytes are not text; NULL: none */
};

static const struct mapping mappings[] = {
	{ 16, TR_PG_BOOL, TR_BOOL, NULL },
	{ 17, TR_PG_BYTEA, TR_BINARY, NULL },
	{ 18, TR_PG_TEXT, TR_STRING, "::text" }, /* "char": one byte of any value */
	{ 19, TR_PG_TEXT, TR_STRING, NULL },     /* name */
	{ 20, TR_PG_INT8, TR_INT64, NULL },
	{ 21, TR_PG_INT2, TR_INT16, NULL },
	{ 23, TR_PG_INT4, TR_INT32, NULL },
	{ 25, TR_PG_TEXT, TR_STRING, NULL },
	{ 26, TR_PG_OID, TR_INT64, NULL },
	{ 28, TR_PG_OID, TR_INT64, NULL }, /* xid: xidsend is oidsend */
	{ 114, TR_PG_JSON, TR_JSON, NULL },
	{ 700, TR_PG_FLOAT4, TR_FLOAT, NULL },
	{ 701, TR_PG_FLOAT8, TR_DOUBLE, NULL },
	{ 1042, TR_PG_TEXT, TR_STRING, NULL }, /* bpchar, with its padding */
	{ 1043, TR_PG_TEXT, TR_STRING, NULL },
	{ 1082, TR_PG_DATE, TR_DATE, NULL },
	{ 1083, TR_PG_TIME, TR_TIME, NULL },
	{ 1114, TR_PG_TIMESTAMP, TR_TIMESTAMP, NULL },
	{ 1184, TR_PG_TIMESTAMPTZ, TR_TIMESTAMPTZ, NULL },
	{ 1700, TR_PG_NUMERIC, TR_DECIMAL, NULL },
	{ 2950, TR_PG_UUID, TR_UUID, NULL },
	{ 3802, TR_PG_JSONB, TR_JSON, NULL },
};

#define NUMERIC_OID 1700

static const struct mapping *find_mapping(const struct tr_pg_type *type)
{
	static const struct mapping text = { 25, TR_PG_TEXT, TR_STRING, NULL };
	for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++)
		if (mappings[i].oid == type->oid)
			return &mappings[i];
	/* citext comes with an extension and has no fixed number; it sends text. */
	bool is_text = type->typtype == 'e' || (type->typtype == 'b' && strcmp(type->name, "citext") == 0);
	return is_text ? &text : NULL;
}

/* numeric(p,s) has its precision and scale in the typmod; the scale is 11 bits and signed
 * from Postgres 15 on, and at most 1000 before. */
static bool map_numeric(int typmod, struct tr_type *out)
{
	if (typmod < 4)
		return false;
	int precision = (typmod - 4) >> 16 & 0xFFFF;
	int scale = (((typmod - 4) & 0x7FF) ^ 1024) - 1024;
	if (scale < 0) { /* numeric(3,-2) holds whole hundreds of five digits */
		precision -= scale;
		scale = 0;
	} else if (scale > precision) { /* numeric(3,5) holds 0.00999 */
		precision = scale;
	}
	if (precision < 1 || precision > 38)
		return false;
	*out = (struct tr_type){ TR_DECIMAL, (uint8_t)precision, (uint8_t)scale };
	return true;
}

static char *select_expression(const char *name, const char *cast, struct tr_arena *arena, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, 1024);
	tr_str_add_ident(&s, name);
	tr_str_add(&s, cast ? cast : "");
	char *copy = tr_str_ok(&s, err) ? tr_arena_strndup(arena, s.ptr, s.len, err) : NULL;
	tr_str_clear(&s);
	return copy;
}

static char *explain_numeric(const struct tr_source_column *c, const struct tr_pg_type *type,
	const char *quoted, struct tr_arena *arena, struct tr_err *err)
{
	if (type->typmod >= 4)
		return tr_arena_printf(arena, err,
			"column `%s` is %s, and a decimal has at most 38 digits: cast it in "
			"a view (%s::numeric(38,s), %s::float8 or %s::text), or leave it out",
			c->name, c->pg_type, quoted, quoted, quoted);
	int before, behind;
	if (type->numeric_digits && sscanf(type->numeric_digits, "%d,%d", &before, &behind) == 2 &&
		before >= 0 && behind >= 0 && before + behind <= 34) {
		int spare = before + behind <= 14 ? 18 - before - behind : 38 - before - behind;
		int precision = before + behind + (spare < 4 ? spare : 4);
		return tr_arena_printf(arena, err,
			"column `%s` is numeric without a precision, so its values may have "
			"any number of digits: cast it in a view. The sample in pg_stats has at most %d "
			"digits before "
			"and %d behind the point: %s::numeric(%d,%d) would hold it (a cast rounds finer "
			"digits); "
			"%s::text keeps every value. Or leave it out",
			c->name, before, behind, quoted, precision < 1 ? 1 : precision, behind, quoted);
	}
	return tr_arena_printf(arena, err,
		"column `%s` is numeric without a precision, so its values may have any "
		"number of digits: cast it in a view (%s::numeric(p,s), %s::float8, or %s::text, which keeps "
		"every "
		"value), or leave it out",
		c->name, quoted, quoted, quoted);
}

bool tr_column_map(struct tr_source_column *c, const struct tr_pg_type *type, struct tr_arena *arena,
	struct tr_err *err)
{
	const struct mapping *m = find_mapping(type);
	c->select = select_expression(c->name, m ? m->cast : NULL, arena, err);
	if (!c->select)
		return false;
	bool numeric = type->oid == NUMERIC_OID;
	if (m && (!numeric || map_numeric(type->typmod, &c->type))) {
		c->wire = m->wire;
		if (!numeric)
			c->type = (struct tr_type){ .kind = m->kind };
		c->supported = true;
		return true;
	}
	c->supported = false;
	if (numeric)
		c->why = explain_numeric(c, type, c->select, arena, err);
	else
		c->why = tr_arena_printf(arena, err,
			"column `%s` has the type %s, which tailrace does not read yet: cast "
			"it in a view (%s::text), or leave it out",
			c->name, c->pg_type, c->select);
	return c->why != NULL;
}
