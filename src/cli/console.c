#include "cli/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/width.h"

#define MESSAGE_MAX ((size_t)1 << 20)

void tr_console_init(struct tr_console *c)
{
	memset(c, 0, sizeof *c);
	c->out = stdout;
	c->err = stderr;
	c->out_terminal = isatty(STDOUT_FILENO);
	c->err_terminal = isatty(STDERR_FILENO);
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
	c->color = !(no_color && no_color[0]) && term && strcmp(term, "dumb") != 0;
}

void tr_console_clear(struct tr_console *c)
{
	tr_secrets_clear(&c->secrets);
}

static const char *const INKS[] = { "\033[1m", "\033[2m", "\033[1;31m", "\033[1;33m", "\033[32m",
	"\033[34m" };

static bool colored(const struct tr_console *c, const FILE *f)
{
	return c->color && (f == c->err ? c->err_terminal : c->out_terminal);
}

const char *tr_ink(const struct tr_console *c, FILE *f, enum tr_ink ink)
{
	return colored(c, f) ? INKS[ink] : "";
}

const char *tr_ink_end(const struct tr_console *c, FILE *f)
{
	return colored(c, f) ? "\033[0m" : "";
}

size_t tr_console_columns(const FILE *f)
{
	struct winsize size;
	if (ioctl(fileno((FILE *)(uintptr_t)f), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

int tr_console_exit_code(enum tr_err_kind kind)
{
	switch (kind) {
	case TR_ERR_NONE: return 0;
	case TR_ERR_USER: return 2;
	case TR_ERR_TRANSIENT: return 3;
	case TR_ERR_DATA: return 4;
	case TR_ERR_INTERNAL: return 1;
	case TR_ERR_CANCELLED: return 130;
	}
	return 1;
}

/* ---- errors for people ---- */

/* The lines of `text`, each with `indent` before it. */
static void add_lines(struct tr_str *out, const char *indent, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		tr_str_add(out, indent);
		/* Tabs stay: a compiler's message aligns its caret with them. */
		for (size_t at = 0; at < n;) {
			size_t tab = strcspn(text + at, "\t\n");
			tr_width_printable(text + at, tab, out);
			at += tab;
			if (at < n) {
				tr_str_addc(out, '\t');
				at++;
			}
		}
		tr_str_addc(out, '\n');
		text += n + (text[n] == '\n');
	}
}

/* The excerpt as it is shown: tabs as four blanks, controls made visible. */
static void add_excerpt(struct tr_str *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		const char *tab = memchr(text + at, '\t', len - at);
		size_t n = tab ? (size_t)(tab - text) - at : len - at;
		tr_width_printable(text + at, n, out);
		at += n;
		if (tab) {
			tr_str_add(out, "    ");
			at++;
		}
	}
}

static void add_caret(struct tr_str *out, const struct tr_err_place *place, const char *ink, const char *end)
{
	size_t len = strlen(place->excerpt);
	size_t before = place->column > 0 ? (size_t)place->column - 1 : len + 1;
	if (before > len)
		return; /* beyond what the excerpt holds */
	struct tr_str shown;
	tr_str_init(&shown, MESSAGE_MAX);
	add_excerpt(&shown, place->excerpt, before);
	size_t width = shown.ptr ? tr_width(shown.ptr, shown.len) : 0;
	tr_str_clear(&shown);
	tr_str_addf(out, "      | %*s%s^%s\n", (int)width, "", ink, end);
}

/* Below the current folder a path is shown from there on. */
static const char *shorten(const char *path)
{
	char cwd[4096];
	size_t n = getcwd(cwd, sizeof cwd) ? strlen(cwd) : 0;
	bool below = n > 1 && strncmp(path, cwd, n) == 0 && path[n] == '/' && path[n + 1];
	return below ? path + n + 1 : path;
}

static void add_place(struct tr_str *out, const struct tr_err_place *place, bool color)
{
	const char *dim = color ? INKS[TR_INK_BLUE] : "", *red = color ? INKS[TR_INK_RED] : "";
	const char *end = color ? "\033[0m" : "";
	if (place->line > 0) {
		tr_str_addf(out, "  %s-->%s %s:%d", dim, end, place->file[0] ? shorten(place->file) : "SQL",
			place->line);
		if (place->column > 0)
			tr_str_addf(out, ":%d", place->column);
		tr_str_addc(out, '\n');
		if (place->excerpt[0]) {
			tr_str_addf(out, " %4d | ", place->line);
			add_excerpt(out, place->excerpt, strlen(place->excerpt));
			tr_str_addc(out, '\n');
			add_caret(out, place, red, end);
		}
	} else if (place->file[0]) {
		tr_str_addf(out, "  %s-->%s %s\n", dim, end, shorten(place->file));
	}
	if (!place->table[0] && !place->field[0] && !place->row_key[0])
		return;
	const char *comma = "";
	tr_str_addf(out, "  %s-->%s ", dim, end);
	const char *names[] = { "table", "column", "row" };
	const char *values[] = { place->table, place->field, place->row_key };
	for (size_t i = 0; i < 3; i++) {
		if (!values[i][0])
			continue;
		tr_str_addf(out, "%s%s ", comma, names[i]);
		tr_width_printable(values[i], strlen(values[i]), out);
		comma = ", ";
	}
	tr_str_addc(out, '\n');
}

void tr_console_format_error(const struct tr_console *c, const struct tr_err *err, bool color,
	struct tr_str *out)
{
	struct tr_err shown = *err;
	tr_secrets_scrub_err(&c->secrets, &shown);
	const char *end = color ? "\033[0m" : "";
	tr_str_addf(out, "%serror:%s ", color ? INKS[TR_INK_RED] : "", end);
	tr_width_printable(shown.what, strlen(shown.what), out);
	tr_str_addc(out, '\n');
	add_place(out, &shown.place, color);
	add_lines(out, "  ", shown.detail);
	const char *hint = shown.hint;
	for (bool first = true; *hint; first = false) {
		size_t n = strcspn(hint, "\n");
		if (first)
			tr_str_addf(out, "%shint:%s ", color ? INKS[TR_INK_GREEN] : "", end);
		else
			tr_str_add(out, "      ");
		tr_width_printable(hint, n, out);
		tr_str_addc(out, '\n');
		hint += n + (hint[n] == '\n');
	}
}

/* ---- errors for programs ---- */

void tr_json_string(struct tr_str *out, const char *text, size_t len)
{
	tr_str_addc(out, '"');
	size_t from = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char b = (unsigned char)text[i];
		if (b >= 0x20 && b != '"' && b != '\\')
			continue;
		tr_str_addn(out, text + from, i - from);
		from = i + 1;
		if (b == '"' || b == '\\')
			tr_str_addf(out, "\\%c", b);
		else if (b == '\n')
			tr_str_add(out, "\\n");
		else if (b == '\r')
			tr_str_add(out, "\\r");
		else if (b == '\t')
			tr_str_add(out, "\\t");
		else
			tr_str_addf(out, "\\u%04x", b);
	}
	tr_str_addn(out, text + from, len - from);
	tr_str_addc(out, '"');
}

static void add_member(struct tr_str *out, const char *name, const char *text)
{
	if (!text[0])
		return;
	tr_str_addf(out, ",\"%s\":", name);
	tr_json_string(out, text, strlen(text));
}

static const char *kind_name(enum tr_err_kind kind)
{
	const char *const names[] = { "none", "user", "transient", "data", "internal", "cancelled" };
	return names[kind];
}

static void start_line(struct tr_str *out, const char *event)
{
	char now[TR_CLOCK_TEXT];
	tr_clock_iso(tr_clock_wall_us(), now);
	tr_str_addf(out, "{\"time\":\"%s\",\"event\":\"%s\"", now, event);
}

static void format_error_json(const struct tr_console *c, const char *dataset, const struct tr_err *err,
	struct tr_str *out)
{
	struct tr_err shown = *err;
	tr_secrets_scrub_err(&c->secrets, &shown);
	start_line(out, "error");
	add_member(out, "dataset", dataset ? dataset : "");
	add_member(out, "kind", kind_name(shown.kind));
	tr_str_addf(out, ",\"retry\":%s", shown.retry ? "true" : "false");
	add_member(out, "what", shown.what);
	add_member(out, "detail", shown.detail);
	add_member(out, "hint", shown.hint);
	add_member(out, "file", shown.place.file);
	if (shown.place.line > 0)
		tr_str_addf(out, ",\"line\":%d", shown.place.line);
	if (shown.place.column > 0)
		tr_str_addf(out, ",\"column\":%d", shown.place.column);
	add_member(out, "table", shown.place.table);
	add_member(out, "field", shown.place.field);
	add_member(out, "row", shown.place.row_key);
	tr_str_add(out, "}\n");
}

/* ---- printing ---- */

void tr_console_wrote(struct tr_console *c, bool ok)
{
	if (!ok && !c->out_errno)
		c->out_errno = errno;
}

static void print_message(struct tr_console *c, struct tr_str *text)
{
	/* What was printed before comes first where both go to one place. */
	tr_console_wrote(c, fflush(c->out) == 0);
	if (text->failed || !text->ptr)
		fputs("error: out of memory\n", c->err);
	else
		fwrite(text->ptr, 1, text->len, c->err);
	fflush(c->err);
	tr_str_clear(text);
}

int tr_console_error_of(struct tr_console *c, const char *dataset, const struct tr_err *err)
{
	struct tr_str text;
	struct tr_err named = *err;
	tr_str_init(&text, MESSAGE_MAX);
	if (c->log == TR_LOG_JSON) {
		format_error_json(c, dataset, err, &text);
	} else {
		if (dataset && !strstr(err->what, dataset))
			snprintf(named.what, sizeof named.what, "%s: %s", dataset, err->what);
		tr_console_format_error(c, &named, colored(c, c->err), &text);
	}
	print_message(c, &text);
	return tr_console_exit_code(err->kind);
}

int tr_console_error(struct tr_console *c, const struct tr_err *err)
{
	return tr_console_error_of(c, NULL, err);
}

int tr_console_errors(struct tr_console *c, const struct tr_errs *errs)
{
	for (size_t i = 0; i < errs->n; i++)
		tr_console_error(c, &errs->items[i]);
	size_t total = errs->n + errs->dropped;
	if (total > 1 && c->log != TR_LOG_JSON) {
		if (errs->dropped)
			fprintf(c->err, "%zu errors, the first %zu are shown\n", total, errs->n);
		else
			fprintf(c->err, "%zu errors\n", total);
	}
	return errs->n > 0 ? tr_console_exit_code(errs->items[0].kind) : 1;
}

static void say(struct tr_console *c, const char *event, const char *label, const char *fmt, va_list args)
	TR_PRINTF(4, 0);

static void say(struct tr_console *c, const char *event, const char *label, const char *fmt, va_list args)
{
	char line[2048];
	vsnprintf(line, sizeof line, fmt, args);
	tr_secrets_scrub(&c->secrets, line, sizeof line);
	struct tr_str text;
	tr_str_init(&text, MESSAGE_MAX);
	if (c->log == TR_LOG_JSON) {
		start_line(&text, event);
		add_member(&text, "text", line);
		tr_str_add(&text, "}\n");
	} else {
		tr_str_add(&text, label);
		tr_width_printable(line, strlen(line), &text);
		tr_str_addc(&text, '\n');
	}
	print_message(c, &text);
}

void tr_console_note(struct tr_console *c, const char *fmt, ...)
{
	if (c->quiet)
		return;
	va_list args;
	va_start(args, fmt);
	say(c, "note", "", fmt, args);
	va_end(args);
}

void tr_console_warn(struct tr_console *c, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(c, "warning", "warning: ", fmt, args);
	va_end(args);
}

int tr_console_print(struct tr_console *c, struct tr_str *text)
{
	struct tr_err err = { 0 };
	int code = 0;
	if (!tr_str_ok(text, &err))
		code = tr_console_error(c, &err);
	else if (text->ptr)
		tr_console_wrote(c, fwrite(text->ptr, 1, text->len, c->out) == text->len);
	tr_str_clear(text);
	return code;
}
