#include "run/lakehouse.h"

#include <stdlib.h>
#include <string.h>

#include "io/store_s3.h"
#include "plan/plan_resources.h"

/* Without a configuration: as io/http.h has them. */
#define STALL_TIMEOUT_MS 30000
#define ATTEMPTS 5

static const char *variable(const struct tr_lakehouse_options *o, const char *name)
{
	return tr_environment_get(o->env, o->env_context, name);
}

/* ---- S3 ---- */

static bool reading_keys(void *context, struct tr_aws_keys *out, struct tr_err *err)
{
	return tr_aws_credentials_get(context, out, err);
}

/* How the embedded engine gets at the files: as the store does. */
static void set_reading(struct tr_lakehouse *l, const struct tr_lakehouse_options *o,
	const struct tr_store_s3_options *s3, const char *bucket)
{
	const char *ca = o->config ? o->config->aws.ca_file : NULL;
	ca = ca ? ca : variable(o, "AWS_CA_BUNDLE");
	l->reading = (struct tr_s3_reading){ .endpoint = l->s3_endpoint,
		.region = l->aws.region,
		.path_style = tr_s3_in_path(l->s3_endpoint, bucket, s3->path_style),
		.ca_file = ca ? ca : variable(o, "SSL_CERT_FILE"),
		.libdir = variable(o, "TAILRACE_LIBDIR"),
		.stall_timeout_ms = o->config ? o->config->aws.stall_timeout_ms : STALL_TIMEOUT_MS,
		.attempts = o->config ? o->config->aws.attempts : ATTEMPTS,
		.keys = reading_keys,
		.context = l->aws.credentials };
	l->store->s3 = &l->reading;
}

static void set_s3(const struct tr_config *c, struct tr_store_s3_options *s3, struct tr_s3_tag *tags)
{
	for (size_t i = 0; i < c->s3.n_tags; i++)
		tags[i] = (struct tr_s3_tag){ c->s3.tags[i].key, c->s3.tags[i].value };
	s3->path_style = c->s3.path_style;
	s3->encryption = c->s3.encryption;
	s3->kms_key = c->s3.kms_key;
	s3->storage_class = c->s3.storage_class;
	s3->expected_owner = c->s3.expected_bucket_owner;
	s3->tags = tags;
	s3->n_tags = c->s3.n_tags;
	s3->part_size = c->s3.part_size;
	s3->uploads = tr_plan_uploads(c);
}

static bool open_s3(struct tr_lakehouse *l, const struct tr_lakehouse_options *o, const char *location,
	struct tr_err *err)
{
	const struct tr_config_aws_options aws = { o->config, o->cancel, o->env, o->env_context };
	struct tr_store_s3_options s3 = { .aws = &l->aws.aws, .location = location };
	char bucket[64], prefix[TR_KEY_MAX];
	if (!tr_s3_location(location, bucket, prefix, err) || !tr_config_aws_open(&aws, &l->aws, err) ||
		!tr_aws_endpoint(&l->aws.aws, "s3", o->config ? o->config->s3.endpoint : NULL,
			&l->s3_endpoint, err))
		return false;
	s3.endpoint = l->s3_endpoint;
	/* Who names another server by the environment or a profile alone has no way to say how it wants
	 * its buckets: in the path is what they all take. */
	s3.path_style = variable(o, "AWS_ENDPOINT_URL_S3") || variable(o, "AWS_ENDPOINT_URL") ||
		!tr_aws_endpoint_is_own(l->s3_endpoint);
	struct tr_s3_tag *tags = tr_calloc(o->config ? o->config->s3.n_tags + 1 : 1, sizeof *tags, err);
	if (!tags)
		return false;
	if (o->config)
		set_s3(o->config, &s3, tags);
	bool ok = tr_store_s3_open(&s3, &l->store, err);
	free(tags);
	if (ok)
		set_reading(l, o, &s3, bucket);
	return ok;
}

/* ---- Glue ---- */

static void set_table(const struct tr_config_dataset *d, struct tr_glue_table *table,
	struct tr_glue_doc *docs)
{
	*table = (struct tr_glue_table){ .dataset = d->name,
		.partitions = d->registered ? TR_GLUE_REGISTERED : TR_GLUE_PROJECTION,
		.adopt = d->adopt,
		.doc = d->doc,
		.docs = docs };
	for (size_t i = 0; i < d->n_columns; i++)
		if (d->columns[i].doc)
			docs[table->n_docs++] = (struct tr_glue_doc){ d->columns[i].name, d->columns[i].doc };
}

static bool open_glue(struct tr_lakehouse *l, const struct tr_config *c, struct tr_err *err)
{
	size_t n_docs = 0;
	for (size_t i = 0; i < c->n_datasets; i++)
		n_docs += c->datasets[i].n_columns;
	l->tables = tr_calloc(c->n_datasets + 1, sizeof *l->tables, err);
	l->docs = tr_calloc(n_docs + 1, sizeof *l->docs, err);
	if (!l->tables || !l->docs)
		return false;
	struct tr_glue_doc *docs = l->docs;
	for (size_t i = 0; i < c->n_datasets; i++) {
		set_table(&c->datasets[i], &l->tables[i], docs);
		docs += l->tables[i].n_docs;
	}
	const struct tr_glue_options options = { .aws = &l->aws.aws,
		.database = c->lake.database,
		.tables = l->tables,
		.n_tables = c->n_datasets };
	if (!tr_glue_new(&options, &l->glue, err))
		return false;
	l->lake.catalog = tr_glue_catalog(l->glue);
	return true;
}

/* ---- any lake ---- */

bool tr_lakehouse_open(const struct tr_lakehouse_options *o, struct tr_lakehouse *out, struct tr_err *err)
{
	const char *location = o->location ? o->location : o->config->lake.location;
	bool s3 = strncmp(location, "s3://", 5) == 0;
	/* In S3 without Glue the manifests are all there is: nobody looks for a newer one after a commit. */
	*out = (struct tr_lakehouse){ .lake.catalog = s3 ? NULL : &tr_catalog_local };
	bool ok = s3 ? open_s3(out, o, location, err)
		     : tr_store_local_open(location, o->create, &out->store, err);
	out->lake.store = out->store;
	if (ok && s3 && o->config && strcmp(o->config->lake.catalog, "glue") == 0)
		ok = open_glue(out, o->config, err);
	if (!ok)
		tr_lakehouse_close(out);
	return ok;
}

void tr_lakehouse_close(struct tr_lakehouse *l)
{
	tr_glue_free(l->glue);
	free(l->tables);
	free(l->docs);
	tr_store_free(l->store);
	free(l->s3_endpoint);
	tr_config_aws_close(&l->aws);
	*l = (struct tr_lakehouse){ 0 };
}
