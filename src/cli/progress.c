#include "cli/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/units.h"
#include "cli/width.h"

#define REDRAW_US 100000 /* the bar: at most ten times a second */
#define PLAIN_US 5000000 /* a plain line of counters */
#define JSON_US 1000000  /* a JSON line of counters */
#define BAR_COLUMNS 20
#define BAR_LINES 8
#define LINE_MAX_BYTES 4096

/* Of a dataset, by what is read against what the catalog expects; < 0: unknown. An
 * estimate may be passed, so that it never says 100% before the end. */
static double share(const struct tr_progress_dataset *d)
{
	if (d->rows_expected == 0)
		return -1;
	double part = (double)d->rows_read / (double)d->rows_expected;
	return part > 0.99 ? 0.99 : part;
}

static void add_bar(struct tr_str *out, double part, int columns)
{
	int full = part < 0 ? 0 : (int)(part * columns);
	tr_str_addc(out, '[');
	for (int i = 0; i < columns; i++)
		tr_str_addc(out, i < full ? '#' : i == full && part >= 0 ? '>' : '.');
	tr_str_add(out, "] ");
}

void tr_progress_describe(const struct tr_progress_dataset *d, int64_t now_us, int bar, struct tr_str *out)
{
	char text[TR_UNITS_TEXT];
	double part = share(d), elapsed = (double)(now_us - d->started_us) / 1e6;
	if (bar)
		add_bar(out, part, bar);
	if (part >= 0)
		tr_str_addf(out, "%2.0f%%  ", part * 100);
	/* What reads only the lake is known by what it writes. */
	size_t before = out->len;
	if (d->rows_written && !d->rows_read)
		tr_str_addf(out, "%s rows written", tr_units_count((int64_t)d->rows_written, text));
	else if (d->rows_read || !d->bytes_read) /* Athena counts bytes only */
		tr_str_addf(out, "%s rows", tr_units_count((int64_t)d->rows_read, text));
	if (d->bytes_read)
		tr_str_addf(out, "%s%s", out->len > before ? "  " : "", tr_units_bytes(d->bytes_read, text));
	if (!d->started_us || elapsed < 0.2)
		return;
	if (d->bytes_read)
		tr_str_addf(out, "  %s/s", tr_units_bytes((uint64_t)((double)d->bytes_read / elapsed), text));
	if (part > 0 && d->rows_read < d->rows_expected) {
		double left = elapsed / (double)d->rows_read * (double)(d->rows_expected - d->rows_read);
		tr_str_addf(out, "  ETA %s", tr_units_seconds(left, text));
	}
}

/* ---- the bar ---- */

static void erase(struct tr_progress *p)
{
	for (; p->lines > 0; p->lines--)
		fputs("\033[A\033[2K", p->console->err);
}

static void draw_line(struct tr_progress *p, const struct tr_progress_dataset *d, int64_t now_us,
	size_t columns)
{
	struct tr_str line;
	size_t width;
	tr_str_init(&line, LINE_MAX_BYTES);
	tr_str_addf(&line, "%s  %-8s ", d->name, d->stage);
	tr_progress_describe(d, now_us, columns >= 80 ? BAR_COLUMNS : 0, &line);
	if (line.ptr && !line.failed) {
		size_t n = tr_width_cut(line.ptr, line.len, columns - 1, &width);
		fprintf(p->console->err, "%.*s\n", (int)n, line.ptr);
		p->lines++;
	}
	tr_str_clear(&line);
}

static void draw(struct tr_progress *p, int64_t now_us)
{
	size_t columns = tr_console_columns(p->console->err);
	erase(p);
	for (size_t i = 0; i < p->n && p->lines < BAR_LINES; i++)
		if (p->datasets[i].active)
			draw_line(p, &p->datasets[i], now_us, columns > 1 ? columns : 80);
	fflush(p->console->err);
	p->drawn_us = now_us;
}

/* ---- lines ---- */

static void print_json(struct tr_progress *p, const struct tr_event *e)
{
	static const char *const KINDS[] = { "stage", "progress", "notice", "warning", "done", "failed" };
	char now[TR_CLOCK_TEXT], text[2048];
	struct tr_str line;
	tr_str_init(&line, (size_t)1 << 16);
	tr_clock_iso(tr_clock_wall_us(), now);
	tr_str_addf(&line, "{\"time\":\"%s\",\"event\":\"%s\"", now, KINDS[e->kind]);
	if (e->dataset) {
		tr_str_add(&line, ",\"dataset\":");
		tr_json_string(&line, e->dataset, strlen(e->dataset));
	}
	if (e->text) {
		tr_copy_text(text, sizeof text, e->text);
		tr_secrets_scrub(&p->console->secrets, text, sizeof text);
		tr_str_add(&line, ",\"text\":");
		tr_json_string(&line, text, strlen(text));
	}
	if (e->kind == TR_EVENT_PROGRESS)
		tr_str_addf(&line,
			",\"rows_read\":%" PRIu64 ",\"rows_written\":%" PRIu64 ",\"bytes_read\":%" PRIu64
			",\"bytes_written\":%" PRIu64 ",\"rows_expected\":%" PRIu64,
			e->rows_read, e->rows_written, e->bytes_read, e->bytes_written, e->rows_expected);
	tr_str_add(&line, "}\n");
	if (line.ptr && !line.failed)
		fwrite(line.ptr, 1, line.len, p->console->err);
	fflush(p->console->err);
	tr_str_clear(&line);
}

static void print_text(struct tr_progress *p, const struct tr_event *e)
{
	struct tr_console *c = p->console;
	char text[2048];
	struct tr_str shown;
	tr_copy_text(text, sizeof text, e->text ? e->text : "");
	tr_secrets_scrub(&c->secrets, text, sizeof text);
	tr_str_init(&shown, (size_t)1 << 16);
	tr_width_printable(text, strlen(text), &shown);
	erase(p);
	const char *label = e->kind == TR_EVENT_WARNING ? "warning: " : "";
	fprintf(c->err, "%s%s%s%s%s%s\n", tr_ink(c, c->err, TR_INK_YELLOW), label, tr_ink_end(c, c->err),
		e->dataset ? e->dataset : "", e->dataset ? ": " : "", shown.ptr ? shown.ptr : "");
	fflush(c->err);
	tr_str_clear(&shown);
}

static void print_counters(struct tr_progress *p, struct tr_progress_dataset *d, int64_t now_us)
{
	struct tr_str line;
	tr_str_init(&line, LINE_MAX_BYTES);
	tr_progress_describe(d, now_us, 0, &line);
	fprintf(p->console->err, "%s: %s: %s\n", d->name, d->stage[0] ? d->stage : "run",
		line.ptr ? line.ptr : "");
	fflush(p->console->err);
	tr_str_clear(&line);
	d->printed_us = now_us;
}

/* ---- events ---- */

static struct tr_progress_dataset *find(struct tr_progress *p, const char *name, int64_t now_us)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->datasets[i].name, name) == 0)
			return &p->datasets[i];
	struct tr_err err = { 0 };
	if (!tr_array_grow((void **)&p->datasets, p->n, &p->cap, sizeof *p->datasets, &err))
		return NULL;
	struct tr_progress_dataset *d = &p->datasets[p->n++];
	memset(d, 0, sizeof *d);
	tr_copy_text(d->name, sizeof d->name, name);
	d->printed_us = now_us;
	return d;
}

static void take_counters(struct tr_progress_dataset *d, const struct tr_event *e, int64_t now_us)
{
	if (!d->started_us)
		d->started_us = now_us;
	d->active = true;
	d->rows_read = e->rows_read;
	d->rows_written = e->rows_written;
	d->bytes_read = e->bytes_read;
	d->bytes_written = e->bytes_written;
	d->rows_expected = e->rows_expected;
}

static void show(struct tr_progress *p, struct tr_progress_dataset *d, const struct tr_event *e,
	int64_t now_us)
{
	bool counters = e->kind == TR_EVENT_PROGRESS;
	bool quiet = p->console->quiet && e->kind != TR_EVENT_WARNING;
	if (p->console->log == TR_LOG_JSON) {
		bool due = !counters || !d || now_us - d->printed_us >= JSON_US;
		if (due && counters && d)
			d->printed_us = now_us;
		if (due && !quiet)
			print_json(p, e);
	} else if (p->bar) {
		bool line =
			e->kind == TR_EVENT_NOTICE || e->kind == TR_EVENT_WARNING || e->kind == TR_EVENT_DONE;
		if (line)
			print_text(p, e);
		if (line || now_us - p->drawn_us >= REDRAW_US)
			draw(p, now_us);
	} else if (!quiet && counters) {
		if (d && now_us - d->printed_us >= PLAIN_US)
			print_counters(p, d, now_us);
	} else if (!quiet && e->kind != TR_EVENT_FAILED) {
		print_text(p, e); /* a failure's error is printed whole at the end */
	}
}

static void on_event(void *context, const struct tr_event *e)
{
	struct tr_progress *p = context;
	int64_t now_us = tr_clock_monotonic_us();
	pthread_mutex_lock(&p->lock);
	struct tr_progress_dataset *d = e->dataset ? find(p, e->dataset, now_us) : NULL;
	if (d && e->kind == TR_EVENT_PROGRESS)
		take_counters(d, e, now_us);
	if (d && e->kind == TR_EVENT_STAGE) {
		tr_copy_text(d->stage, sizeof d->stage, e->text ? e->text : "");
		d->active = true;
	}
	if (d && (e->kind == TR_EVENT_DONE || e->kind == TR_EVENT_FAILED))
		d->active = false;
	show(p, d, e, now_us);
	pthread_mutex_unlock(&p->lock);
}

bool tr_progress_init(struct tr_progress *p, struct tr_console *c, struct tr_err *err)
{
	memset(p, 0, sizeof *p);
	p->console = c;
	p->bar = c->log == TR_LOG_AUTO && c->err_terminal && !c->quiet;
	int failure = pthread_mutex_init(&p->lock, NULL);
	return failure == 0 || tr_err_errno(err, failure, "a lock could not be made");
}

void tr_progress_clear(struct tr_progress *p)
{
	erase(p);
	fflush(p->console->err);
	pthread_mutex_destroy(&p->lock);
	free(p->datasets);
	memset(p, 0, sizeof *p);
}

struct tr_events tr_progress_events(struct tr_progress *p)
{
	return (struct tr_events){ on_event, p };
}
