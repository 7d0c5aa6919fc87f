#include "io/aws_credentials.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "io/aws_source.h"

#define MINUTE_US (INT64_C(60) * 1000000)
/* Renewed so long before they expire; from the second on everybody waits for it. Of keys that live
 * shorter than an hour, a quarter and a sixth of their time. */
#define RENEW_US (15 * MINUTE_US)
#define WAIT_US (10 * MINUTE_US)
/* Keys that could not be renewed are used until so long before their end, and asked for anew
 * not more often than this. */
#define LAST_US MINUTE_US
#define PAUSE_US (MINUTE_US / 2)
#define STORY_MAX ((size_t)16 << 10)

/* In the SDKs' order. */
static const struct {
	const char *name;
	tr_aws_source ask;
} SOURCES[] = {
	{ "environment", tr_aws_source_environment },
	{ "assumed role", tr_aws_source_role },
	{ "web identity", tr_aws_source_web_identity },
	{ "SSO", tr_aws_source_sso },
	{ "credentials file", tr_aws_source_credentials_file },
	{ "credential_process", tr_aws_source_process },
	{ "config file", tr_aws_source_config_file },
	{ "container", tr_aws_source_container },
	{ "instance metadata", tr_aws_source_instance },
};
#define N_SOURCES (sizeof SOURCES / sizeof *SOURCES)

struct tr_aws_credentials {
	struct tr_aws_credentials_options options; /* texts are owned */
	char *profile, *region, *endpoint;
	bool fixed;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t renewed;
	bool renewing;
	uint64_t walks;              /* ended so far */
	struct tr_err failure;       /* of the last walk; kind NONE: it found keys */
	struct tr_aws_keys keys;     /* access_key NULL: none */
	int64_t fetched_us, next_us; /* when they came; not to be asked for before */
	char *source, *tried;
};

/* ---- keys ---- */

static void wipe_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

void tr_aws_keys_clear(struct tr_aws_keys *keys)
{
	wipe_free(keys->access_key);
	wipe_free(keys->secret_key);
	wipe_free(keys->session_token);
	memset(keys, 0, sizeof *keys);
}

static bool copy_keys(const struct tr_aws_keys *from, struct tr_aws_keys *out, struct tr_err *err)
{
	struct tr_aws_found copy = { 0 };
	if (!tr_aws_found_keys(&copy, from->access_key, from->secret_key, from->session_token,
		    from->expires_us, err)) {
		tr_aws_keys_clear(&copy.keys);
		return false;
	}
	*out = copy.keys;
	return true;
}

/* ---- making one ---- */

static bool new_provider(struct tr_aws_credentials **out, struct tr_err *err)
{
	struct tr_aws_credentials *c = tr_calloc(1, sizeof *c, err);
	*out = c;
	if (!c)
		return false;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->renewed, NULL);
	return true;
}

static bool keep(const char *text, char **out, struct tr_err *err)
{
	return !text || (*out = tr_strdup(text, err));
}

bool tr_aws_credentials_new(const struct tr_aws_credentials_options *options, struct tr_aws_credentials **out,
	struct tr_err *err)
{
	struct tr_aws_credentials *c;
	if (!new_provider(&c, err))
		return false;
	c->options = *options;
	if (!keep(options->profile, &c->profile, err) || !keep(options->region, &c->region, err) ||
		!keep(options->endpoint, &c->endpoint, err)) {
		tr_aws_credentials_free(c);
		return false;
	}
	c->options.profile = c->profile;
	c->options.region = c->region;
	c->options.endpoint = c->endpoint;
	*out = c;
	return true;
}

bool tr_aws_credentials_fixed(const struct tr_aws_keys *keys, struct tr_aws_credentials **out,
	struct tr_err *err)
{
	if (!new_provider(out, err))
		return false;
	(*out)->fixed = true;
	if (copy_keys(keys, &(*out)->keys, err))
		return true;
	tr_aws_credentials_free(*out);
	*out = NULL;
	return false;
}

void tr_aws_credentials_free(struct tr_aws_credentials *c)
{
	if (!c)
		return;
	tr_aws_keys_clear(&c->keys);
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->renewed);
	free(c->profile);
	free(c->region);
	free(c->endpoint);
	free(c->source);
	free(c->tried);
	free(c);
}

/* ---- one walk through the chain ---- */

struct outcome {
	struct tr_aws_found found;
	struct tr_str tried;
	char *source_text, *tried_text;
};

static const char *profile_name(const struct tr_aws_credentials_options *o)
{
	const char *profile = o->profile ? o->profile : tr_aws_env(o, "AWS_PROFILE");
	return profile ? profile : "default";
}

/* A profile that is named must be there. */
static bool check_profile(const struct tr_aws_credentials_options *o, const struct tr_aws_profiles *profiles,
	struct tr_err *err)
{
	const char *name = profile_name(o);
	bool named = o->profile || tr_aws_env(o, "AWS_PROFILE");
	if (!named || tr_aws_profile_exists(profiles, name))
		return true;
	tr_err_set(err, TR_ERR_USER, "there is no AWS profile %.200s", name);
	tr_err_detail(err, "looked in %s and %s", profiles->config_path, profiles->credentials_path);
	return tr_err_hint(err, "correct %s, or make it with `aws configure --profile %.200s`",
		o->profile ? "aws.profile" : "AWS_PROFILE", name);
}

static bool nowhere(const struct tr_str *tried, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "no AWS credentials were found");
	tr_err_detail(err, "%s", tried->ptr ? tried->ptr : "");
	return tr_err_hint(err,
		"set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile (aws.profile, "
		"AWS_PROFILE), or run where a container or instance has a role");
}

static bool ask_all(const struct tr_aws_walk *w, struct outcome *o, struct tr_err *err)
{
	for (size_t i = 0; i < N_SOURCES; i++) {
		/* The environment's keys need no profile. */
		if (i == 1 && !check_profile(w->options, w->profiles, err))
			return false;
		memset(&o->found, 0, sizeof o->found);
		bool ok = SOURCES[i].ask(w, &o->found, err);
		tr_str_addf(&o->tried, "%s%s: %s%s", i ? "\n" : "", SOURCES[i].name,
			!ok                      ? "failed: "
				: o->found.found ? "used: "
						 : "",
			ok ? o->found.about : err->what);
		if (!ok || o->found.found)
			return ok;
	}
	return nowhere(&o->tried, err);
}

static int64_t now_us(const struct tr_aws_credentials *c)
{
	return c->options.now_us ? c->options.now_us(c->options.now_context) : tr_clock_wall_us();
}

static bool expired(const struct tr_aws_found *f, int64_t now, struct tr_err *err)
{
	if (!f->keys.expires_us || f->keys.expires_us > now)
		return false;
	tr_err_set(err, TR_ERR_USER, "the AWS credentials of %.300s have expired already", f->about);
	tr_err_hint(err, "renew them, and check this machine's clock");
	return true;
}

static bool walk(const struct tr_aws_credentials *c, struct outcome *o, struct tr_err *err)
{
	struct tr_aws_profiles profiles = { 0 };
	const struct tr_aws_credentials_options *options = &c->options;
	struct tr_aws_walk w = { .options = options,
		.profiles = &profiles,
		.profile = profile_name(options),
		.skip_env = options->profile != NULL,
		.now_us = now_us(c) };
	/* Read anew each time: keys may have been changed since. */
	bool ok = tr_aws_profiles_load(options->env, options->env_context, &profiles, err) &&
		ask_all(&w, o, err) && !expired(&o->found, now_us(c), err);
	tr_aws_profiles_clear(&profiles);
	return ok;
}

/* ---- keeping and renewing ---- */

static int64_t shorter(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool have_keys(const struct tr_aws_credentials *c)
{
	return c->keys.access_key != NULL;
}

static bool lives(const struct tr_aws_credentials *c, int64_t now, int64_t left_us)
{
	return have_keys(c) && (!c->keys.expires_us || c->keys.expires_us - now > left_us);
}

/* Under the lock: may the keys at hand be used without asking anybody now? */
static bool good(const struct tr_aws_credentials *c, int64_t now)
{
	int64_t life = c->keys.expires_us - c->fetched_us;
	if (c->fixed || lives(c, now, shorter(RENEW_US, life / 4)))
		return true;
	if (now < c->next_us)
		return lives(c, now, LAST_US);
	return c->renewing && lives(c, now, shorter(WAIT_US, life / 6));
}

/* Under the lock: take what a walk brought. */
static void settle(struct tr_aws_credentials *c, struct outcome *o, const struct tr_err *failure)
{
	int64_t now = now_us(c);
	c->renewing = false;
	c->walks++;
	c->failure = *failure;
	free(c->tried);
	c->tried = o->tried_text;
	if (failure->kind) {
		c->next_us = now + PAUSE_US;
	} else {
		tr_aws_keys_clear(&c->keys);
		c->keys = o->found.keys;
		memset(&o->found.keys, 0, sizeof o->found.keys);
		c->fetched_us = now;
		c->next_us = 0;
		free(c->source);
		c->source = o->source_text;
		o->source_text = NULL;
	}
	pthread_cond_broadcast(&c->renewed);
}

/* Under the lock, which is open while the sources are asked. */
static void renew(struct tr_aws_credentials *c)
{
	struct outcome o = { 0 };
	struct tr_err failure = { 0 };
	c->renewing = true;
	pthread_mutex_unlock(&c->lock);
	tr_str_init(&o.tried, STORY_MAX);
	bool ok = walk(c, &o, &failure) && keep(o.found.about, &o.source_text, &failure);
	o.tried_text = tr_str_take(&o.tried, &failure);
	if (ok && o.tried_text)
		tr_err_clear(&failure);
	pthread_mutex_lock(&c->lock);
	settle(c, &o, &failure);
	tr_aws_keys_clear(&o.found.keys);
	tr_str_clear(&o.tried);
	free(o.source_text);
}

bool tr_aws_credentials_get(struct tr_aws_credentials *c, struct tr_aws_keys *out, struct tr_err *err)
{
	bool ok = false;
	memset(out, 0, sizeof *out);
	pthread_mutex_lock(&c->lock);
	if (!good(c, now_us(c))) {
		/* Who waits takes the answer of the walk that he waited for, bad or good. */
		uint64_t before = c->walks;
		if (!c->renewing)
			renew(c);
		while (c->renewing && c->walks == before)
			pthread_cond_wait(&c->renewed, &c->lock);
	}
	if (c->fixed || lives(c, now_us(c), c->failure.kind ? LAST_US : 0))
		ok = copy_keys(&c->keys, out, err);
	else if (c->failure.kind)
		*err = c->failure;
	else
		tr_err_set(err, TR_ERR_TRANSIENT, "the AWS credentials expired while they were fetched");
	pthread_mutex_unlock(&c->lock);
	return ok;
}

void tr_aws_credentials_expired(struct tr_aws_credentials *c, const struct tr_aws_keys *keys)
{
	pthread_mutex_lock(&c->lock);
	/* Others may have been fetched meanwhile. */
	if (!c->fixed && have_keys(c) && strcmp(c->keys.access_key, keys->access_key) == 0 &&
		strcmp(c->keys.secret_key, keys->secret_key) == 0) {
		tr_aws_keys_clear(&c->keys);
		c->next_us = 0;
	}
	pthread_mutex_unlock(&c->lock);
}

bool tr_aws_credentials_story(struct tr_aws_credentials *c, char **source, char **tried, struct tr_err *err)
{
	pthread_mutex_lock(&c->lock);
	*source = tr_strdup(c->source ? c->source : "", err);
	*tried = *source ? tr_strdup(c->tried ? c->tried : "", err) : NULL;
	pthread_mutex_unlock(&c->lock);
	if (*tried)
		return true;
	free(*source);
	*source = NULL;
	return false;
}

/* ---- the region ---- */

static bool no_region(const char *why, struct tr_err *err)
{
	tr_err_set(err, TR_ERR_USER, "the AWS region is not known");
	if (why[0])
		tr_err_detail(err, "%s", why);
	return tr_err_hint(err,
		"set aws.region in tailrace.yaml, AWS_REGION, or `region` in the AWS profile");
}

static bool region_of_profile(const struct tr_aws_credentials_options *options, char **out,
	struct tr_err *err)
{
	struct tr_aws_profiles profiles = { 0 };
	if (!tr_aws_profiles_load(options->env, options->env_context, &profiles, err))
		return false;
	const char *region = tr_aws_profile_get(&profiles, profile_name(options), "region");
	bool ok = check_profile(options, &profiles, err) && keep(region, out, err);
	tr_aws_profiles_clear(&profiles);
	return ok;
}

bool tr_aws_region(const char *configured, const struct tr_aws_credentials_options *options, char **out,
	struct tr_err *err)
{
	const char *region = configured ? configured : tr_aws_env(options, "AWS_REGION");
	char why[256] = "";
	bool found = false;
	*out = NULL;
	if (!region)
		region = tr_aws_env(options, "AWS_DEFAULT_REGION");
	if (region)
		return keep(region, out, err);
	if (!region_of_profile(options, out, err))
		return false;
	if (*out)
		return true;
	if (!options->http)
		return no_region("", err);
	if (!tr_aws_imds_get(options, "meta-data/placement/region", out, &found, why, err))
		return false;
	if (found && (*out)[0])
		return true;
	free(*out);
	*out = NULL;
	return no_region(why, err);
}
