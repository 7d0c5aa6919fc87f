/* The files of AWS's tools from any bytes: no crash, no leak; mistakes lie in the file's lines. */
#include <stdlib.h>
#include <string.h>

#include "io/aws_ini.h"
#include "io/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tr_aws_ini ini;
	struct tr_err err = { 0 };
	if (!tr_aws_ini_parse((const char *)data, size, "config", &ini, &err)) {
		if (err.kind != TR_ERR_USER || !err.hint[0] || ini.text.data || ini.settings)
			abort();
		return 0;
	}
	for (size_t i = 0; i < ini.n_settings; i++) {
		const struct tr_aws_ini_setting *s = &ini.settings[i];
		const struct tr_aws_ini_section *of = &ini.sections[s->section];
		char **words;
		if (!(s->part_of ? tr_aws_ini_part(&ini, of->kind, of->name, s->part_of, s->name)
				 : tr_aws_ini_get(&ini, of->kind, of->name, s->name)))
			abort();
		struct tr_err ignored = { 0 };
		if (tr_process_split(s->value, &words, &ignored))
			free(words);
	}
	tr_aws_ini_clear(&ini);
	return 0;
}
