#include "io/pg_password.h"

#include <jansson.h>
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

static void add_settings(struct tr_str *text, const PQconninfoOption *settings)
{
	for (const PQconninfoOption *s = settings; s->keyword; s++)
		if (s->val && s->val[0])
			add_setting(text, s->keyword, s->val);
}

/* NULL: not given. */
static const char *given(const PQconninfoOption *settings, const char *name)
{
	for (const PQconninfoOption *s = settings; s->keyword; s++)
		if (strcmp(s->keyword, name) == 0)
			return s->val && s->val[0] ? s->val : NULL;
	return NULL;
}

/* A value of the secret: text, or a number such as a port. "" where it has none. buf has 32 bytes. */
static const char *member(const json_t *secret, const char *name, char *buf)
{
	const json_t *value = json_object_get(secret, name);
	if (json_is_integer(value)) {
		snprintf(buf, 32, "%lld", (long long)json_integer_value(value));
		return buf;
	}
	return json_is_string(value) ? json_string_value(value) : "";
}

/* What the conninfo leaves out comes from the secret. */
static void add_missing(struct tr_str *text, const PQconninfoOption *settings, const json_t *secret)
{
	static const char *const NAMES[][2] = { { "host", "host" }, { "port", "port" },
		{ "user", "username" }, { "dbname", "dbname" } };
	char buf[32];
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		const char *value = member(secret, NAMES[i][1], buf);
		if (*value && !given(settings, NAMES[i][0]))
			add_setting(text, NAMES[i][0], value);
	}
}

/* The conninfo's settings with the password behind them; secret: may be NULL. */
static bool compose(const PQconninfoOption *settings, const json_t *secret, const char *password, char **out,
	struct tr_err *err)
{
	struct tr_str text;
	tr_str_init(&text, CONNINFO_MAX);
	add_settings(&text, settings);
	/* With a service, its file says the rest, and the secret would override it. */
	if (!given(settings, "service"))
		add_missing(&text, settings, secret);
	add_setting(&text, "password", password);
	*out = tr_str_take(&text, err);
	tr_str_clear(&text);
	return *out != NULL;
}

/* The conninfo taken apart, where it has no password of its own. `other` is what else gives one. */
static PQconninfoOption *parse(const char *conninfo, const char *other, struct tr_err *err)
{
	PQconninfoOption *settings = PQconninfoParse(conninfo, NULL);
	if (!settings) {
		tr_err_set(err, TR_ERR_USER, "source.url is not a connection's address");
		tr_err_hint(err,
			"write postgres://user@host:5432/database, or key=value text as `service=shop`");
	} else if (given(settings, "password")) {
		tr_err_set(err, TR_ERR_USER, "source.url has a password, and there is a %s", other);
		tr_err_hint(err, "leave one of the two out");
		PQconninfoFree(settings);
		settings = NULL;
	}
	return settings;
}

bool tr_pg_add_password(const char *conninfo, const char *command, const char *folder, const char *const *env,
	char **out, struct tr_err *err)
{
	static const char *const SECRETS[] = { "DATABASE_URL", "PGPASSWORD", NULL };
	struct tr_buf password;
	PQconninfoOption *settings = parse(conninfo, "source.password_command", err);
	*out = NULL;
	if (!settings)
		return false;
	tr_buf_init(&password, PASSWORD_MAX + 1);
	const char **child = tr_process_environment(env, SECRETS, err);
	bool ok = child && run(command, folder, child, &password, err) &&
		compose(settings, NULL, (const char *)password.data, out, err);
	free(child);
	PQconninfoFree(settings);
	if (password.data)
		explicit_bzero(password.data, password.cap);
	tr_buf_clear(&password);
	return ok;
}

/* ---- stored secrets ---- */

static bool check_secret(const char *name, const PQconninfoOption *settings, const json_t *secret,
	const char *password, struct tr_err *err)
{
	char buf[32];
	const char *engine = member(secret, "engine", buf), *own = member(secret, "username", buf);
	const char *user = given(settings, "user");
	if (user && *own && strcmp(user, own) != 0) {
		tr_err_set(err, TR_ERR_USER,
			"source.url names the user %.100s, and the secret %.200s is that of %.100s", user,
			name, own);
		return tr_err_hint(err, "leave the user out of source.url, or name its own secret");
	}
	if (*engine && !strstr(engine, "postgres")) {
		tr_err_set(err, TR_ERR_USER, "the secret %.200s is for %.40s, not for Postgres", name,
			engine);
		return tr_err_hint(err, "name the secret of the Postgres database in source.secret");
	}
	if (!*password) {
		tr_err_set(err, TR_ERR_USER, "the secret %.200s holds no password", name);
		return tr_err_hint(err,
			"store the password alone, or JSON with username and password as RDS does");
	}
	return true;
}

bool tr_pg_add_secret(const char *conninfo, const char *name, const char *text, char **out,
	struct tr_err *err)
{
	char plain[PASSWORD_MAX], buf[32];
	*out = NULL;
	PQconninfoOption *settings = parse(conninfo, "source.secret", err);
	if (!settings)
		return false;
	json_t *secret = json_loads(text, 0, NULL);
	size_t n = strcspn(text, "\r\n");
	snprintf(plain, sizeof plain, "%.*s", (int)(n < sizeof plain ? n : 0), text);
	const char *password = json_is_object(secret) ? member(secret, "password", buf) : plain;
	bool ok = check_secret(name, settings, secret, password, err) &&
		compose(settings, secret, password, out, err);
	explicit_bzero(plain, sizeof plain);
	json_decref(secret);
	PQconninfoFree(settings);
	return ok;
}
