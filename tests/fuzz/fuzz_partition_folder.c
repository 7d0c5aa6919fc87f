/* A folder's name as the value of a partition: whatever it is, a value of the key's type comes out. */
#include <stdlib.h>
#include <string.h>

#include "lake/foreign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	char value[TR_PARTITION_VALUE_MAX + 1];
	bool null, hex;
	struct tr_type type = { .kind = (enum tr_kind)(data[0] % (TR_JSON + 1)) };
	if (type.kind == TR_DECIMAL)
		type = (struct tr_type){ TR_DECIMAL, 38, 10 };
	char *folder = malloc(size + 2);
	if (!folder)
		return 0;
	memcpy(folder, "k=", 2);
	memcpy(folder + 2, data + 1, size - 1);
	const struct tr_partition_key key = { "k", TR_PART_IDENTITY, "k", type };
	if (tr_partition_unfold(&key, folder, size + 1, value, &null) && !null && type.kind != TR_STRING) {
		struct tr_bound bound;
		struct tr_err err = { 0 };
		if (!tr_bound_parse(value, type, false, &bound))
			abort();
		char *again = tr_bound_format(&bound, type, &hex, &err);
		if (!again || (!hex && strcmp(again, value) != 0))
			abort();
		free(again);
	}
	free(folder);
	return 0;
}
