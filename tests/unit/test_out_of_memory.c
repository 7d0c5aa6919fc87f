/* Every allocation of a call fails once: it says so, and what it had made is freed (the
 * address sanitizer looks). The linker puts __wrap_malloc and its like before the heap's. */
#include "streams.h"

#include <jansson.h>

#include "glue_manifest.h"

#include "engine/transform_gen.h"
#include "io/aws_credentials.h"
#include "io/aws_ini.h"
#include "io/process.h"
#include "lake/glue_rows.h"
#include "plan/contract.h"
#include "plan/policy.h"
#include "run/prefetch.h"
#include "run/presence.h"
#include "run/spool.h"

static _Atomic long left = -1; /* allocations until one fails; negative: none does */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails_now(void)
{
	return atomic_load(&left) >= 0 && atomic_fetch_sub(&left, 1) == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails_now() ? NULL : __real_realloc(old, size);
}

/* Call it with the first allocation failing, then the second, until it has all it wants. */
static void torture(bool (*call)(struct tr_err *err))
{
	for (long i = 0;; i++) {
		struct tr_err err = { 0 };
		atomic_store(&left, i);
		bool ok = call(&err);
		bool failed = atomic_load(&left) < 0;
		atomic_store(&left, -1);
		if (!failed) {
			assert_ok(ok, err);
			assert_true(i > 0);
			return;
		}
		assert_false(ok);
		assert_int_equal(err.kind, TR_ERR_INTERNAL);
		assert_true(err.what[0]);
		assert_true(i < 10000);
	}
}

/* ---- streams ---- */

static bool drain(struct ArrowArrayStream *stream, struct tr_err *err)
{
	bool ok = true;
	for (;;) {
		struct ArrowArray batch = { 0 };
		ok = tr_stream_next(stream, &batch, err);
		if (!ok || !batch.release)
			break;
		tr_batch_clear(&batch);
	}
	tr_stream_clear(stream);
	return ok;
}

static bool open_numbers(struct numbers *n, struct ArrowArrayStream *out)
{
	long kept = atomic_exchange(&left, -1); /* what the test makes does not fail */
	*n = (struct numbers){ .batches = 3, .rows = 5, .columns = 2 };
	numbers_open(n, out);
	atomic_store(&left, kept);
	return true;
}

static bool prefetching(struct tr_err *err)
{
	struct numbers n;
	struct ArrowArrayStream in, out;
	return open_numbers(&n, &in) && tr_prefetch(&in, NULL, &out, err) && drain(&out, err);
}

static bool presence(struct tr_err *err)
{
	struct numbers n;
	struct ArrowArrayStream in, out;
	return open_numbers(&n, &in) && tr_presence(&in, "here", 1, &out, err) && drain(&out, err);
}

static bool spooling(struct tr_err *err)
{
	struct numbers n;
	struct ArrowArrayStream in, out;
	struct tr_spool *spool = NULL;
	open_numbers(&n, &in);
	bool ok = tr_spool_fill(&in, "/tmp", 0, NULL, &spool, err) &&
		tr_spool_open(spool, (const size_t[]){ 1 }, 1, NULL, NULL, &out, err) && drain(&out, err);
	tr_spool_free(spool);
	return ok;
}

static bool contract(struct tr_err *err)
{
	static const char *const accepted[] = { "0", "1", "2", "3", "4", "1000", "1001", "1002", "1003",
		"1004", "2000", "2001", "2002", "2003", "2004" };
	struct tr_type int64 = { .kind = TR_INT64 }, decimal = { TR_DECIMAL, 38, 2 };
	struct tr_field fields[] = { { .name = (char[]){ "x" }, .type = int64 },
		{ .name = (char[]){ "y" }, .type = decimal } };
	struct tr_contract_column columns[] = {
		{ .source = 0, .from = int64, .to = int64, .accepted = accepted, .n_accepted = 15 },
		{ .source = 1, .from = int64, .to = decimal, .not_null = true }
	};
	const struct tr_contract c = { .dataset = "d",
		.schema = { .fields = fields, .n = 2 },
		.columns = columns };
	struct numbers n;
	struct ArrowArrayStream in, out;
	return open_numbers(&n, &in) && tr_contract_apply(&c, &in, &out, err) && drain(&out, err);
}

static void streams_end_with_the_error(void **state)
{
	(void)state;
	torture(prefetching);
	torture(presence);
	torture(spooling);
	torture(contract);
}

/* ---- generated C ---- */

static bool header(struct tr_err *err)
{
	struct tr_field fields[] = { { .name = (char[]){ "id" }, .type = { .kind = TR_INT32 } },
		{ .name = (char[]){ "price" }, .type = { TR_DECIMAL, 10, 2 }, .nullable = true } };
	const struct tr_schema schema = { .fields = fields, .n = 2 };
	const char *const types[] = { "integer", "numeric(10,2)" };
	const struct tr_transform_input input = { "o", "public.orders", &schema, types, true };
	const struct tr_transform_param param = { "rate", { .kind = TR_DOUBLE }, "0.5" };
	const struct tr_transform_spec spec = { .dataset = "d",
		.source_path = "d.c",
		.inputs = &input,
		.n_inputs = 1,
		.params = &param,
		.n_params = 1,
		.out = &schema };
	char *text = tr_transform_header(&spec, err);
	char *glue = text ? tr_transform_glue("d", err) : NULL;
	char *moved = glue ? tr_transform_difference("a: int\nb: int\n", "b: bigint\nc: int\n", err) : NULL;
	bool ok = moved != NULL;
	free(text);
	free(glue);
	free(moved);
	return ok;
}

static void generated_c_is_whole_or_none(void **state)
{
	(void)state;
	torture(header);
}

/* ---- Glue's tables: JSON, whose library takes its memory here too ---- */

static bool glue_table(struct tr_err *err)
{
	long kept = atomic_exchange(&left, -1);
	const struct tr_glue_table table = { .dataset = "orders", .doc = "all" };
	struct tr_manifest m;
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	glue_identity(&m, "n", TR_INT32);
	glue_values(&m, "de", "1");
	glue_values(&m, "at", "2");
	atomic_store(&left, kept);
	json_t *input = NULL;
	bool ok = tr_glue_table_input(&m, &table, "s3://bucket/lake", &input, err);
	json_decref(input);
	kept = atomic_exchange(&left, -1);
	tr_manifest_clear(&m);
	atomic_store(&left, kept);
	return ok;
}

static bool glue_update(struct tr_err *err)
{
	long kept = atomic_exchange(&left, -1);
	struct tr_glue_seen seen;
	json_t *same = NULL;
	json_t *answer =
		json_loads("{\"Table\":{\"Name\":\"orders\",\"Owner\":\"a\",\"Parameters\":{\"x\":\"1\"}}}",
			0, NULL);
	json_t *input = json_loads("{\"Parameters\":{}}", 0, NULL);
	atomic_store(&left, kept);
	bool ok = tr_glue_seen_read(answer, "orders", "s3://bucket/lake", &seen, err) &&
		tr_glue_keep(&seen, input, err) && tr_glue_same(&seen, &same, err) &&
		tr_glue_mark(same, 7, err);
	json_decref(same);
	tr_glue_seen_clear(&seen);
	json_decref(answer);
	json_decref(input);
	return ok;
}

/* Rows that are wanted, one of which is there. */
static bool glue_rows(struct tr_err *err)
{
	long kept = atomic_exchange(&left, -1);
	struct tr_manifest m;
	json_t *columns = json_loads("[{\"Name\":\"id\",\"Type\":\"int\"}]", 0, NULL);
	json_t *page = json_loads("{\"Partitions\":[{\"Values\":[\"de\"]},{\"Values\":[\"fr\"]}]}", 0, NULL);
	glue_manifest(&m);
	glue_identity(&m, "country", TR_STRING);
	glue_values(&m, "de");
	glue_values(&m, "at");
	atomic_store(&left, kept);
	char hash[TR_GLUE_HASH_TEXT];
	struct tr_glue_parts parts = { 0 };
	struct tr_glue_rows wanted = { 0 }, there = { 0 };
	struct tr_glue_changes changes = { 0 };
	bool ok = tr_glue_columns_hash(columns, hash, err) && tr_glue_parts_find(&m, &parts, err) &&
		tr_glue_rows_wanted(&m, &parts, "s3://bucket/lake", hash, &wanted, err) &&
		tr_glue_rows_read(page, &there, err) && tr_glue_rows_compare(&wanted, &there, &changes, err);
	json_t *item = ok ? tr_glue_row_input(changes.create[0], "s3://bucket/lake", columns, hash) : NULL;
	if (ok && !item)
		ok = tr_err_memory(err, 0);
	json_decref(item);
	tr_glue_changes_clear(&changes);
	tr_glue_rows_clear(&wanted);
	tr_glue_rows_clear(&there);
	tr_glue_parts_clear(&parts);
	kept = atomic_exchange(&left, -1);
	tr_manifest_clear(&m);
	json_decref(columns);
	json_decref(page);
	atomic_store(&left, kept);
	return ok;
}

static void glue_tables_are_whole_or_none(void **state)
{
	(void)state;
	json_set_alloc_funcs(malloc, free);
	torture(glue_table);
	torture(glue_update);
	torture(glue_rows);
}

/* ---- AWS ---- */

static const char *variable(void *context, const char *name)
{
	static const char *const VALUES[][2] = { { "AWS_ACCESS_KEY_ID", "AKIAEXAMPLE" },
		{ "AWS_SECRET_ACCESS_KEY", "secret" }, { "AWS_SESSION_TOKEN", "token" },
		{ "HOME", "/nonexistent" } };
	(void)context;
	for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++)
		if (strcmp(VALUES[i][0], name) == 0)
			return VALUES[i][1];
	return NULL;
}

static bool credentials(struct tr_err *err)
{
	const struct tr_aws_credentials_options options = { .region = "eu-west-1", .env = variable };
	struct tr_aws_credentials *c = NULL;
	struct tr_aws_keys keys = { 0 };
	char *source = NULL, *tried = NULL;
	bool ok = tr_aws_credentials_new(&options, &c, err) && tr_aws_credentials_get(c, &keys, err) &&
		tr_aws_credentials_story(c, &source, &tried, err);
	tr_aws_keys_clear(&keys);
	tr_aws_credentials_free(c);
	free(source);
	free(tried);
	return ok;
}

static bool profiles(struct tr_err *err)
{
	static const char text[] = "[default]\nregion = x\n[profile \"a b\"]\nrole_arn: y\n";
	struct tr_aws_ini ini;
	char **words = NULL;
	if (!tr_aws_ini_parse(text, sizeof text - 1, "config", &ini, err))
		return false;
	bool ok = tr_process_split("keys --for 'a b'", &words, err);
	free(words);
	tr_aws_ini_clear(&ini);
	return ok;
}

static bool policies(struct tr_err *err)
{
	struct tr_config_dataset dataset = { .name = (char[]){ "orders" } };
	const struct tr_config config = { .source = { .url = (char[]){ "host=db" },
						  .secret = (char[]){ "prod/shop" } },
		.lake = { .location = (char[]){ "s3://acme/prod" },
			.catalog = (char[]){ "glue" },
			.database = (char[]){ "shop" } },
		.engine = (char[]){ "athena" },
		.athena = { .workgroup = (char[]){ "reports" } },
		.datasets = &dataset,
		.n_datasets = 1 };
	char *terraform = NULL, *cloudformation = NULL;
	bool ok = tr_policy_terraform(&config, NULL, false, &terraform, err) &&
		tr_policy_cloudformation(&config, NULL, false, &cloudformation, err);
	free(terraform);
	free(cloudformation);
	return ok;
}

static void credentials_and_policies_are_whole_or_none(void **state)
{
	(void)state;
	/* jansson's writer does not tell of all its failures: its memory is not ours to fail here. */
	json_set_alloc_funcs(__real_malloc, free);
	torture(credentials);
	torture(profiles);
	torture(policies);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_end_with_the_error),
		cmocka_unit_test(generated_c_is_whole_or_none),
		cmocka_unit_test(glue_tables_are_whole_or_none),
		cmocka_unit_test(credentials_and_policies_are_whole_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
