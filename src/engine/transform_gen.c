#include "engine/transform_gen.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

#include "data/name.h"
#include "tailrace/transform.h"

#define HEADER_MAX ((size_t)4 << 20)

extern const char tr_transform_abi_text[]; /* include/tailrace/transform.h, put in by the build */

const char *tr_transform_abi_header(void)
{
	return tr_transform_abi_text;
}

/* ---- C names and types ---- */

static bool is_keyword(const char *name)
{
	static const char *const keywords[] = { "alignas", "alignof", "asm", "auto", "bool", "break", "case",
		"char", "const", "constexpr", "continue", "default", "do", "double", "else", "enum", "errno",
		"extern", "false", "float", "for", "goto", "if", "inline", "int", "long", "nullptr",
		"register", "restrict", "return", "short", "signed", "sizeof", "static", "static_assert",
		"struct", "switch", "thread_local", "true", "typedef", "typeof", "typeof_unqual", "union",
		"unsigned", "void", "volatile", "while", "linux", "unix" };
	for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
		if (strcmp(name, keywords[i]) == 0)
			return true;
	return false;
}

/* C keeps `_X` and `__x` for itself, and a name in capitals may be a macro of any header. */
static bool is_reserved(const char *name)
{
	if (name[0] == '_' && (name[1] == '_' || isupper((unsigned char)name[1])))
		return true;
	bool capitals = false;
	for (const char *p = name; *p; p++) {
		if (islower((unsigned char)*p))
			return false;
		capitals |= isupper((unsigned char)*p) != 0;
	}
	return capitals;
}

/* What C allows as a name of its own; out has TR_NAME_MAX + 8 bytes. */
static void c_name(const char *name, char *out)
{
	snprintf(out, TR_NAME_MAX + 8, "%.*s%s", TR_NAME_MAX, name,
		is_keyword(name) || is_reserved(name) ? "_" : "");
}

void tr_transform_function_name(const char *dataset, char *out)
{
	c_name(dataset, out);
}

/* A field's C name: the column's own where C allows it. out has TR_NAME_MAX + 8 bytes. */
static void field_name(const char *column, char *out)
{
	char proposed[TR_NAME_MAX + 1];
	size_t len = strlen(column);
	bool plain = len > 0 && len <= TR_NAME_MAX && !isdigit((unsigned char)column[0]);
	for (size_t i = 0; i < len && plain; i++)
		plain = isascii((unsigned char)column[i]) &&
			(isalnum((unsigned char)column[i]) || column[i] == '_');
	if (!plain)
		tr_name_propose(column, proposed);
	c_name(plain ? column : proposed, out);
}

/* Is it the own name of a field? Without regard to case: the macros of the scales are in capitals. */
static bool is_taken(const struct tr_schema *s, const char *name)
{
	char other[TR_NAME_MAX + 8];
	for (size_t k = 0; k < s->n; k++) {
		field_name(s->fields[k].name, other);
		if (strcasecmp(other, name) == 0)
			return true;
	}
	return false;
}

/* The field's name in its struct: columns that fold together are told apart by a number,
 * one that makes no other column's name. */
void tr_transform_field_name(const struct tr_schema *s, size_t i, char *out)
{
	char own[TR_NAME_MAX + 8], other[TR_NAME_MAX + 8];
	size_t twins = 0;
	field_name(s->fields[i].name, own);
	for (size_t k = 0; k < i; k++) {
		field_name(s->fields[k].name, other);
		twins += strcasecmp(other, own) == 0;
	}
	snprintf(out, sizeof own, "%s", own);
	for (unsigned number = 2; twins > 0; number++) {
		snprintf(out, sizeof own + 12, "%s_%u", own, number);
		twins -= !is_taken(s, out);
	}
}

static const char *c_type(struct tr_type type, bool nullable)
{
	static const char *const names[][2] = {
		[TR_BOOL] = { "bool", "struct tr_nullable_bool" },
		[TR_INT16] = { "int16_t", "struct tr_nullable_int16" },
		[TR_INT32] = { "int32_t", "struct tr_nullable_int32" },
		[TR_INT64] = { "int64_t", "struct tr_nullable_int64" },
		[TR_FLOAT] = { "float", "struct tr_nullable_float" },
		[TR_DOUBLE] = { "double", "struct tr_nullable_double" },
		[TR_DECIMAL] = { "tr_int128", "struct tr_nullable_int128" },
		[TR_STRING] = { "struct tr_text", "struct tr_nullable_text" },
		[TR_BINARY] = { "struct tr_text", "struct tr_nullable_text" },
		[TR_DATE] = { "int32_t", "struct tr_nullable_int32" },
		[TR_TIMESTAMP] = { "int64_t", "struct tr_nullable_int64" },
		[TR_TIMESTAMPTZ] = { "int64_t", "struct tr_nullable_int64" },
		[TR_TIME] = { "int64_t", "struct tr_nullable_int64" },
		[TR_UUID] = { "struct tr_uuid", "struct tr_nullable_uuid" },
		[TR_JSON] = { "struct tr_text", "struct tr_nullable_text" },
	};
	if (type.kind == TR_DECIMAL && type.precision <= 18)
		return names[TR_INT64][nullable];
	return names[type.kind][nullable];
}

/* What the number means, where the C type does not say it. */
static const char *unit(struct tr_type type)
{
	switch (type.kind) {
	case TR_DATE: return ", days since 1970-01-01";
	case TR_TIMESTAMP: return ", microseconds since 1970-01-01";
	case TR_TIMESTAMPTZ: return ", microseconds since 1970-01-01 UTC";
	case TR_TIME: return ", microseconds since midnight";
	case TR_DECIMAL: return ", unscaled units";
	default: return "";
	}
}

/* A comment's text can't end the comment, nor seem to begin one. */
static void add_comment_text(struct tr_str *s, const char *text)
{
	for (const char *p = text; *p; p++) {
		bool mark = (p[0] == '*' && p[1] == '/') || (p[0] == '/' && p[1] == '*');
		tr_str_addc(s, *p == '\n' ? ' ' : *p);
		if (mark)
			tr_str_addc(s, ' ');
	}
}

static void add_struct(struct tr_str *s, const char *name, const char *prefix, const struct tr_schema *schema,
	const char *const *source_types, const char *about)
{
	char field[TR_NAME_MAX + 32], upper[TR_NAME_MAX + 32], type[TR_TYPE_TEXT];
	tr_str_add(s, "\n/* ");
	add_comment_text(s, about);
	tr_str_addf(s, " */\nstruct %s {\n", name);
	for (size_t i = 0; i < schema->n; i++) {
		const struct tr_field *f = &schema->fields[i];
		tr_transform_field_name(schema, i, field);
		tr_str_addf(s, "\t%s %s; /* ", c_type(f->type, f->nullable), field);
		if (strcmp(field, f->name) != 0) {
			tr_str_addc(s, '"');
			add_comment_text(s, f->name);
			tr_str_add(s, "\": ");
		}
		add_comment_text(s, source_types ? source_types[i] : tr_type_format(f->type, type));
		tr_str_addf(s, "%s%s", f->nullable ? "" : " NOT NULL", unit(f->type));
		if (f->doc) {
			tr_str_add(s, "; ");
			add_comment_text(s, f->doc);
		}
		tr_str_add(s, " */\n");
	}
	if (schema->n == 0)
		tr_str_add(s, "\tchar unused;\n");
	tr_str_add(s, "};\n");
	for (size_t i = 0; i < schema->n; i++) {
		if (schema->fields[i].type.kind != TR_DECIMAL)
			continue;
		tr_transform_field_name(schema, i, field);
		snprintf(upper, sizeof upper, "%s", field);
		for (char *p = upper; *p; p++)
			*p = (char)toupper((unsigned char)*p);
		tr_str_addf(s, "#define %s_%s_SCALE %u\n", prefix, upper, schema->fields[i].type.scale);
	}
}

/* ---- the glue part of the header ---- */

static void add_fields(struct tr_str *s, const char *name, const struct tr_schema *schema)
{
	char field[TR_NAME_MAX + 32];
	for (size_t i = 0; i < schema->n; i++) {
		tr_transform_field_name(schema, i, field);
		tr_str_addf(s, "\t{ offsetof(struct %s, %s), sizeof((struct %s *)0)->%s },\n", name, field,
			name, field);
	}
}

static void add_c_string(struct tr_str *s, const char *text)
{
	tr_str_add(s, "\t\"");
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '\n')
			tr_str_add(s, p[1] ? "\\n\"\n\t\"" : "\\n");
		else if (c == '"' || c == '\\')
			tr_str_addf(s, "\\%c", c);
		else if (c < 32 || c > 126)
			tr_str_addf(s, "\\%03o", c);
		else
			tr_str_addc(s, (char)c);
	}
	tr_str_addc(s, '"');
}

static void param_schema(const struct tr_transform_spec *spec, struct tr_schema *out, struct tr_err *err)
{
	tr_schema_init(out);
	for (size_t i = 0; i < spec->n_params; i++)
		if (!tr_schema_add(out, spec->params[i].name, spec->params[i].type,
			    spec->params[i].value == NULL, NULL, err))
			return;
}

static void add_glue(struct tr_str *s, const struct tr_transform_spec *spec, const struct tr_schema *params,
	const char *description)
{
	const char *d = spec->dataset;
	char name[TR_NAME_MAX + 16], fingerprint[TR_FINGERPRINT_TEXT];
	tr_transform_fingerprint(description, fingerprint);
	tr_str_add(s, "\n#ifdef TAILRACE_GLUE /* for the unit that `tailrace build` compiles */\n");
	tr_str_add(s, "static const uint32_t tr_glue_side_sizes[] = {");
	for (size_t i = 0; i < spec->n_inputs; i++)
		tr_str_addf(s, " sizeof(struct in_%s),", spec->inputs[i].alias);
	tr_str_add(s, " };\nstatic const uint32_t tr_glue_side_fields[] = {");
	for (size_t i = 0; i < spec->n_inputs; i++)
		tr_str_addf(s, " %zu,", spec->inputs[i].schema->n);
	tr_str_add(s, " };\nstatic const struct tr_transform_field tr_glue_sides[] = {\n");
	for (size_t i = 0; i < spec->n_inputs; i++) {
		snprintf(name, sizeof name, "in_%s", spec->inputs[i].alias);
		add_fields(s, name, spec->inputs[i].schema);
	}
	tr_str_add(s, "\t{ 0, 0 } };\nstatic const struct tr_transform_field tr_glue_params[] = {\n");
	snprintf(name, sizeof name, "%s_params", d);
	add_fields(s, name, params);
	tr_str_add(s, "\t{ 0, 0 } };\nstatic const struct tr_transform_field tr_glue_out[] = {\n");
	snprintf(name, sizeof name, "out_%s", d);
	add_fields(s, name, spec->out);
	tr_str_add(s,
		"\t{ 0, 0 } };\n\nstatic enum tr_verdict tr_glue_call(const void *const *tr_sides, "
		"const void *tr_params, void *tr_out, struct tr_ctx *tr_ctx)\n{\n");
	c_name(d, name);
	tr_str_addf(s, "\treturn %s(", name);
	for (size_t i = 0; i < spec->n_inputs; i++)
		tr_str_addf(s, "tr_sides[%zu], ", i);
	tr_str_add(s, "tr_params, tr_out, tr_ctx);\n}\n\n");
	tr_str_addf(s,
		"static const struct tr_transform_descriptor tr_glue_descriptor = {\n"
		"\t.abi = TAILRACE_TRANSFORM_ABI,\n\t.n_sides = %zu, .n_params = %zu, .n_out = %zu,\n"
		"\t.dataset = \"%s\",\n\t.fingerprint = \"%s\",\n\t.description =\n",
		spec->n_inputs, params->n, spec->out->n, d, fingerprint);
	add_c_string(s, description);
	tr_str_addf(s,
		",\n\t.side_sizes = tr_glue_side_sizes, .side_fields = tr_glue_side_fields, .sides = tr_glue_sides,\n"
		"\t.params = tr_glue_params, .out = tr_glue_out,\n"
		"\t.params_size = sizeof(struct %s_params), .out_size = sizeof(struct out_%s),\n"
		"\t.call = tr_glue_call,\n};\n#endif\n",
		d, d);
}

/* ---- the header ---- */

static void add_prototype(struct tr_str *s, const struct tr_transform_spec *spec)
{
	static const char *const own[] = { "params", "out", "ctx" };
	char alias[TR_NAME_MAX + 12], function[TR_NAME_MAX + 8];
	c_name(spec->dataset, function);
	tr_str_addf(s,
		"\n/* Write this function: one call a row, one at a time. `out` starts zeroed (all null).\n"
		" * Return TR_EMIT, TR_SKIP, or tr_fail(ctx, \"...\").%s */\nenum tr_verdict %s(",
		spec->n_inputs && spec->inputs[0].may_miss ? " A side that the outer join misses is NULL."
							   : "",
		function);
	for (size_t i = 0; i < spec->n_inputs; i++) {
		field_name(spec->inputs[i].alias, alias);
		for (size_t k = 0; k < sizeof own / sizeof own[0]; k++)
			if (strcmp(alias, own[k]) == 0)
				strcat(alias, "_");
		tr_str_addf(s, "const struct in_%s *%s,%s", spec->inputs[i].alias, alias,
			i + 1 < spec->n_inputs ? " " : "");
	}
	tr_str_addf(s, "\n\tconst struct %s_params *params, struct out_%s *out, struct tr_ctx *ctx);\n",
		spec->dataset, spec->dataset);
}

static void upper_text(const char *text, char *out, size_t size)
{
	snprintf(out, size, "%s", text);
	for (char *p = out; *p; p++)
		*p = (char)toupper((unsigned char)*p);
}

char *tr_transform_header(const struct tr_transform_spec *spec, struct tr_err *err)
{
	struct tr_str s;
	struct tr_schema params;
	char name[TR_NAME_MAX + 16], upper[TR_NAME_MAX + 16], prefix[TR_NAME_MAX + 16], about[512];
	tr_str_init(&s, HEADER_MAX);
	param_schema(spec, &params, err);
	char *description = tr_transform_description(spec, err), *text = NULL;
	if (!description || err->kind != TR_ERR_NONE)
		goto out;
	upper_text(spec->dataset, upper, sizeof upper);
	tr_str_addf(&s,
		"/* Written by `tailrace gen` from the live schema: run it again after a change, do not edit. */\n"
		"#ifndef TAILRACE_GEN_%s_H\n#define TAILRACE_GEN_%s_H\n\n#include \"tailrace/transform.h\"\n",
		upper, upper);
	for (size_t i = 0; i < spec->n_inputs; i++) {
		snprintf(name, sizeof name, "in_%s", spec->inputs[i].alias);
		upper_text(name, prefix, sizeof prefix);
		snprintf(about, sizeof about, "%s", spec->inputs[i].relation);
		add_struct(&s, name, prefix, spec->inputs[i].schema, spec->inputs[i].source_types, about);
	}
	snprintf(name, sizeof name, "%s_params", spec->dataset);
	upper_text(name, prefix, sizeof prefix);
	add_struct(&s, name, prefix, &params, NULL, "params: of tailrace.yaml");
	snprintf(name, sizeof name, "out_%s", spec->dataset);
	upper_text(name, prefix, sizeof prefix);
	add_struct(&s, name, prefix, spec->out, NULL, "a published row: the contract");
	add_prototype(&s, spec);
	add_glue(&s, spec, &params, description);
	tr_str_add(&s, "\n#endif\n");
	text = tr_str_take(&s, err);
out:
	free(description);
	tr_schema_clear(&params);
	tr_str_clear(&s);
	return text;
}

char *tr_transform_glue(const char *dataset, struct tr_err *err)
{
	struct tr_str s;
	char upper[TR_NAME_MAX + 16];
	upper_text(dataset, upper, sizeof upper);
	tr_str_init(&s, HEADER_MAX);
	tr_str_addf(&s,
		"#ifndef TAILRACE_GEN_%s_H\n#error \"the file must include gen/%s.h\"\n#else\n"
		"__attribute__((visibility(\"default\"))) const struct tr_transform_descriptor *tailrace_transform(void);\n"
		"const struct tr_transform_descriptor *tailrace_transform(void)\n{\n\treturn &tr_glue_descriptor;\n}\n#endif\n",
		upper, dataset);
	char *text = tr_str_take(&s, err);
	tr_str_clear(&s);
	return text;
}

/* ---- description, fingerprint, difference ---- */

static void describe_schema(struct tr_str *s, const char *prefix, const struct tr_schema *schema)
{
	char type[TR_TYPE_TEXT];
	for (size_t i = 0; i < schema->n; i++)
		tr_str_addf(s, "%s.%s: %s%s\n", prefix, schema->fields[i].name,
			tr_type_format(schema->fields[i].type, type),
			schema->fields[i].nullable ? "" : " not null");
}

char *tr_transform_description(const struct tr_transform_spec *spec, struct tr_err *err)
{
	struct tr_str s;
	struct tr_schema params;
	tr_str_init(&s, HEADER_MAX);
	param_schema(spec, &params, err);
	for (size_t i = 0; i < spec->n_inputs; i++) {
		const struct tr_transform_input *in = &spec->inputs[i];
		tr_str_addf(&s, "%s: %s%s\n", in->alias, in->relation,
			in->may_miss ? ", may be missing" : "");
		describe_schema(&s, in->alias, in->schema);
	}
	describe_schema(&s, "params", &params);
	describe_schema(&s, "out", spec->out);
	tr_schema_clear(&params);
	char *text = err->kind == TR_ERR_NONE ? tr_str_take(&s, err) : NULL;
	tr_str_clear(&s);
	return text;
}

void tr_transform_fingerprint(const char *description, char out[TR_FINGERPRINT_TEXT])
{
	snprintf(out, TR_FINGERPRINT_TEXT, "%016llx",
		(unsigned long long)XXH3_64bits(description, strlen(description)));
}

/* The rest of the line `name: rest` in a description, and its length; NULL if it has none. */
static const char *find_line(const char *description, const char *name, size_t name_len, size_t *len)
{
	for (const char *line = description; *line;) {
		size_t n = strcspn(line, "\n");
		if (n > name_len + 1 && strncmp(line, name, name_len) == 0 &&
			strncmp(line + name_len, ": ", 2) == 0) {
			*len = n - name_len - 2;
			return line + name_len + 2;
		}
		line += n + (line[n] == '\n');
	}
	return NULL;
}

char *tr_transform_difference(const char *before, const char *now, struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, HEADER_MAX);
	for (int pass = 0; pass < 2; pass++) {
		const char *from = pass ? now : before, *other = pass ? before : now;
		for (const char *line = from; *line;) {
			size_t n = strcspn(line, "\n"), name = n, len = 0;
			for (size_t i = 0; i + 1 < n && name == n; i++)
				if (line[i] == ':' && line[i + 1] == ' ')
					name = i;
			const char *rest = line + (name + 2 < n ? name + 2 : n);
			size_t rest_len = (size_t)(line + n - rest);
			const char *match = find_line(other, line, name, &len);
			if (!match)
				tr_str_addf(&s, "%c %.*s (%s)\n", pass ? '+' : '-', (int)n, line,
					pass ? "new" : "gone");
			else if (!pass && (len != rest_len || strncmp(match, rest, len) != 0))
				tr_str_addf(&s, "~ %.*s: was %.*s, is %.*s\n", (int)name, line, (int)rest_len,
					rest, (int)len, match);
			line += n + (line[n] == '\n');
		}
	}
	char *text = tr_str_take(&s, err);
	tr_str_clear(&s);
	return text;
}
