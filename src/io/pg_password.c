#include "io/pg_password.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/process.h"

#define TIMEOUT_MS 30000
#define PASSWORD_MAX 16384 /* a token of a cloud's identity service has some 2 KiB */
#define CONNINFO_MAX 65536

static bool failed(const char *what, const struct tr_buf *errors, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "source.password_command %s", what);
	if (errors->len > 0)
		tr_err_detail(err, "%.*s", (int)(errors->len < 2048 ? errors->len : 2048),
			(const char *)errors->data);
	return tr_err_hint(err, "run the command by hand: it must print the password in its first line");
}

static bool run(const char *command, const char *folder, const char *const *env, struct tr_buf *password,
	struct tr_err *err)
{
	const char *const argv[] = { "/bin/sh", "-c", command, NULL };
	const struct tr_process process = { .argv = argv,
		.env = env,
		.folder = folder,
		.timeout_ms = TIMEOUT_MS };
	struct tr_buf errors;
	char what[64];
	int status = 0;
	bool ok = false;
	tr_buf_init(&errors, 4096);
	if (!tr_process_run(&process, password, &errors, &status, err) ||
		!tr_buf_append(password, "", 1, err))
		goto out;
	if (status != 0) {
		snprintf(what, sizeof what, "ended with code %d", status);
		failed(what, &errors, err);
		goto out;
	}
	password->data[strcspn((const char *)password->data, "\r\n")] = '\0';
	ok = password->data[0] || failed("printed no password", &errors, err);
out:
	tr_buf_clear(&errors);
	return ok;
}

static void add_setting(struct tr_str *out, const char *name, const char *value)
{
	tr_str_addf(out, "%s%s='", out->len ? " " : "", name);
	for (const char *p = value; *p; p++) {
		if (*p == '\'' || *p == '\\')
			tr_str_addc(out, '\\');
		tr_str_addc(out, *p);
	}
	tr_str_addc(out, '\'');
}

/* The conninfo's settings with the password behind them. */
static bool compose(const PQconninfoOption *settings, const char *password, char **out, struct tr_err *err)
{
	struct tr_str text;
	tr_str_init(&text, CONNINFO_MAX);
	for (const PQconninfoOption *s = settings; s->keyword; s++)
		if (s->val && s->val[0])
			add_setting(&text, s->keyword, s->val);
	add_setting(&text, "password", password);
	*out = tr_str_take(&text, err);
	tr_str_clear(&text);
	return *out != NULL;
}

static bool has_password(const PQconninfoOption *settings)
{
	for (const PQconninfoOption *s = settings; s->keyword; s++)
		if (strcmp(s->keyword, "password") == 0)
			return s->val && s->val[0];
	return false;
}

bool tr_pg_add_password(const char *conninfo, const char *command, const char *folder, const char *const *env,
	char **out, struct tr_err *err)
{
	static const char *const SECRETS[] = { "DATABASE_URL", "PGPASSWORD", NULL };
	bool ok = false;
	struct tr_buf password;
	const char **child = NULL;
	PQconninfoOption *settings = PQconninfoParse(conninfo, NULL);
	tr_buf_init(&password, PASSWORD_MAX + 1);
	*out = NULL;
	if (!settings) {
		tr_err_set(err, TR_ERR_USER, "source.url is not a connection's address");
		tr_err_hint(err,
			"write postgres://user@host:5432/database, or key=value text as `service=shop`");
	} else if (has_password(settings)) {
		tr_err_set(err, TR_ERR_USER,
			"source.url has a password, and there is a source.password_command");
		tr_err_hint(err, "leave one of the two out");
	} else {
		child = tr_process_environment(env, SECRETS, err);
		ok = child && run(command, folder, child, &password, err) &&
			compose(settings, (const char *)password.data, out, err);
	}
	free(child);
	PQconninfoFree(settings);
	if (password.data)
		explicit_bzero(password.data, password.cap);
	tr_buf_clear(&password);
	return ok;
}
