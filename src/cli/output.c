#include "cli/output.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- target ---- */

static bool open_file(struct tr_target *t, const char *path, struct tr_err *err)
{
	struct stat st;
	t->path = tr_strdup(path, err);
	if (!t->path)
		return false;
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		tr_err_set(err, TR_ERR_USER, "%s is a folder", path);
		return tr_err_hint(err, "name a file for --output");
	}
	bool in_place = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
	if (!in_place) {
		struct tr_str name;
		tr_str_init(&name, 8192);
		tr_str_addf(&name, "%s.%ld.tmp", path, (long)getpid());
		t->temp = tr_str_take(&name, err);
		tr_str_clear(&name);
		if (!t->temp)
			return false;
	}
	t->file = fopen(in_place ? path : t->temp, in_place ? "we" : "wxe");
	if (t->file)
		return true;
	int failure = errno;
	free(t->temp);
	t->temp = NULL; /* nothing of ours to remove */
	tr_err_set(err, TR_ERR_USER, "%s could not be opened for writing", path);
	tr_err_detail(err, "%s", strerror(failure));
	return tr_err_hint(err, "check the folder and its permissions, or choose another --output");
}

bool tr_target_open(struct tr_target *t, const struct tr_console *c, const char *path, struct tr_err *err)
{
	memset(t, 0, sizeof *t);
	if (path && strcmp(path, "-") != 0)
		return open_file(t, path, err);
	t->file = c->out;
	return true;
}

static bool write_failed(struct tr_target *t, struct tr_err *err)
{
	int failure = errno;
	t->closed = failure == EPIPE;
	tr_err_errno(err, failure, "could not write to %s", t->path ? t->path : "the output");
	if (failure == ENOSPC || failure == EDQUOT)
		tr_err_hint(err, "free space on that disk, or send the output elsewhere");
	return false;
}

bool tr_target_write(struct tr_target *t, const void *bytes, size_t n, struct tr_err *err)
{
	errno = 0;
	return fwrite(bytes, 1, n, t->file) == n || write_failed(t, err);
}

bool tr_target_finish(struct tr_target *t, struct tr_err *err)
{
	errno = 0;
	if (fflush(t->file) != 0)
		return write_failed(t, err);
	if (!t->path)
		return true;
	if (t->temp && fsync(fileno(t->file)) != 0)
		return write_failed(t, err);
	FILE *file = t->file;
	t->file = NULL;
	if (fclose(file) != 0)
		return write_failed(t, err);
	if (t->temp && rename(t->temp, t->path) != 0)
		return write_failed(t, err);
	free(t->temp);
	t->temp = NULL;
	return true;
}

void tr_target_clear(struct tr_target *t)
{
	if (t->path && t->file)
		fclose(t->file);
	if (t->temp)
		unlink(t->temp);
	free(t->temp);
	free(t->path);
	memset(t, 0, sizeof *t);
}

/* ---- outputs ---- */

/* One batch of text; a value is below 2^31 bytes, hex and JSON escapes make it longer. */
#define TEXT_MAX ((size_t)32 << 30)
#define TEXT_FLUSH ((size_t)1 << 20)

bool tr_output_init(struct tr_output *o, const struct tr_output_ops *ops, const struct tr_schema *schema,
	struct tr_target *target, struct tr_err *err)
{
	o->ops = ops;
	o->schema = schema;
	o->target = target;
	tr_str_init(&o->text, TEXT_MAX);
	o->columns = tr_calloc(schema->n ? schema->n : 1, sizeof *o->columns, err);
	if (!o->columns)
		return false;
	for (size_t i = 0; i < schema->n; i++)
		tr_cell_bind(&o->columns[i], schema->fields[i].type);
	return true;
}

void tr_output_clear(struct tr_output *o)
{
	tr_str_clear(&o->text);
	free(o->columns);
	o->columns = NULL;
}

bool tr_output_flush(struct tr_output *o, struct tr_err *err)
{
	if (!tr_str_ok(&o->text, err))
		return false;
	bool ok = o->text.len == 0 || tr_target_write(o->target, o->text.ptr, o->text.len, err);
	o->text.len = 0;
	if (o->text.cap > 4 * TEXT_FLUSH)
		tr_str_clear(&o->text);
	return ok;
}

bool tr_output_rows(struct tr_output *o, const struct ArrowArray *batch, int64_t n, struct tr_err *err)
{
	for (size_t i = 0; i < o->schema->n; i++)
		tr_cell_batch(&o->columns[i], batch, i);
	if (!o->ops->rows(o, batch, n, err))
		return false;
	o->rows += n;
	return tr_output_flush(o, err);
}

bool tr_output_finish(struct tr_output *o, struct tr_err *err)
{
	return o->ops->finish(o, err) && tr_output_flush(o, err);
}

void tr_output_free(struct tr_output *o)
{
	if (o)
		o->ops->free(o);
}

/* Readers of JSON and Parquet find values by their column's name, and would lose one of two. */
static bool check_names(const char *format, const struct tr_schema *schema, struct tr_err *err)
{
	if (strcmp(format, "json") != 0 && strcmp(format, "jsonl") != 0 && strcmp(format, "parquet") != 0)
		return true;
	for (size_t i = 0; i < schema->n; i++) {
		const char *name = schema->fields[i].name;
		if (tr_schema_find(schema, name) == (int)i)
			continue;
		tr_err_set(err, TR_ERR_USER,
			"the result has two columns `%s`, and %s tells columns apart by their names", name,
			format);
		return tr_err_hint(err,
			"name one of them anew with AS; csv, table and markdown show both as they are");
	}
	return true;
}

bool tr_output_new(const char *format, const struct tr_console *c, const struct tr_schema *schema,
	struct tr_target *target, struct tr_output **out, struct tr_err *err)
{
	*out = NULL;
	if (!check_names(format, schema, err))
		return false;
	if (strcmp(format, "csv") == 0)
		return tr_output_csv(schema, target, out, err);
	if (strcmp(format, "json") == 0)
		return tr_output_json(false, schema, target, out, err);
	if (strcmp(format, "jsonl") == 0)
		return tr_output_json(true, schema, target, out, err);
	if (strcmp(format, "markdown") == 0)
		return tr_output_markdown(schema, target, out, err);
	if (strcmp(format, "parquet") == 0)
		return tr_output_parquet(schema, target, out, err);
	return tr_output_table(c, schema, target, out, err);
}
