/* The COPY decoder over any bytes, in pieces of any size: no crash, no leak, and the same
 * rows or the same refusal as in one piece. The first two bytes choose the piece's size and
 * the policy for special values. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/stream.h"
#include "fmt/pgcopy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t header[19] = "PGCOPY\n\377\r\n";

static bool run(const uint8_t *data, size_t size, size_t piece, bool to_null, int64_t *rows)
{
	static const enum tr_pgcopy_wire wires[] = { TR_PG_BOOL, TR_PG_INT2, TR_PG_NUMERIC, TR_PG_TEXT,
		TR_PG_DATE, TR_PG_TIMESTAMP, TR_PG_JSONB, TR_PG_JSON, TR_PG_UUID };
	static const struct tr_type types[] = { { TR_BOOL, 0, 0 }, { TR_INT16, 0, 0 }, { TR_DECIMAL, 20, 4 },
		{ TR_STRING, 0, 0 }, { TR_DATE, 0, 0 }, { TR_TIMESTAMP, 0, 0 }, { TR_JSON, 0, 0 },
		{ TR_JSON, 0, 0 }, { TR_UUID, 0, 0 } };
	/* Few columns, so that short inputs come to a whole row. */
	size_t n = 1 + size % 4, first = (size / 4) % 6;
	struct tr_pgcopy_column columns[4];
	struct tr_err err = { 0 };
	struct tr_pgcopy *d = NULL;
	for (size_t i = 0; i < n; i++)
		columns[i] = (struct tr_pgcopy_column){ "c", wires[first + i], types[first + i], to_null };
	if (!tr_pgcopy_new(columns, n, &d, &err))
		abort();
	bool ok = tr_pgcopy_feed(d, header, sizeof header, &err);
	for (size_t at = 0; ok && at < size; at += piece) {
		size_t len = size - at < piece ? size - at : piece;
		/* With its exact size, so that a read beyond it is seen. */
		uint8_t *exact = malloc(len);
		if (!exact)
			abort();
		memcpy(exact, data + at, len);
		ok = tr_pgcopy_feed(d, exact, len, &err);
		const void *bytes;
		size_t field;
		char text[64];
		for (size_t i = 0; !ok && i < n; i++)
			if (tr_pgcopy_bad_field(d, i, &bytes, &field) && bytes &&
				tr_pgcopy_describe(wires[first + i], bytes, field, text, sizeof text) &&
				strlen(text) >= sizeof text)
				abort();
		free(exact);
	}
	struct ArrowArray batch = { 0 };
	*rows = tr_pgcopy_rows(d);
	if (ok && !tr_pgcopy_take(d, &batch, &err))
		abort();
	ok = ok && tr_pgcopy_finish(d, &err);
	if (!ok && (err.kind == TR_ERR_NONE || !err.what[0] || !err.hint[0]))
		abort();
	tr_batch_clear(&batch);
	tr_pgcopy_free(d);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t piece = 1 + data[0];
	bool to_null = data[1] & 1;
	int64_t rows, rows_whole;
	bool ok = run(data + 2, size - 2, piece, to_null, &rows);
	bool ok_whole = run(data + 2, size - 2, size, to_null, &rows_whole);
	if (ok != ok_whole || rows != rows_whole)
		abort();
	return 0;
}
