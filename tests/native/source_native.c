/* Layer source: a relation as a stream of batches, and what its catalog says as JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "data/stream.h"
#include "source/session.h"

/* What a session's streams need for as long as they live. */
struct trtest_source {
	struct tr_session *session;
	struct tr_cancel cancel;
	_Atomic uint64_t rows, bytes;
};

bool trtest_source_open(const char *conninfo, int connections, bool accept_row_security,
	int64_t statement_timeout_ms, int64_t rate, struct trtest_source **out, struct tr_err *err)
{
	struct trtest_source *s = tr_calloc(1, sizeof *s, err);
	if (!s)
		return false;
	struct tr_session_options options = {
		.conninfo = conninfo,
		.run_id = "test-run",
		.max_connections = connections,
		.accept_row_security = accept_row_security,
		.statement_timeout_ms = statement_timeout_ms,
		.lock_timeout_ms = 1000,
		.rate_bytes_per_s = (uint64_t)rate,
		.cancel = &s->cancel,
	};
	if (!tr_cancel_init(&s->cancel, err)) {
		free(s);
		return false;
	}
	if (!tr_session_open(&options, &s->session, err)) {
		tr_cancel_clear(&s->cancel);
		free(s);
		return false;
	}
	*out = s;
	return true;
}

void trtest_source_close(struct trtest_source *s)
{
	tr_session_close(s->session);
	tr_cancel_clear(&s->cancel);
	free(s);
}

void trtest_source_cancel(struct trtest_source *s)
{
	tr_cancel_raise(&s->cancel);
}

uint64_t trtest_source_rows(struct trtest_source *s)
{
	return atomic_load(&s->rows);
}

uint64_t trtest_source_bytes(struct trtest_source *s)
{
	return atomic_load(&s->bytes);
}

/* JSON texts are freed by trtest_source_free_text. */
void trtest_source_free_text(char *text)
{
	free(text);
}

bool trtest_source_snapshot(struct trtest_source *s, char **out, struct tr_err *err)
{
	(void)err;
	const struct tr_snapshot *snapshot = tr_session_snapshot(s->session);
	json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:b, s:i}", "id", snapshot->id, "xmin_xmax",
		snapshot->xmin_xmax, "lsn", snapshot->lsn, "time_us", (json_int_t)snapshot->time_us,
		"standby", snapshot->standby, "server_version", snapshot->server_version);
	*out = json_dumps(o, 0);
	json_decref(o);
	return true;
}

bool trtest_source_relation(struct trtest_source *s, const char *name, struct tr_relation **out,
	struct tr_err *err)
{
	return tr_relation_load(tr_session_keeper(s->session), name, out, err);
}

void trtest_source_relation_free(struct tr_relation *r)
{
	tr_relation_free(r);
}

static json_t *describe_column(const struct tr_source_column *c)
{
	char type[TR_TYPE_TEXT];
	return json_pack("{s:s, s:s, s:i, s:b, s:b, s:s?, s:s?, s:s, s:i, s:f, s:i, s:s?}", "name", c->name,
		"pg_type", c->pg_type, "attnum", c->attnum, "not_null", c->not_null, "supported",
		c->supported, "why", c->why, "type", c->supported ? tr_type_format(c->type, type) : NULL,
		"select", c->select, "avg_width", c->avg_width, "n_distinct", c->n_distinct, "key_position",
		c->key_position, "comment", c->comment);
}

static json_t *describe(const struct tr_relation *r)
{
	char kind[2] = { r->kind, '\0' };
	json_t *o = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:f, s:I, s:I, s:s?, s:[], s:[]}", "schema",
		r->schema, "name", r->name, "kind", kind, "is_populated", r->is_populated, "row_security",
		r->row_security, "can_select", r->can_select, "rows", r->rows, "bytes", (json_int_t)r->bytes,
		"pages", (json_int_t)r->pages, "comment", r->comment, "columns", "foreign_keys");
	for (size_t i = 0; i < r->n_columns; i++)
		json_array_append_new(json_object_get(o, "columns"), describe_column(&r->columns[i]));
	for (size_t i = 0; i < r->n_foreign_keys; i++) {
		const struct tr_foreign_key *k = &r->foreign_keys[i];
		json_array_append_new(json_object_get(o, "foreign_keys"),
			json_pack("[s, s, s, s]", k->column, k->ref_schema, k->ref_table, k->ref_column));
	}
	return o;
}

bool trtest_source_describe(const struct tr_relation *r, char **out, struct tr_err *err)
{
	(void)err;
	json_t *o = describe(r);
	*out = json_dumps(o, 0);
	json_decref(o);
	return true;
}

bool trtest_source_list(struct trtest_source *s, char **out, struct tr_err *err)
{
	struct tr_relation **relations = NULL;
	size_t n = 0;
	if (!tr_relation_list(tr_session_keeper(s->session), &relations, &n, err))
		return false;
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++) {
		json_array_append_new(list, describe(relations[i]));
		tr_relation_free(relations[i]);
	}
	free(relations);
	*out = json_dumps(list, 0);
	json_decref(list);
	return true;
}

/* A scan of the columns with these indices; pages [first, end) where end >= 0. */
bool trtest_source_scan(struct trtest_source *s, const struct tr_relation *r, const int *columns,
	int n_columns, const char *where, int64_t first_page, int64_t end_page, bool special_to_null,
	struct ArrowArrayStream *out, struct tr_err *err)
{
	struct tr_scan scan = {
		.relation = r,
		.columns = columns,
		.n_columns = (size_t)n_columns,
		.where = where,
		.ranged = end_page >= 0,
		.first_page = first_page,
		.end_page = end_page,
		.special_to_null = special_to_null,
		.progress = { &s->rows, &s->bytes },
	};
	return tr_session_scan(s->session, &scan, out, err);
}

/* Pull a stream to its end and drop its batches: the whole error (place as JSON) comes out,
 * and the number of rows. */
bool trtest_source_drain(struct ArrowArrayStream *stream, int64_t *rows, char *place, size_t size,
	struct tr_err *err)
{
	struct ArrowArray batch;
	*rows = 0;
	place[0] = '\0';
	for (;;) {
		if (!tr_stream_next(stream, &batch, err)) {
			json_t *o = json_pack("{s:s, s:s, s:s}", "table", err->place.table, "field",
				err->place.field, "row_key", err->place.row_key);
			char *text = json_dumps(o, 0);
			tr_copy_text(place, size, text);
			free(text);
			json_decref(o);
			tr_stream_clear(stream);
			return false;
		}
		if (!batch.release)
			break;
		*rows += batch.length;
		tr_batch_clear(&batch);
	}
	tr_stream_clear(stream);
	return true;
}
