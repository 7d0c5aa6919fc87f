#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/name.h"
#include "data/value.h"
#include "engine/transform.h"
#include "engine/transform_gen.h"
#include "remove_folder.h"

/* A project in a folder of its own: orders joined with users, as `tailrace gen` would see it. */
struct project {
	char folder[64], path[128], cache[128];
	struct tr_schema orders, users, out;
	struct tr_transform_input inputs[2];
	struct tr_transform_param params[3];
	struct tr_transform_spec spec;
	struct tr_transform_build build;
};

static void add(struct tr_schema *s, const char *name, struct tr_type type, bool nullable)
{
	struct tr_err err = { 0 };
	assert_ok(tr_schema_add(s, name, type, nullable, NULL, &err), err);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void write_header(struct project *p)
{
	struct tr_err err = { 0 };
	char path[256];
	snprintf(path, sizeof path, "%s/gen", p->folder);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/gen/tailrace", p->folder);
	mkdir(path, 0755);
	snprintf(path, sizeof path, "%s/gen/tailrace/transform.h", p->folder);
	write_text(path, tr_transform_abi_header());
	snprintf(path, sizeof path, "%s/gen/enriched.h", p->folder);
	char *text = tr_transform_header(&p->spec, &err);
	assert_non_null(text);
	write_text(path, text);
	free(text);
}

static int setup(void **state)
{
	static const char *const orders_types[] = { "integer", "integer", "numeric(10,2)", "text",
		"boolean" };
	static const char *const users_types[] = { "integer", "text" };
	struct project *p = calloc(1, sizeof *p);
	strcpy(p->folder, "/tmp/tr-transform-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof p->path, "%s/enriched.c", p->folder);
	snprintf(p->cache, sizeof p->cache, "%s/cache", p->folder);
	add(&p->orders, "order_id", (struct tr_type){ .kind = TR_INT32 }, false);
	add(&p->orders, "user_id", (struct tr_type){ .kind = TR_INT32 }, true);
	add(&p->orders, "amount", (struct tr_type){ TR_DECIMAL, 10, 2 }, false);
	add(&p->orders, "int", (struct tr_type){ .kind = TR_STRING }, true); /* a keyword */
	add(&p->orders, "Paid By", (struct tr_type){ .kind = TR_BOOL }, true);
	add(&p->users, "user_id", (struct tr_type){ .kind = TR_INT32 }, false);
	add(&p->users, "name", (struct tr_type){ .kind = TR_STRING }, false);
	add(&p->out, "order_id", (struct tr_type){ .kind = TR_INT32 }, false);
	add(&p->out, "label", (struct tr_type){ .kind = TR_STRING }, false);
	add(&p->out, "total", (struct tr_type){ TR_DECIMAL, 38, 2 }, true);
	add(&p->out, "paid", (struct tr_type){ .kind = TR_BOOL }, true);
	p->inputs[0] = (struct tr_transform_input){ "o", "public.orders", &p->orders, orders_types, true };
	p->inputs[1] = (struct tr_transform_input){ "u", "public.users", &p->users, users_types, true };
	p->params[0] = (struct tr_transform_param){ "factor", { .kind = TR_INT32 }, "3" };
	p->params[1] = (struct tr_transform_param){ "rate", { .kind = TR_DOUBLE }, "0.5" };
	p->params[2] = (struct tr_transform_param){ "prefix", { .kind = TR_STRING }, "n: " };
	p->spec = (struct tr_transform_spec){ .dataset = "enriched",
		.source_path = p->path,
		.inputs = p->inputs,
		.n_inputs = 2,
		.params = p->params,
		.n_params = 3,
		.out = &p->out };
	p->build = (struct tr_transform_build){ .cache_dir = p->cache, .project_dir = p->folder };
	write_header(p);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct project *p = *state;
	remove_folder(p->folder);
	tr_schema_clear(&p->orders);
	tr_schema_clear(&p->users);
	tr_schema_clear(&p->out);
	free(p);
	return 0;
}

/* The joined rows: presence and columns of each side; row 1 misses its user, row 2 is skipped. */
struct joined {
	int left;
};

static bool joined_next(void *self, struct ArrowArray *out, struct tr_err *err)
{
	struct joined *j = self;
	static const enum tr_kind kinds[] = { TR_BOOL, TR_INT32, TR_INT32, TR_DECIMAL, TR_STRING, TR_BOOL,
		TR_BOOL, TR_INT32, TR_STRING };
	struct tr_column c[9];
	if (j->left-- <= 0)
		return true;
	for (int i = 0; i < 9; i++)
		tr_column_init(&c[i],
			kinds[i] == TR_DECIMAL ? (struct tr_type){ TR_DECIMAL, 10, 2 }
					       : (struct tr_type){ .kind = kinds[i] });
	for (int32_t row = 0; row < 3; row++) {
		const tr_i128 amount = row * 100 - 5;
		bool ok = tr_column_add_bool(&c[0], true, err) && tr_column_add_fixed(&c[1], &row, err) &&
			tr_column_add_fixed(&c[2], &row, err) && tr_column_add_fixed(&c[3], &amount, err) &&
			(row == 1 ? tr_column_add_null(&c[4], err)
				  : tr_column_add_bytes(&c[4], "note", 4, err)) &&
			tr_column_add_bool(&c[5], row == 0, err);
		for (int i = 6; ok && row == 1 && i < 9; i++)
			ok = tr_column_add_null(&c[i], err);
		if (row != 1)
			ok = ok && tr_column_add_bool(&c[6], true, err) &&
				tr_column_add_fixed(&c[7], &row, err) &&
				tr_column_add_bytes(&c[8], "Zo\xC3\xAB", 4, err);
		assert_true(ok);
	}
	return tr_batch_take(c, 9, 3, out, err);
}

static void joined_free(void *self)
{
	free(self);
}

static void joined_stream(const struct project *p, int batches, struct ArrowArrayStream *out)
{
	static const struct tr_stream_ops ops = { joined_next, joined_free };
	struct tr_schema s;
	struct tr_err err = { 0 };
	tr_schema_init(&s);
	for (int side = 0; side < 2; side++) {
		char name[64];
		add(&s, p->inputs[side].alias, (struct tr_type){ .kind = TR_BOOL }, true);
		for (size_t i = 0; i < p->inputs[side].schema->n; i++) {
			const struct tr_field *f = &p->inputs[side].schema->fields[i];
			snprintf(name, sizeof name, "%s.%s", p->inputs[side].alias, f->name);
			add(&s, name, f->type, true);
		}
	}
	struct joined *j = calloc(1, sizeof *j);
	j->left = batches;
	assert_ok(tr_stream_init(out, &s, &ops, j, &err), err);
	tr_schema_clear(&s);
}

static bool load(struct project *p, const char *source, struct tr_transform **t, struct tr_err *err)
{
	write_text(p->path, source);
	memset(err, 0, sizeof *err);
	return tr_transform_load(&p->spec, &p->build, t, err);
}

#define HEAD                                                                     \
	"#include \"gen/enriched.h\"\n"                                          \
	"enum tr_verdict enriched(const struct in_o *o, const struct in_u *u,\n" \
	"\tconst struct enriched_params *params, struct out_enriched *out, struct tr_ctx *ctx)\n{\n"

static const char good[] = HEAD
	"\t(void)ctx;\n"
	"\tif (o->order_id == 2)\n\t\treturn TR_SKIP;\n"
	"\tout->order_id = o->order_id * params->factor;\n"
	"\tout->label = u ? tr_text_printf(ctx, \"%s%.*s\", params->prefix.ptr, (int)u->name.len, u->name.ptr)\n"
	"\t\t: (struct tr_text){ \"nobody\", 6 };\n"
	"\tif (o->int_.valid)\n\t\tout->total = (struct tr_nullable_int128){ (tr_int128)o->amount * 2, true };\n"
	"\tout->paid = o->paid_by;\n"
	"\treturn TR_EMIT;\n}\n";

static void rows_go_through_the_function_with_missing_sides_nulls_and_new_text(void **state)
{
	struct project *p = *state;
	struct tr_transform *t = NULL;
	struct tr_err err;
	assert_ok(load(p, good, &t, &err), err);
	struct ArrowArrayStream in, out;
	struct ArrowArray batch = { 0 };
	joined_stream(p, 2, &in);
	assert_ok(tr_transform_apply(t, &in, NULL, 0, &out, &err), err);
	const char *expected[] = { "0 n: Zo\xC3\xAB -0.10 true ", "3 nobody null false " };
	for (int n = 0; n < 2; n++) {
		assert_ok(tr_stream_next(&out, &batch, &err), err);
		assert_int_equal(batch.length, 2);
		for (int64_t row = 0; row < 2; row++) {
			struct tr_str text;
			tr_str_init(&text, 1000);
			for (size_t i = 0; i < p->out.n; i++) {
				struct tr_view v;
				tr_view_init(&v, &batch, i, p->out.fields[i].type);
				tr_value_format(&v, p->out.fields[i].type, row, &text);
				tr_str_addc(&text, ' ');
			}
			assert_string_equal(text.ptr, expected[row]);
			tr_str_clear(&text);
		}
		tr_batch_clear(&batch);
	}
	assert_ok(tr_stream_next(&out, &batch, &err), err);
	assert_null(batch.release);
	tr_stream_clear(&out);
	tr_transform_free(t);
}

static void compiled_object_is_kept_and_found_again(void **state)
{
	struct project *p = *state;
	struct tr_transform *a = NULL, *b = NULL;
	struct tr_err err;
	struct stat first, second;
	assert_ok(load(p, good, &a, &err), err);
	assert_int_equal(stat(tr_transform_object(a), &first), 0);
	assert_int_equal(first.st_mode & 0777, 0600);
	assert_ok(load(p, good, &b, &err), err);
	assert_string_equal(tr_transform_object(a), tr_transform_object(b));
	assert_int_equal(stat(tr_transform_object(b), &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	tr_transform_free(b);
	/* A built object needs no compiler. */
	p->build.object = tr_transform_object(a);
	p->build.compiler = "/nonexistent/cc";
	assert_ok(tr_transform_load(&p->spec, &p->build, &b, &err), err);
	tr_transform_free(b);
	tr_transform_free(a);
}

static void row_that_fails_is_named(void **state)
{
	struct project *p = *state;
	struct tr_transform *t = NULL;
	struct tr_err err;
	const char *keys[] = { "o.order_id" };
	assert_ok(
		load(p,
			HEAD
			"\t(void)u; (void)params;\n\tout->order_id = 1; out->label = (struct tr_text){ \"x\", 1 };\n"
			"\treturn o->order_id == 1 ? tr_fail(ctx, \"order %d is odd\", o->order_id) : TR_EMIT;\n}\n",
			&t, &err),
		err);
	struct ArrowArrayStream in, out;
	struct ArrowArray batch = { 0 };
	joined_stream(p, 1, &in);
	assert_ok(tr_transform_apply(t, &in, keys, 1, &out, &err), err);
	assert_false(tr_stream_next(&out, &batch, &err));
	assert_int_equal(err.kind, TR_ERR_DATA);
	assert_string_equal(err.what,
		"the C transform of dataset `enriched` stopped the run: order 1 is odd");
	assert_string_equal(err.place.row_key, "o.order_id=1");
	tr_stream_clear(&out);
	tr_transform_free(t);
}

static void required_field_left_unset_is_an_error(void **state)
{
	struct project *p = *state;
	struct tr_transform *t = NULL;
	struct tr_err err;
	assert_false(load(p,
		HEAD "\t(void)u; (void)params; (void)ctx;\n\tout->label = (struct tr_text){ \"x\", 1 };\n"
		     "\tout->total.valid = o->order_id;\n\treturn TR_EMIT;\n}\n",
		&t, &err));
	assert_string_equal(err.what,
		"the C transform of dataset `enriched` never sets the required field `order_id`");
	/* Set on some paths only: text is found when it happens. */
	assert_ok(
		load(p,
			HEAD
			"\t(void)u; (void)params; (void)ctx;\n\tout->order_id = 7;\n"
			"\tif (o->order_id == 0)\n\t\tout->label = (struct tr_text){ \"x\", 1 };\n\treturn TR_EMIT;\n}\n",
			&t, &err),
		err);
	struct ArrowArrayStream in, out;
	struct ArrowArray batch = { 0 };
	joined_stream(p, 1, &in);
	assert_ok(tr_transform_apply(t, &in, NULL, 0, &out, &err), err);
	assert_false(tr_stream_next(&out, &batch, &err));
	assert_string_equal(err.what, "a required field was left unset");
	assert_string_equal(err.place.field, "label");
	tr_stream_clear(&out);
	tr_transform_free(t);
}

/* Apply a function that sets `label` to some rows: the error of its first batch. */
static void apply_label(struct project *p, const char *label, struct tr_err *err)
{
	struct tr_transform *t = NULL;
	struct ArrowArrayStream in, out;
	struct ArrowArray batch = { 0 };
	char source[2048];
	snprintf(source, sizeof source,
		HEAD "\t(void)u; (void)params;\n\tout->order_id = o->order_id;\n\tout->label = %s;\n"
		     "\treturn TR_EMIT;\n}\n",
		label);
	assert_ok(load(p, source, &t, err), *err);
	joined_stream(p, 3, &in);
	assert_ok(tr_transform_apply(t, &in, NULL, 0, &out, err), *err);
	if (tr_stream_next(&out, &batch, err))
		tr_batch_clear(&batch);
	tr_stream_clear(&out);
	tr_transform_free(t);
}

static void text_that_is_no_utf8_is_refused(void **state)
{
	struct tr_err err = { 0 };
	apply_label(*state, "tr_text_printf(ctx, \"ok \\xc3\\xa4\")", &err);
	assert_int_equal(err.kind, TR_ERR_NONE);
	apply_label(*state, "tr_text_printf(ctx, \"ab\\xff\")", &err);
	assert_int_equal(err.kind, TR_ERR_DATA);
	assert_string_equal(err.what, "a text is not valid UTF-8 at its byte 3");
	assert_string_equal(err.place.field, "label");
}

static void long_texts_of_short_rows_make_batches_of_their_own(void **state)
{
	struct project *p = *state;
	struct tr_transform *t = NULL;
	struct tr_err err;
	struct ArrowArrayStream in, out;
	assert_ok(load(p,
			  HEAD "\t(void)u; (void)params;\n\tout->order_id = o->order_id;\n"
			       "\tout->label = tr_text_printf(ctx, \"%03000000d\", 1);\n"
			       "\treturn TR_EMIT;\n}\n",
			  &t, &err),
		err);
	joined_stream(p, 2, &in);
	assert_ok(tr_transform_apply(t, &in, NULL, 0, &out, &err), err);
	int64_t rows = 0, batches = 0;
	for (;;) {
		struct ArrowArray batch = { 0 };
		assert_ok(tr_stream_next(&out, &batch, &err), err);
		if (!batch.release)
			break;
		rows += batch.length;
		batches++;
		tr_batch_clear(&batch);
	}
	assert_true(rows > 2);
	assert_int_equal(batches, rows);
	tr_stream_clear(&out);
	tr_transform_free(t);
}

static const char *unset(struct project *p, const char *body)
{
	char source[4096];
	snprintf(source, sizeof source,
		"enum tr_verdict enriched(const struct in_o *o, const struct in_u *u,\n"
		"	const struct enriched_params *params, struct out_enriched *%s",
		body);
	return tr_transform_unset(&p->spec, source);
}

static void unset_fields_are_looked_for_only_where_they_can_be_told(void **state)
{
	struct project *p = *state;
	const char *all = "out, struct tr_ctx *ctx) { out->order_id = 1; out->label = x; return TR_EMIT; }";
	assert_null(unset(p, all));
	assert_string_equal(unset(p, "out, struct tr_ctx *ctx) { out->label = x; }"), "order_id");
	/* By the function's own name for it, and not by a longer one. */
	assert_null(unset(p, "to, struct tr_ctx *ctx) { to->order_id = 1; to->label = x; }"));
	assert_string_equal(unset(p, "to, struct tr_ctx *ctx) { out->order_id = 1; to->label = x; }"),
		"order_id");
	assert_string_equal(unset(p, "out, struct tr_ctx *c) { out->order_id2 = 1; out->label = x; }"),
		"order_id");
	assert_string_equal(unset(p, "out, struct tr_ctx *c) { about->order_id = 1; out->label = x; }"),
		"order_id");
	/* What stands in a text or a character is no code. */
	assert_string_equal(
		unset(p, "out, struct tr_ctx *c) { f(\"out->order_id\\\"\"); g('\"'); out->label = x; }"),
		"order_id");
	/* Handed on as a whole: trusted. */
	assert_null(unset(p, "out, struct tr_ctx *ctx) { fill(out); return TR_EMIT; }"));
	assert_null(unset(p, "out, struct tr_ctx *ctx) { *out = other; return TR_EMIT; }"));
	assert_null(unset(p, "out, struct tr_ctx *ctx) { (*out).label = x; return TR_EMIT; }"));
	/* A prototype is no body; nothing, or half a function, is nothing to complain of. */
	assert_null(unset(p, "out, struct tr_ctx *ctx);"));
	assert_null(unset(p, "out, struct"));
	assert_null(tr_transform_unset(&p->spec, ""));
	assert_null(tr_transform_unset(&p->spec, "\"never closed"));
}

static void names_that_c_keeps_for_itself_get_a_tail(void **state)
{
	struct project *p = *state;
	struct tr_err err = { 0 };
	struct tr_transform_spec spec = p->spec;
	struct tr_transform_input inputs[2] = { spec.inputs[0], spec.inputs[1] };
	spec.dataset = "union";
	inputs[0].alias = "out";
	inputs[1].alias = "int";
	spec.inputs = inputs;
	char *header = tr_transform_header(&spec, &err);
	assert_non_null(header);
	assert_non_null(strstr(header,
		"enum tr_verdict union_(const struct in_out *out_, const struct in_int *int_,\n"));
	assert_non_null(strstr(header, "return union_(tr_sides[0]"));
	free(header);
}

static void compiler_message_is_shown_at_its_place(void **state)
{
	struct project *p = *state;
	struct tr_transform *t = NULL;
	struct tr_err err;
	assert_false(load(p, HEAD "\treturn o->ordr_id;\n}\n", &t, &err));
	assert_int_equal(err.kind, TR_ERR_USER);
	assert_string_equal(err.place.file, p->path);
	assert_int_equal(err.place.line, 5);
	assert_non_null(strstr(err.detail, "ordr_id"));
	/* A function of another shape does not pass the prototype. */
	assert_false(load(p, "#include \"gen/enriched.h\"\nint enriched(void) { return 0; }\n", &t, &err));
	assert_int_equal(err.place.line, 2);
	assert_false(load(p, "int x;\n", &t, &err));
	assert_non_null(strstr(err.detail, "the file must include gen/enriched.h"));
}

static void schema_that_moved_is_shown_field_by_field(void **state)
{
	struct project *p = *state;
	struct tr_transform *t = NULL;
	struct tr_err err;
	tr_schema_clear(&p->users);
	add(&p->users, "user_id", (struct tr_type){ .kind = TR_INT64 }, false);
	add(&p->users, "full_name", (struct tr_type){ .kind = TR_STRING }, false);
	assert_false(load(p, good, &t, &err));
	assert_string_equal(err.what, "the schema of dataset `enriched` has moved since `tailrace gen`");
	assert_string_equal(err.detail,
		"~ u.user_id: was int not null, is bigint not null\n"
		"- u.name: string not null (gone)\n+ u.full_name: string not null (new)\n");
	assert_non_null(strstr(err.hint, "tailrace gen"));
}

static void cache_that_others_could_write_is_refused(void **state)
{
	struct project *p = *state;
	struct tr_transform *t = NULL;
	struct tr_err err;
	mkdir(p->cache, 0755);
	chmod(p->cache, 0755);
	assert_false(load(p, good, &t, &err));
	assert_non_null(strstr(err.what, "is not private: others may enter it"));
	rmdir(p->cache);
	assert_int_equal(symlink("/tmp", p->cache), 0);
	assert_false(load(p, good, &t, &err));
	assert_non_null(strstr(err.what, "is not private: it is not a folder"));
	unlink(p->cache);
	assert_ok(load(p, good, &t, &err), err);
	p->build.object = tr_transform_object(t);
	chmod(p->build.object, 0666);
	struct tr_transform *again = NULL;
	assert_false(tr_transform_load(&p->spec, &p->build, &again, &err));
	assert_non_null(strstr(err.what, "is not safe to load"));
	tr_transform_free(t);
}

static void missing_header_and_compiler_say_what_to_do(void **state)
{
	struct project *p = *state;
	struct tr_transform *t = NULL;
	struct tr_err err;
	p->build.compiler = "no-such-compiler";
	assert_false(load(p, good, &t, &err));
	assert_string_equal(err.what, "`no-such-compiler` was not found on PATH");
	assert_non_null(strstr(err.hint, "--objects"));
	char path[128];
	snprintf(path, sizeof path, "%s/gen/enriched.h", p->folder);
	unlink(path);
	assert_false(load(p, good, &t, &err));
	assert_string_equal(err.hint, "run `tailrace gen`");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void every_field_has_a_name_of_its_own_that_c_and_its_headers_leave_free(void **state)
{
	(void)state;
	static const char *const names[][2] = { { "id", "id" }, { "userId", "userId" }, { "a b", "a_b" },
		{ "a-b", "a_b_3" }, { "a_b_2", "a_b_2" }, { "A_b", "A_b_4" }, { "a.b", "a_b_5" },
		{ "int", "int_" }, { "NULL", "NULL_" }, { "EOF", "EOF_" }, { "ID", "ID_" },
		{ "_Bool", "_Bool_" }, { "__attribute__", "__attribute___" }, { "errno", "errno_" },
		{ "_x", "_x" }, { "1st", "_1st" } };
	size_t n = sizeof names / sizeof names[0];
	struct tr_schema s;
	struct tr_err err = { 0 };
	char field[TR_NAME_MAX + 32];
	tr_schema_init(&s);
	for (size_t i = 0; i < n; i++)
		assert_ok(tr_schema_add(&s, names[i][0], (struct tr_type){ .kind = TR_INT32 }, false, NULL,
				  &err),
			err);
	for (size_t i = 0; i < n; i++) {
		tr_transform_field_name(&s, i, field);
		assert_string_equal(field, names[i][1]);
	}
	tr_schema_clear(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rows_go_through_the_function_with_missing_sides_nulls_and_new_text),
		TEST(compiled_object_is_kept_and_found_again),
		TEST(row_that_fails_is_named),
		TEST(required_field_left_unset_is_an_error),
		TEST(text_that_is_no_utf8_is_refused),
		TEST(long_texts_of_short_rows_make_batches_of_their_own),
		TEST(unset_fields_are_looked_for_only_where_they_can_be_told),
		TEST(names_that_c_keeps_for_itself_get_a_tail),
		TEST(compiler_message_is_shown_at_its_place),
		TEST(schema_that_moved_is_shown_field_by_field),
		TEST(cache_that_others_could_write_is_refused),
		TEST(missing_header_and_compiler_say_what_to_do),
		TEST(every_field_has_a_name_of_its_own_that_c_and_its_headers_leave_free),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
