#include "config_support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config_mistakes.h"

static void bounds_hold_for_hostile_files(void **state)
{
	(void)state;
	struct tr_str yaml, errors;
	tr_str_init(&yaml, 4 << 20);
	for (int i = 0; i < 300; i++)
		tr_str_addf(&yaml, "k%d: x\n", i);
	struct parsed p = parse(yaml.ptr);
	assert_int_equal(p.errs.n, TR_ERRS_MAX);
	assert_int_equal(p.errs.dropped, 203); /* the three missing keys too */
	clear(&p);

	tr_str_clear(&yaml);
	for (int i = 0; i < 110000; i++)
		tr_str_add(&yaml, "# 78901\n");
	for (int i = 0; i < 30000; i++)
		tr_str_add(&yaml, "# 78901\n");
	p = parse(yaml.ptr);
	list_errors(&p.errs, &errors);
	assert_string_equal(errors.ptr,
		"1:1 the file has 1120000 bytes => a configuration has at most 1 MiB\n");
	tr_str_clear(&errors);
	clear(&p);

	tr_str_clear(&yaml);
	tr_str_add(&yaml, "a:\n");
	for (int i = 0; i < 5000; i++)
		tr_str_add(&yaml, "- x\n");
	p = parse(yaml.ptr);
	list_errors(&p.errs, &errors);
	assert_string_equal(errors.ptr,
		"4098:3 a group or list is too long => at most 4096 entries are read\n");
	tr_str_clear(&errors);
	clear(&p);

	tr_str_clear(&yaml);
	for (int i = 0; i < 30; i++) {
		tr_str_addf(&yaml, "k%d: [", i);
		for (int k = 0; k < 4000; k++)
			tr_str_add(&yaml, "x,");
		tr_str_add(&yaml, "]\n");
	}
	p = parse(yaml.ptr);
	assert_int_equal(p.errs.n, 1);
	assert_string_equal(p.errs.items[0].what, "the file has too many values");
	clear(&p);
	tr_str_clear(&yaml);
}

static void files_that_cannot_be_read_say_why(void **state)
{
	(void)state;
	struct tr_config config;
	struct tr_errs errs;
	tr_errs_init(&errs);
	assert_false(tr_config_load("no/such/tailrace.yaml", environment, NULL, &config, &errs));
	assert_string_equal(errs.items[0].what, "there is no file `no/such/tailrace.yaml`");
	assert_non_null(strstr(errs.items[0].hint, "tailrace init"));
	tr_errs_clear(&errs);
	assert_false(tr_config_load("/", environment, NULL, &config, &errs));
	assert_string_equal(errs.items[0].what, "cannot read `/`: Is a directory");
	tr_errs_clear(&errs);
}

static void a_file_is_read_from_disk(void **state)
{
	(void)state;
	struct tr_config config;
	struct tr_errs errs;
	char path[] = "/tmp/tr_config_XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, shop, strlen(shop)), strlen(shop));
	close(fd);
	tr_errs_init(&errs);
	bool ok = tr_config_load(path, environment, NULL, &config, &errs);
	unlink(path);
	assert_true(ok);
	assert_string_equal(config.path, path);
	assert_string_equal(config.folder, "/tmp");
	assert_string_equal(config.text, shop);
	tr_config_clear(&config);
	tr_config_clear(&config);
	tr_errs_clear(&errs);
}

static const char *no_environment(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

/* Who only reads the lake need not know how to reach the source. */
static void the_lake_is_found_without_the_sources_variables(void **state)
{
	(void)state;
	struct tr_config config;
	struct tr_errs errs;
	char path[] = "/tmp/tr_config_XXXXXX";
	const char *yaml = "source: { url: \"${DATABASE_URL}\", lock_timeout: \"${WAIT}\" }\n"
			   "lake: { location: \"${LAKE:-lake}\" }\n" ORDERS;
	const char *lost = "source: { url: \"${DATABASE_URL}\" }\nlake: { location: \"${LAKE}\" }\n" ORDERS;
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
	tr_errs_init(&errs);
	assert_true(tr_config_load_lake(path, no_environment, NULL, &config, &errs));
	assert_int_equal(errs.n, 0);
	assert_null(config.source.url);
	assert_int_equal(config.source.lock_timeout_ms, 10000);
	assert_string_equal(config.lake.location, "/tmp/lake");
	assert_string_equal(config.limits.temp_dir, "/tmp");
	tr_config_clear(&config);
	assert_false(tr_config_load(path, no_environment, NULL, &config, &errs));
	assert_int_equal(errs.n, 2);
	tr_errs_clear(&errs);

	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, lost, strlen(lost), 0), strlen(lost));
	assert_false(tr_config_load_lake(path, no_environment, NULL, &config, &errs));
	assert_int_equal(errs.n, 1);
	assert_string_equal(errs.items[0].what, "lake.location: the environment variable `LAKE` is not set");
	tr_errs_clear(&errs);
	close(fd);
	unlink(path);
}

/* With TR_UPDATE_DOCS set, the page is written instead: that is how it is made. */
static void the_reference_page_is_the_programs_own(void **state)
{
	(void)state;
	struct tr_err err = { 0 };
	static char page[1 << 18];
	char *want = tr_config_reference(&err);
	assert_non_null(want);
	const char *path = TR_SOURCE_ROOT "/docs/reference/configuration.md";
	bool update = getenv("TR_UPDATE_DOCS") != NULL;
	FILE *file = fopen(path, update ? "w" : "r");
	assert_non_null(file);
	if (update)
		assert_true(fputs(want, file) >= 0);
	else
		page[fread(page, 1, sizeof page - 1, file)] = '\0';
	fclose(file);
	if (!update && strcmp(page, want) != 0)
		fail_msg("docs/reference/configuration.md is not what the program says: "
			 "run this test once with TR_UPDATE_DOCS=1");
	free(want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_hold_for_hostile_files),
		cmocka_unit_test(files_that_cannot_be_read_say_why),
		cmocka_unit_test(a_file_is_read_from_disk),
		cmocka_unit_test(the_lake_is_found_without_the_sources_variables),
		cmocka_unit_test(the_reference_page_is_the_programs_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
