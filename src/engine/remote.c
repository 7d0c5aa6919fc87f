#include "engine/remote.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/emit.h"

bool tr_remote_run(struct tr_remote *r, const char *sql, struct ArrowArrayStream *out, struct tr_err *err)
{
	out->release = NULL;
	r->statistics = (struct tr_remote_statistics){ 0 };
	return r->ops->run(r, sql, out, err);
}

bool tr_remote_execute(struct tr_remote *r, const char *sql, struct tr_err *err)
{
	struct ArrowArrayStream stream;
	bool ok = tr_remote_run(r, sql, &stream, err), more = ok;
	while (more) {
		struct ArrowArray batch;
		ok = tr_stream_next(&stream, &batch, err);
		more = ok && batch.release;
		if (more)
			tr_batch_clear(&batch);
	}
	tr_stream_clear(&stream);
	return ok;
}

const struct tr_remote_statistics *tr_remote_statistics(const struct tr_remote *r)
{
	return &r->statistics;
}

void tr_remote_cancel(struct tr_remote *r)
{
	r->ops->cancel(r);
}

void tr_remote_free(struct tr_remote *r)
{
	if (r)
		r->ops->free(r);
}

/* ---- statements ---- */

/* Behind blanks and comments. */
static const char *skip_blanks(const char *p, const char *also)
{
	for (;;) {
		p += strspn(p, " \t\r\n\f\v");
		if (p[0] == '-' && p[1] == '-') {
			p += strcspn(p, "\n");
		} else if (p[0] == '/' && p[1] == '*') {
			const char *end = strstr(p + 2, "*/");
			p = end ? end + 2 : p + strlen(p);
		} else if (*p && strchr(also, *p)) {
			p++;
		} else {
			return p;
		}
	}
}

static size_t word_length(const char *p)
{
	size_t n = 0;
	while (isalpha((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

static bool is_word(const char *p, const char *word)
{
	size_t n = word_length(p);
	return strlen(word) == n && strncasecmp(p, word, n) == 0;
}

bool tr_remote_check_query(const char *sql, struct tr_err *err)
{
	static const char *const queries[] = { "SELECT", "WITH", "VALUES", "TABLE", "SHOW", "DESCRIBE",
		"DESC", "EXPLAIN", NULL };
	const char *word = skip_blanks(sql, "(;"), *second = word;
	bool known = false;
	for (size_t i = 0; queries[i]; i++)
		known |= is_word(word, queries[i]);
	if (known && is_word(word, "EXPLAIN")) {
		/* It runs what it explains, also an INSERT. */
		second = skip_blanks(word + word_length(word), "");
		known = !is_word(second, "ANALYZE");
	}
	if (known)
		return true;
	if (!*word) {
		tr_err_set(err, TR_ERR_USER, "there is no statement");
		return tr_err_hint(err, "write one SELECT");
	}
	if (second != word)
		tr_err_set(err, TR_ERR_USER, "EXPLAIN ANALYZE runs what it explains");
	else if (word_length(word))
		tr_err_set(err, TR_ERR_USER, "only a query can be run, and this is %.*s",
			(int)(word_length(word) > 64 ? 64 : word_length(word)), word);
	else
		tr_err_set(err, TR_ERR_USER, "a SELECT is expected here");
	tr_err_hint(err,
		"a query reads its tables and changes nothing: SELECT, WITH, VALUES, TABLE, SHOW, "
		"DESCRIBE or EXPLAIN");
	int64_t line = 1, column = 1;
	for (const char *p = sql; p < word; p++) {
		column = *p == '\n' ? 1 : column + (((unsigned char)*p & 0xc0) != 0x80);
		line += *p == '\n';
	}
	tr_remote_place(sql, line, column, err);
	return false;
}

char *tr_remote_trim(const char *sql, struct tr_err *err)
{
	size_t n = strlen(sql);
	while (n > 0 && strchr(" \t\r\n\f\v;", sql[n - 1]))
		n--;
	return tr_strndup(sql, n, err);
}

/* ---- places ---- */

void tr_remote_place(const char *sql, int64_t line, int64_t column, struct tr_err *err)
{
	char excerpt[sizeof err->place.excerpt * 2];
	const char *start = sql;
	if (line < 1 || line > INT32_MAX || column < 1)
		return;
	for (int64_t i = 1; i < line; i++) {
		const char *end = strchr(start, '\n');
		if (!end)
			return;
		start = end + 1;
	}
	size_t len = strcspn(start, "\r\n"), at = 0;
	for (int64_t i = 1; i < column && at < len; i++)
		do
			at++;
		while (at < len && ((unsigned char)start[at] & 0xc0) == 0x80);
	if (len >= sizeof excerpt)
		len = sizeof excerpt - 1;
	memcpy(excerpt, start, len);
	excerpt[len] = '\0';
	tr_err_at_file(err, "", (int)line, (int)at + 1, excerpt);
}

static const char *read_count(const char *p, int64_t *out)
{
	*out = 0;
	size_t n = strspn(p, "0123456789");
	for (size_t i = 0; i < n && n <= 9; i++)
		*out = *out * 10 + (p[i] - '0');
	return n >= 1 && n <= 9 ? p + n : NULL;
}

bool tr_remote_position(const char *message, int64_t *line, int64_t *column, const char **rest)
{
	*rest = message;
	for (const char *p = message; (p = strstr(p, "line ")) != NULL; p++) {
		if (p > message && p[-1] != ' ')
			continue;
		const char *at = read_count(p + 5, line);
		at = at && *at == ':' ? read_count(at + 1, column) : NULL;
		if (!at || *at != ':')
			continue;
		*rest = at + 1 + strspn(at + 1, " ");
		return true;
	}
	return false;
}

/* ---- waiting ---- */

bool tr_remote_wait(const struct tr_cancel *cancel, int64_t ms, struct tr_err *err)
{
	struct pollfd fd = { tr_cancel_fd(cancel), POLLIN, 0 };
	int64_t end_us = tr_clock_monotonic_us() + ms * 1000;
	for (;;) {
		if (tr_cancel_raised(cancel))
			return tr_cancel_err(err);
		int64_t left_us = end_us - tr_clock_monotonic_us();
		if (left_us <= 0)
			return true;
		if (poll(&fd, 1, (int)((left_us + 999) / 1000)) < 0 && errno != EINTR)
			return tr_err_errno(err, errno, "waiting failed");
	}
}

/* ---- events ---- */

void tr_remote_state(struct tr_remote *r, const char *state)
{
	if (strcmp(r->statistics.state, state) == 0)
		return;
	tr_copy_text(r->statistics.state, sizeof r->statistics.state, state);
	char text[sizeof r->statistics.state];
	tr_copy_text(text, sizeof text, state);
	for (char *p = text; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	tr_emit_text(&r->events, TR_EVENT_STAGE, r->name, "%s", text);
}

void tr_remote_progress(struct tr_remote *r)
{
	const struct tr_event event = { .kind = TR_EVENT_PROGRESS,
		.dataset = r->name,
		.rows_read = r->statistics.processed_rows,
		.bytes_read = r->statistics.scanned_bytes };
	tr_emit(&r->events, &event);
}
