/*
 * The files of AWS's tools (`~/.aws/config`, `~/.aws/credentials`): sections with settings, as
 * the SDKs read them. Below a setting without a value (`s3 =`), deeper settings are its parts;
 * other lines that continue a setting are skipped. ` #` and ` ;` begin a comment. Any bytes are
 * safe to parse; errors name the line and never show its text, which may be a secret.
 */
#ifndef TR_IO_AWS_INI_H
#define TR_IO_AWS_INI_H

#include "base/mem.h"

#define TR_AWS_INI_MAX ((size_t)1 << 20)

struct tr_aws_ini_section {
	const char *kind, *name; /* `[profile x]`, `[sso-session x]`; kind is "" for `[x]` */
};
struct tr_aws_ini_setting {
	size_t section;
	const char *name, *value; /* names in lower case; a value may be "" */
	const char *part_of;      /* the setting that it stands below; NULL: none */
};
/* Zeroed before the first use. Its texts point into `text`. */
struct tr_aws_ini {
	struct tr_buf text;
	struct tr_aws_ini_section *sections;
	struct tr_aws_ini_setting *settings;
	size_t n_sections, cap_sections, n_settings, cap_settings;
};

/* Parse a copy of text; `path` is for messages. */
bool tr_aws_ini_parse(const char *text, size_t n, const char *path, struct tr_aws_ini *out,
	struct tr_err *err) TR_CHECKED;
/* The same from a file; one that is not there is empty. */
bool tr_aws_ini_load(const char *path, struct tr_aws_ini *out, struct tr_err *err) TR_CHECKED;
void tr_aws_ini_clear(struct tr_aws_ini *ini);

bool tr_aws_ini_has(const struct tr_aws_ini *ini, const char *kind, const char *name);
/* The last value of a setting; NULL: not there. Borrowed. */
const char *tr_aws_ini_get(const struct tr_aws_ini *ini, const char *kind, const char *name,
	const char *setting);
/* The last value of a part of a setting: `endpoint_url` below `s3 =`. */
const char *tr_aws_ini_part(const struct tr_aws_ini *ini, const char *kind, const char *name,
	const char *setting, const char *part);

#endif
