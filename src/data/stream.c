#include "data/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct stream_private {
	struct tr_schema schema;
	const struct tr_stream_ops *ops;
	void *self;
	struct tr_err err;
	char text[1024];
};

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	struct stream_private *priv = stream->private_data;
	return tr_schema_to_arrow(&priv->schema, out, &priv->err) ? 0 : ENOMEM;
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct stream_private *priv = stream->private_data;
	memset(out, 0, sizeof *out);
	if (priv->err.kind != TR_ERR_NONE)
		return EIO; /* a stream that failed stays failed */
	return priv->ops->next(priv->self, out, &priv->err) ? 0 : EIO;
}

static const char *stream_last_error(struct ArrowArrayStream *stream)
{
	struct stream_private *priv = stream->private_data;
	if (priv->err.kind == TR_ERR_NONE)
		return NULL;
	tr_copy_text(priv->text, sizeof priv->text, priv->err.what);
	size_t len = strlen(priv->text);
	if (priv->err.detail[0] && len + 8 < sizeof priv->text) {
		memcpy(priv->text + len, ": ", 3);
		tr_copy_text(priv->text + len + 2, sizeof priv->text - len - 2, priv->err.detail);
	}
	return priv->text;
}

static void stream_release(struct ArrowArrayStream *stream)
{
	struct stream_private *priv = stream->private_data;
	priv->ops->free(priv->self);
	tr_schema_clear(&priv->schema);
	free(priv);
	stream->release = NULL;
	stream->private_data = NULL;
}

bool tr_stream_init(struct ArrowArrayStream *out, const struct tr_schema *schema,
	const struct tr_stream_ops *ops, void *self, struct tr_err *err)
{
	memset(out, 0, sizeof *out);
	struct stream_private *priv = tr_calloc(1, sizeof *priv, err);
	if (!priv || !tr_schema_copy(&priv->schema, schema, err)) {
		free(priv);
		ops->free(self);
		return false;
	}
	priv->ops = ops;
	priv->self = self;
	out->get_schema = stream_get_schema;
	out->get_next = stream_get_next;
	out->get_last_error = stream_last_error;
	out->release = stream_release;
	out->private_data = priv;
	return true;
}

static bool stream_failed(struct ArrowArrayStream *stream, int code, struct tr_err *err)
{
	if (stream->get_last_error == stream_last_error) {
		struct stream_private *priv = stream->private_data;
		if (err->kind == TR_ERR_NONE)
			*err = priv->err;
		return false;
	}
	const char *text = stream->get_last_error(stream);
	tr_err_set(err, TR_ERR_INTERNAL, "a stream failed (%s)", strerror(code));
	return tr_err_detail(err, "%s", text ? text : "");
}

bool tr_stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out, struct tr_err *err)
{
	int code = stream->get_next(stream, out);
	return code == 0 || stream_failed(stream, code, err);
}

bool tr_stream_schema(struct ArrowArrayStream *stream, struct tr_schema *out, struct tr_err *err)
{
	struct ArrowSchema schema;
	int code = stream->get_schema(stream, &schema);
	if (code != 0)
		return stream_failed(stream, code, err);
	bool ok = tr_schema_from_arrow(out, &schema, err);
	schema.release(&schema);
	return ok;
}

void tr_stream_clear(struct ArrowArrayStream *stream)
{
	if (stream->release)
		stream->release(stream);
}

void tr_batch_clear(struct ArrowArray *batch)
{
	if (batch->release)
		batch->release(batch);
}

void tr_batch_move(struct ArrowArray *dst, struct ArrowArray *src)
{
	*dst = *src;
	memset(src, 0, sizeof *src);
}
