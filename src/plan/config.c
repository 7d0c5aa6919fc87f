#include "plan/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/config_read.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define ARENA_MAX ((size_t)64 << 20)

/* ---- the text ---- */

/* Length of the UTF-8 sequence at p, 0 if it is none: no overlong forms, no surrogates. */
static size_t utf8_length(const unsigned char *p, size_t left)
{
	unsigned char c = p[0];
	size_t len = c < 0x80           ? 1
		: c >= 0xC2 && c < 0xE0 ? 2
		: (c & 0xF0) == 0xE0    ? 3
		: c >= 0xF0 && c < 0xF5 ? 4
					: 0;
	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	bool bad = (c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] >= 0xA0) || (c == 0xF0 && p[1] < 0x90) ||
		(c == 0xF4 && p[1] >= 0x90);
	return bad ? 0 : len;
}

/* The first byte that a text can't have, with its place. */
static bool check_text(const struct tr_config *c, size_t n, struct tr_errs *errs)
{
	struct tr_pos pos = { 1, 1 };
	for (size_t i = 0; i < n;) {
		const unsigned char *p = (const unsigned char *)c->text + i;
		size_t len = utf8_length(p, n - i);
		if (len == 0) {
			tr_err_hint(tr_config_mistake(c, errs, pos, "the file is not UTF-8 here"),
				"save it as UTF-8");
			return false;
		}
		if (*p < ' ' && *p != '\t' && *p != '\n' && *p != '\r') {
			tr_err_hint(tr_config_mistake(c, errs, pos,
					    "a control character (0x%02x) in the file", *p),
				"remove it");
			return false;
		}
		pos.column += (int)len;
		if (*p == '\n')
			pos = (struct tr_pos){ pos.line + 1, 1 };
		i += len;
	}
	return true;
}

/* ---- reading ---- */

static void read_tree(struct tr_config_reader *r, const struct tr_yaml *root)
{
	static const struct tr_yaml nothing = { .kind = TR_YAML_MAP, .pos = { 1, 1 } };
	if (!root || tr_yaml_is_null(root)) {
		struct tr_err *err = tr_config_mistake(r->config, r->errs, nothing.pos, "the file is empty");
		tr_err_hint(err, "`tailrace init postgres://user@host/database` writes one that runs");
		return;
	}
	tr_config_group(r, &tr_config_root, root, (struct tr_pos){ 1, 1 }, r->config);
	tr_config_check_file(r, root);
}

static void default_threads(struct tr_config *c)
{
	long n = c->limits.threads ? c->limits.threads : sysconf(_SC_NPROCESSORS_ONLN);
	c->limits.threads = n < 1 ? 1 : n > 4 && !c->limits.threads ? 4 : (int)n;
}

/* In the file's order: what a part lacks is noticed only at its end. */
static void sort_mistakes(struct tr_errs *errs, size_t first)
{
	for (size_t i = first + 1; i < errs->n; i++) {
		const struct tr_err_place *p = &errs->items[i].place;
		size_t to = i;
		while (to > first &&
			(errs->items[to - 1].place.line > p->line ||
				(errs->items[to - 1].place.line == p->line &&
					errs->items[to - 1].place.column > p->column)))
			to--;
		if (to == i)
			continue;
		errs->scratch = errs->items[i];
		memmove(&errs->items[to + 1], &errs->items[to], (i - to) * sizeof *errs->items);
		errs->items[to] = errs->scratch;
	}
}

/* path, shown and folder of a file that need not exist. */
static bool set_paths(struct tr_config *c, const char *path, struct tr_err *err)
{
	char folder[4096];
	c->shown = tr_arena_strdup(&c->arena, path, err);
	if (!c->shown)
		return false;
	if (*path == '/')
		c->path = tr_arena_strdup(&c->arena, path, err);
	else if (getcwd(folder, sizeof folder))
		c->path = tr_arena_printf(&c->arena, err, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder,
			strncmp(path, "./", 2) == 0 ? path + 2 : path);
	else
		return tr_err_errno(err, errno, "cannot tell the current folder");
	if (!c->path)
		return false;
	size_t len = (size_t)(strrchr(c->path, '/') - c->path);
	c->folder = tr_arena_strndup(&c->arena, c->path, len ? len : 1, err);
	return c->folder != NULL;
}

static bool parse(const char *text, size_t n, const char *path, struct tr_config_reader *r)
{
	struct tr_config *out = r->config;
	struct tr_errs *errs = r->errs;
	size_t before = tr_config_mistakes(r), first = errs->n;
	struct tr_err err = { 0 };
	struct tr_yaml *root = NULL;
	struct tr_arena nodes;
	memset(out, 0, sizeof *out);
	tr_arena_init(&out->arena, ARENA_MAX);
	tr_arena_init(&nodes, ARENA_MAX);
	if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) { /* a byte order mark */
		text += 3;
		n -= 3;
	}
	out->text = (char[]){ "" };
	if (!set_paths(out, path, &err)) {
		*tr_errs_add(errs) = err;
	} else if (n > FILE_MAX_BYTES) {
		struct tr_err *big =
			tr_config_mistake(out, errs, (struct tr_pos){ 1, 1 }, "the file has %zu bytes", n);
		tr_err_hint(big, "a configuration has at most 1 MiB");
	} else if (!(out->text = tr_arena_strndup(&out->arena, text, n, &err))) {
		*tr_errs_add(errs) = err;
	} else if (check_text(out, n, errs) && tr_yaml_parse(out, n, &nodes, &root, errs)) {
		tr_config_defaults(r, &tr_config_root, out);
		read_tree(r, root);
		default_threads(out);
	}
	tr_arena_clear(&nodes);
	sort_mistakes(errs, first);
	if (tr_config_mistakes(r) == before)
		return true;
	tr_config_clear(out);
	return false;
}

bool tr_config_parse(const char *text, size_t n, const char *path, tr_getenv env, void *env_context,
	struct tr_config *out, struct tr_errs *errs)
{
	struct tr_config_reader r = { .config = out, .env = env, .env_context = env_context, .errs = errs };
	return parse(text, n, path, &r);
}

/* ---- files ---- */

static bool read_file(const char *path, struct tr_buf *out, struct tr_err *err)
{
	bool ok = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		tr_err_set(err, TR_ERR_USER, "there is no file `%s`", path);
		return tr_err_hint(err,
			"`tailrace init postgres://user@host/database` writes one; "
			"--config names another file");
	}
	if (fd < 0) {
		tr_err_set(err, TR_ERR_USER, "cannot open `%s`: %s", path, strerror(errno));
		return tr_err_hint(err, "check its permissions");
	}
	for (;;) {
		if (!tr_buf_reserve(out, 65536, err))
			goto out;
		ssize_t n = read(fd, out->data + out->len, 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			tr_err_set(err, TR_ERR_USER, "cannot read `%s`: %s", path, strerror(errno));
			tr_err_hint(err, "name a tailrace.yaml");
			goto out;
		}
		if (n == 0)
			break;
		out->len += (size_t)n;
		if (out->len > FILE_MAX_BYTES + 3)
			break; /* too long, as the parser will say */
	}
	ok = true;
out:
	close(fd);
	return ok;
}

static bool load(const char *path, struct tr_config_reader *r)
{
	struct tr_buf file;
	struct tr_err err = { 0 };
	memset(r->config, 0, sizeof *r->config);
	tr_buf_init(&file, 2 * FILE_MAX_BYTES);
	bool ok = read_file(path, &file, &err);
	if (!ok)
		*tr_errs_add(r->errs) = err;
	else
		ok = parse((const char *)file.data, file.len, path, r);
	tr_buf_clear(&file);
	return ok;
}

bool tr_config_load(const char *path, tr_getenv env, void *env_context, struct tr_config *out,
	struct tr_errs *errs)
{
	struct tr_config_reader r = { .config = out, .env = env, .env_context = env_context, .errs = errs };
	return load(path, &r);
}

bool tr_config_load_lake(const char *path, tr_getenv env, void *env_context, struct tr_config *out,
	struct tr_errs *errs)
{
	struct tr_config_reader r = { .config = out,
		.env = env,
		.env_context = env_context,
		.errs = errs,
		.lake_only = true };
	return load(path, &r);
}

void tr_config_clear(struct tr_config *c)
{
	tr_arena_clear(&c->arena);
	memset(c, 0, sizeof *c);
}

bool tr_config_is_s3(const struct tr_config *c)
{
	return strncmp(c->lake.location, "s3://", 5) == 0;
}

const struct tr_config_dataset *tr_config_dataset(const struct tr_config *c, const char *name)
{
	for (size_t i = 0; i < c->n_datasets; i++)
		if (strcmp(c->datasets[i].name, name) == 0)
			return &c->datasets[i];
	return NULL;
}
