#include "lake/spill_runs.h"

#include <stdlib.h>

struct index_entry {
	uint32_t number, bytes;
};

struct tr_spill_run {
	uint64_t data_at;  /* of the segment that the cursor stands at */
	uint64_t index_at; /* of the first entry not yet in `held` */
	uint64_t left;     /* entries in the file from index_at on */
	struct index_entry *held;
	size_t at, n;
};

#define HELD_MIN 16
#define HELD_MAX 512
#define INDEX_MAX ((size_t)1 << 30)

void tr_spill_runs_init(struct tr_spill_runs *r, const char *temp_dir, uint64_t limit)
{
	*r = (struct tr_spill_runs){ 0 };
	tr_spill_file_init(&r->file, temp_dir, limit);
	tr_buf_init(&r->index, INDEX_MAX);
}

void tr_spill_runs_clear(struct tr_spill_runs *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->runs[i].held);
	free(r->runs);
	r->runs = NULL;
	r->n = r->cap = 0;
	tr_buf_clear(&r->index);
	tr_spill_file_clear(&r->file);
}

bool tr_spill_runs_add(struct tr_spill_runs *r, uint32_t number, const void *bytes, size_t n,
	struct tr_err *err)
{
	uint64_t offset;
	if (n > UINT32_MAX)
		return tr_err_set(err, TR_ERR_INTERNAL, "a spill segment of %zu bytes", n);
	if (!tr_spill_file_append(&r->file, bytes, n, &offset, err))
		return false;
	if (r->index.len == 0)
		r->run_start = offset;
	struct index_entry entry = { number, (uint32_t)n };
	return tr_buf_append(&r->index, &entry, sizeof entry, err);
}

bool tr_spill_runs_end(struct tr_spill_runs *r, struct tr_err *err)
{
	if (r->index.len == 0)
		return true;
	if (!tr_array_grow((void **)&r->runs, r->n, &r->cap, sizeof *r->runs, err))
		return false;
	struct tr_spill_run run = { .data_at = r->run_start,
		.left = r->index.len / sizeof(struct index_entry) };
	if (!tr_spill_file_append(&r->file, r->index.data, r->index.len, &run.index_at, err))
		return false;
	r->runs[r->n++] = run;
	tr_buf_clear(&r->index);
	return true;
}

bool tr_spill_runs_rewind(struct tr_spill_runs *r, size_t memory, struct tr_err *err)
{
	if (r->n == 0)
		return true;
	size_t entries = memory / r->n / sizeof(struct index_entry);
	r->cursor_entries = entries < HELD_MIN ? HELD_MIN : entries > HELD_MAX ? HELD_MAX : entries;
	for (size_t i = 0; i < r->n; i++) {
		r->runs[i].held = tr_calloc(r->cursor_entries, sizeof(struct index_entry), err);
		if (!r->runs[i].held)
			return false;
	}
	return tr_spill_file_flush(&r->file, err);
}

/* The entry the cursor stands at; *out NULL at the run's end. */
static bool peek(struct tr_spill_runs *r, struct tr_spill_run *run, const struct index_entry **out,
	struct tr_err *err)
{
	*out = NULL;
	if (run->at == run->n) {
		if (run->left == 0)
			return true;
		size_t n = run->left < r->cursor_entries ? (size_t)run->left : r->cursor_entries;
		if (!tr_spill_file_read(&r->file, run->index_at, run->held, n * sizeof *run->held, err))
			return false;
		run->index_at += n * sizeof *run->held;
		run->left -= n;
		run->n = n;
		run->at = 0;
	}
	*out = &run->held[run->at];
	return true;
}

bool tr_spill_runs_next(struct tr_spill_runs *r, uint32_t number, struct tr_spill_list *out,
	struct tr_err *err)
{
	out->n = 0;
	for (size_t i = 0; i < r->n; i++) {
		struct tr_spill_run *run = &r->runs[i];
		for (;;) {
			const struct index_entry *entry;
			if (!peek(r, run, &entry, err))
				return false;
			if (!entry || entry->number > number)
				break;
			if (entry->number < number)
				return tr_err_set(err, TR_ERR_INTERNAL,
					"spilled rows of partition %u were passed over", entry->number);
			if (!tr_array_grow((void **)&out->items, out->n, &out->cap, sizeof *out->items, err))
				return false;
			out->items[out->n++] = (struct tr_spill_segment){ run->data_at, entry->bytes };
			run->data_at += entry->bytes;
			run->at++;
		}
	}
	return true;
}
