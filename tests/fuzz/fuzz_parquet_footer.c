/* The footer reader on arbitrary bytes. The first byte chooses the schema it is held against. */
#include <stdlib.h>

#include "base/err.h"
#include "fmt/parquet_stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tr_err err = { 0 };
	struct tr_schema schema;
	struct tr_parquet_stats stats;
	uint64_t length;
	if (size < 1)
		return 0;
	unsigned pick = data[0];
	data++;
	size--;
	tr_schema_init(&schema);
	for (unsigned i = 0; i <= pick % 3; i++) {
		char name[2] = { (char)('a' + i), '\0' };
		struct tr_type type = { .kind = (enum tr_kind)((pick / 3 + i) % (TR_JSON + 1)) };
		if (type.kind == TR_DECIMAL)
			type = (struct tr_type){ TR_DECIMAL, (uint8_t)(pick % 38 + 1), 0 };
		if (!tr_schema_add(&schema, name, type, true, NULL, &err))
			abort();
	}
	if (size >= 8 && tr_parquet_footer_length(data + size - 8, size, &length, &err) && length > size)
		abort(); /* a footer that is longer than its file */
	for (int foreign = 0; foreign < 2; foreign++) {
		tr_err_clear(&err);
		if (tr_parquet_footer_parse(data, size, (uint64_t)1 << 40, &schema, foreign, &stats, &err)) {
			for (size_t i = 0; i < stats.n; i++)
				if (stats.columns[i].nulls < 0 || stats.columns[i].nulls > stats.rows)
					abort();
		}
		tr_parquet_stats_clear(&stats);
	}
	tr_schema_clear(&schema);
	return 0;
}
