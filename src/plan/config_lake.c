/* What a configuration says of the lake in S3, its catalog and AWS. */
#include <stdio.h>
#include <string.h>

#include "io/store_s3.h"
#include "plan/config_read.h"

#define TAGS_MAX 10 /* of an object, S3's limit */
#define TAG_KEY_MAX 128
#define TAG_VALUE_MAX 256

/* ---- single values ---- */

static char **text_field(const struct tr_config_key *key, void *target)
{
	return (char **)((char *)target + key->field);
}

/* A value of those characters only. */
static void read_word_of(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target, const char *allowed, const char *what, const char *hint)
{
	char *text = tr_config_text(r, node, what);
	if (!text)
		return;
	if (*text && text[strspn(text, allowed)] == '\0' && strlen(text) <= 64)
		*text_field(key, target) = text;
	else
		tr_err_hint(tr_config_unexpected(r, node, what), "%s", hint);
}

void tr_config_read_region(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	/* It becomes a part of host names. */
	read_word_of(r, key, node, target, "abcdefghijklmnopqrstuvwxyz0123456789-", "a region",
		"write its short name, as eu-west-1");
}

void tr_config_read_account(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	read_word_of(r, key, node, target, "0123456789", "an account's id",
		"write its digits in quotes, as \"111122223333\"");
	char *id = *text_field(key, target);
	if (id && strlen(id) != 12)
		tr_err_hint(tr_config_unexpected(r, node, "an account's id of 12 digits"),
			"write its digits in quotes, as \"111122223333\"");
}

void tr_config_read_storage(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	read_word_of(r, key, node, target, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", "a storage class",
		"write its name in capitals, as STANDARD_IA or INTELLIGENT_TIERING");
	char *class = *text_field(key, target);
	if (class && (strcmp(class, "GLACIER") == 0 || strcmp(class, "DEEP_ARCHIVE") == 0))
		tr_err_hint(tr_config_wrong(r, node->pos, "objects in %s cannot be read without a restore",
				    class),
			"write GLACIER_IR, STANDARD_IA or INTELLIGENT_TIERING");
}

void tr_config_read_endpoint(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "a URL");
	if (!text)
		return;
	size_t scheme = strncmp(text, "http://", 7) == 0 ? 7 : strncmp(text, "https://", 8) == 0 ? 8 : 0;
	size_t len = strlen(text);
	while (scheme && len > scheme && text[len - 1] == '/')
		text[--len] = '\0';
	if (scheme && len > scheme && !strpbrk(text + scheme, " ?#@\t\r\n"))
		*text_field(key, target) = text;
	else
		tr_err_hint(tr_config_unexpected(r, node, "the URL of a server"),
			"write https://host or http://host:port; credentials come from the environment or a "
			"profile");
}

/* `s3://bucket/prefix` without a slash at its end; NULL: reported. */
static char *s3_location(struct tr_config_reader *r, const struct tr_yaml *node, char *text)
{
	char bucket[64], prefix[TR_KEY_MAX];
	struct tr_err found = { 0 };
	size_t len = strlen(text);
	bool s3 = strncmp(text, "s3://", 5) == 0;
	while (len > 5 && text[len - 1] == '/')
		text[--len] = '\0';
	if (s3 && tr_s3_location(text, bucket, prefix, &found))
		return text;
	struct tr_err *err = tr_config_unexpected(r, node, "a folder or s3://bucket/prefix");
	if (s3)
		tr_err_hint(err,
			"a bucket's name has 3 to 63 characters of a-z, 0-9, - and . ; a prefix has no "
			"empty, `.` or `..` parts");
	else
		tr_err_hint(err, "write the path of a local folder, as ./lake, or s3://bucket/prefix");
	return NULL;
}

void tr_config_read_location(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	char *text = tr_config_text(r, node, "a path");
	if (!text)
		return;
	char *location = strstr(text, "://") ? s3_location(r, node, text) : tr_config_path(r, node, text);
	if (!location)
		return;
	*text_field(key, target) = location;
	*(struct tr_pos *)((char *)target + key->pos) = node->pos;
}

/* ---- tags ---- */

static void check_tag(struct tr_config_reader *r, const struct tr_yaml *child, const char *value)
{
	char shown[TR_CONFIG_SHOWN];
	if (!*child->key->text || strlen(child->key->text) > TAG_KEY_MAX ||
		strncmp(child->key->text, "aws:", 4) == 0)
		tr_err_hint(tr_config_wrong(r, child->key->pos, "%s cannot be the key of a tag",
				    tr_config_show(child->key, shown)),
			"a key has 1 to %d characters and does not begin with `aws:`", TAG_KEY_MAX);
	else if (strlen(value) > TAG_VALUE_MAX)
		tr_err_hint(tr_config_wrong(r, child->pos, "the tag's value is too long"),
			"a value has at most %d characters", TAG_VALUE_MAX);
}

void tr_config_read_tags(struct tr_config_reader *r, const struct tr_config_key *key,
	const struct tr_yaml *node, void *target)
{
	struct tr_config *config = target;
	char shown[TR_CONFIG_SHOWN];
	(void)key;
	if (node->kind != TR_YAML_MAP) {
		tr_err_hint(tr_config_wrong(r, node->pos, "expected tags, got %s",
				    tr_config_show(node, shown)),
			"write `{ team: data }`");
		return;
	}
	if (node->n > TAGS_MAX) {
		tr_err_hint(tr_config_wrong(r, node->pos, "%zu tags are too many", node->n),
			"an object in S3 has at most %d", TAGS_MAX);
		return;
	}
	config->s3.tags = tr_config_alloc(r, node->n * sizeof *config->s3.tags + 1);
	for (const struct tr_yaml *child = node->first; config->s3.tags && child; child = child->next) {
		size_t mark = tr_config_enter(r, child->key->text);
		char *value = tr_config_text(r, child, "a text");
		if (value) {
			check_tag(r, child, value);
			config->s3.tags[config->s3.n_tags++] =
				(struct tr_config_tag){ tr_config_copy(r, child->key->text), value,
					child->pos };
		}
		tr_config_leave(r, mark);
	}
}

/* ---- how they fit together ---- */

static void check_s3(struct tr_config_reader *r, const struct tr_yaml *s3)
{
	const struct tr_yaml *kms = tr_yaml_find(s3, "kms_key");
	const char *encryption = r->config->s3.encryption;
	if (kms && (!encryption || strcmp(encryption, "aws:kms") != 0))
		tr_err_hint(tr_config_wrong(r, kms->key->pos,
				    "s3.kms_key: this key goes with `encryption: aws:kms` only"),
			"add `encryption: aws:kms`, or remove the key");
}

/* What is meant for a Glue table has no meaning without one. */
static void check_glue_key(struct tr_config_reader *r, const struct tr_yaml *dataset, const char *key)
{
	const struct tr_yaml *node = tr_yaml_find(dataset, key);
	if (node)
		tr_err_hint(tr_config_wrong(r, node->key->pos,
				    "datasets.%s.%s: only a Glue table has this, and lake.catalog is `%s`",
				    dataset->key->text, key, r->config->lake.catalog),
			"write `catalog: glue` under `lake`, or remove the key");
}

static void check_glue_keys(struct tr_config_reader *r, const struct tr_yaml *datasets)
{
	const struct tr_yaml *d = datasets && datasets->kind == TR_YAML_MAP ? datasets->first : NULL;
	for (; d; d = d->next) {
		check_glue_key(r, d, "partitions");
		check_glue_key(r, d, "adopt");
	}
}

/* Projection writes the lake's place into a template, where engines replace each `${name}`. */
static void check_template(struct tr_config_reader *r)
{
	const struct tr_config *c = r->config;
	for (size_t i = 0; i < c->n_datasets && strstr(c->lake.location, "${"); i++) {
		const struct tr_config_dataset *d = &c->datasets[i];
		if (!d->n_partitions || d->registered)
			continue;
		tr_err_hint(tr_config_wrong(r, c->lake.location_pos,
				    "lake.location: `${` in it would be taken for a key of the partitions of "
				    "`%s`, which Glue projects",
				    d->name),
			"write a location without `${`, or set `partitions: registered` for the datasets that "
			"are partitioned");
		return;
	}
}

void tr_config_check_lake(struct tr_config_reader *r, const struct tr_yaml *root)
{
	const struct tr_config *c = r->config;
	const struct tr_yaml *catalog = tr_yaml_find(tr_yaml_find(root, "lake"), "catalog");
	bool glue = c->lake.catalog && strcmp(c->lake.catalog, "glue") == 0;
	bool mistaken = catalog && c->lake.catalog_pos.line != catalog->pos.line;
	check_s3(r, tr_yaml_find(root, "s3"));
	if (!glue && !mistaken)
		check_glue_keys(r, tr_yaml_find(root, "datasets"));
	if (glue && c->lake.location && !tr_config_is_s3(c))
		tr_err_hint(tr_config_wrong(r, c->lake.catalog_pos,
				    "lake.catalog: Glue's tables are over files in S3, and the lake is a "
				    "local folder"),
			"write `location: s3://bucket/prefix`, or `catalog: local`");
	else if (glue && c->lake.location)
		check_template(r);
}
