/*
 * A nameless file for what does not fit into memory: append, read back, gone with the
 * process. Appends are gathered into large writes. One thread appends at a time; after
 * tr_spill_file_flush any number of threads may read.
 */
#ifndef TR_IO_SPILL_FILE_H
#define TR_IO_SPILL_FILE_H

#include "base/mem.h"

struct tr_spill_file {
	int fd;                /* -1: not opened yet */
	const char *folder;    /* borrowed */
	uint64_t limit;        /* bytes; 0: none */
	uint64_t size;         /* what was appended */
	struct tr_buf pending; /* appended, not written yet */
};

#define TR_SPILL_WRITE ((size_t)256 << 10)

/* The file itself is made by the first append. */
void tr_spill_file_init(struct tr_spill_file *f, const char *folder, uint64_t limit);
void tr_spill_file_clear(struct tr_spill_file *f);
/* *offset is where it went. Beyond the limit: TR_ERR_USER, with what to change. */
bool tr_spill_file_append(struct tr_spill_file *f, const void *bytes, size_t n, uint64_t *offset,
	struct tr_err *err) TR_CHECKED;
/* Hand everything to the system, so that it can be read. */
bool tr_spill_file_flush(struct tr_spill_file *f, struct tr_err *err) TR_CHECKED;
/* Exactly n bytes from offset. */
bool tr_spill_file_read(const struct tr_spill_file *f, uint64_t offset, void *out, size_t n,
	struct tr_err *err) TR_CHECKED;

#endif
