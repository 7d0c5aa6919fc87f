/* The reference page of the configuration, written from the tables of keys. */
#include <string.h>

#include "plan/config_read.h"

#define PAGE_MAX ((size_t)1 << 18)

static void add_kind(struct tr_str *s, const struct tr_config_key *key)
{
	char bounds[TR_CONFIG_BOUNDS];
	if (!key->words) {
		tr_str_add(s, key->kind);
	} else {
		for (size_t i = 0; key->words[i]; i++)
			tr_str_addf(s, "%s`%s`", i ? ", " : "", key->words[i]);
	}
	tr_config_bounds(key, bounds);
	if (*bounds)
		tr_str_addf(s, " %s", bounds);
}

/* Within a table, a bar would end the cell. */
static void add_cell(struct tr_str *s, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			tr_str_addc(s, '\\');
		tr_str_addc(s, *text);
	}
}

static void add_section(struct tr_str *s, const struct tr_config_section *section)
{
	tr_str_addf(s, "\n## %s%s%s\n\n", section == &tr_config_root ? "" : "`", section->title,
		section == &tr_config_root ? "" : "`");
	tr_str_addf(s, "%s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", section->doc);
	for (size_t i = 0; i < section->n; i++) {
		const struct tr_config_key *key = &section->keys[i];
		tr_str_addf(s, "| `%s` | ", key->name);
		add_kind(s, key);
		if (key->fallback)
			tr_str_addf(s, " | `%s` | ", key->fallback);
		else
			tr_str_addf(s, " | %s | ", key->required ? "required" : "");
		add_cell(s, key->doc);
		for (size_t k = 0; key->later && key->later[k]; k++)
			tr_str_addf(s, "%s`%s`%s",
				k ? ", " : " Known, but not available in this version: ", key->later[k],
				key->later[k + 1] ? "" : ".");
		tr_str_add(s, " |\n");
	}
	for (size_t i = 0; i < section->n; i++)
		if (section->keys[i].section)
			add_section(s, section->keys[i].section);
}

char *tr_config_reference(struct tr_err *err)
{
	struct tr_str s;
	tr_str_init(&s, PAGE_MAX);
	tr_str_add(&s,
		"# Configuration: tailrace.yaml\n\n"
		"<!-- Written from the program's own table of keys; a test compares the two. -->\n\n"
		"One YAML file of at most 1 MiB, in UTF-8. Every mistake in it is reported in one pass, with "
		"its line "
		"and column; an unknown key is a mistake. Anchors, aliases and tags are not read.\n\n"
		"- **Variables**: every value may hold `${NAME}`, also within text. A variable that is not "
		"set is a "
		"mistake, unless the file gives a default: `${NAME:-default}`, which also stands for an "
		"empty one. "
		"`$${` is a plain `${`. Names of keys are never replaced, and the content of a variable is "
		"never shown. Within `{ }` and `[ ]` YAML wants quotes around it: `{ memory: \"${MEMORY}\" "
		"}`.\n"
		"- **Names** of datasets, columns, inputs and parameters have a-z, 0-9 and `_`, do not begin "
		"with a "
		"digit (datasets: nor with `_`), and have at most 128 bytes.\n"
		"- **Paths** begin at the file's folder, unless they are absolute.\n"
		"- **Sizes** have a unit: `B`, `kB`, `MB`, `GB`, `TB` (powers of 1000), `KiB`, `MiB`, `GiB`, "
		"`TiB` "
		"(powers of 1024); a **rate** has `/s` behind it. **Durations**: `ms`, `s`, `min`, `h`, `d`. "
		"`unlimited` takes a bound away.\n"
		"- A **list** of one entry may be written without its brackets.\n\n"
		"```yaml\n"
		"source:\n"
		"  url: ${DATABASE_URL}\n"
		"lake:\n"
		"  location: ./lake\n"
		"limits: { connections: 2, memory: 512MiB, rate: 80MB/s }\n"
		"params: { tax_rate: { type: double, value: 0.19 } }\n"
		"datasets:\n"
		"  enriched_orders:\n"
		"    inputs: { o: public.orders, u: public.users }\n"
		"    sql: transforms/enriched_orders.sql\n"
		"    columns:\n"
		"      order_id:        { type: int,       not_null: true, unique: true }\n"
		"      user_name:       { type: string,    not_null: true }\n"
		"      country:         string\n"
		"      amount_with_tax: { type: double,    not_null: true, doc: \"amount * (1 + tax_rate)\" "
		"}\n"
		"      created_at:      { type: timestamp, not_null: true }\n"
		"    partition_by: [ day(created_at) ]\n"
		"    checks: [ \"amount_with_tax >= 0\" ]\n"
		"```\n");
	add_section(&s, &tr_config_root);
	char *page = tr_str_take(&s, err);
	tr_str_clear(&s);
	return page;
}
