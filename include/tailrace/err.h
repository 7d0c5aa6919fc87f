/*
 * Errors of tailrace: what every fallible function reports.
 *
 * A function that can fail takes a `struct tr_err *err` as its last argument and
 * returns bool: true is success, false means that *err has been set, once, at the
 * place where it happened. Callers pass it on and never overwrite it.
 * The struct owns no memory: it may be copied, and needs no clean-up.
 */
#ifndef TAILRACE_ERR_H
#define TAILRACE_ERR_H

#include <stdbool.h>

enum tr_err_kind {
	TR_ERR_NONE = 0,
	TR_ERR_USER,      /* the configuration or the call is wrong: exit code 2 */
	TR_ERR_TRANSIENT, /* network, lost race, busy server: exit code 3 */
	TR_ERR_DATA,      /* the data broke the contract or a check: exit code 4 */
	TR_ERR_INTERNAL,  /* disk full, out of memory, a bug of ours: exit code 1 */
	TR_ERR_CANCELLED, /* interrupted by the user: exit code 130 */
};

/* Where it happened. Empty strings and zeros mean "not known". */
struct tr_err_place {
	char file[256];
	int line;          /* 1-based */
	int column;        /* 1-based, in bytes */
	char excerpt[256]; /* that line's text, to print a caret under */
	char table[160];   /* the source's relation or the dataset */
	char field[160];   /* the column of the table */
	char row_key[256]; /* the row's key, as `order_id=7` */
};

struct tr_err {
	enum tr_err_kind kind;
	bool retry;        /* the same call may succeed later */
	char what[512];    /* what failed, one line, no full stop */
	char detail[4096]; /* the cause in the words of the layer below; may have lines */
	char hint[768];    /* what the user can do next */
	struct tr_err_place place;
};

#endif
