/* Credentials that the machine's own service hands out: containers and instances. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/aws_source.h"
#include "io/read_file.h"

#define ANSWER_MAX ((size_t)64 << 10)
#define TOKEN_MAX ((size_t)16 << 10)
#define CONTAINER_TIMEOUT_MS 2000
#define CONTAINER_ATTEMPTS 3
#define INSTANCE_TIMEOUT_MS 1000
/* Keys that an instance hands out although they have (almost) expired are kept for so long: in an
 * outage services accept them, and the SDKs go on with them. */
#define ALMOST_US (INT64_C(60) * 1000000)
#define EXTENDED_US (INT64_C(20) * 60 * 1000000)

static void wipe(struct tr_http_response *r)
{
	if (r->body.data)
		explicit_bzero(r->body.data, r->body.len);
	tr_http_response_clear(r);
}

/* ---- containers ---- */

static bool is_metadata_host(const char *host)
{
	static const char *const HOSTS[] = { "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost",
		"[::1]" };
	struct in_addr v4;
	for (size_t i = 0; i < sizeof HOSTS / sizeof *HOSTS; i++)
		if (strcmp(host, HOSTS[i]) == 0)
			return true;
	return inet_pton(AF_INET, host, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127;
}

/* A token must not go to just any host: https, or one that only this machine can be. */
static bool check_url(const char *url, struct tr_err *err)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *host = NULL;
	bool ok = parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		(strcmp(scheme, "https") == 0 || (strcmp(scheme, "http") == 0 && is_metadata_host(host)));
	if (!ok) {
		tr_err_set(err, TR_ERR_USER,
			"AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that is not to be trusted with a token");
		tr_err_hint(err,
			"use https, or http with a loopback address, 169.254.170.2, 169.254.170.23 or "
			"[fd00:ec2::23]");
	}
	curl_free(scheme);
	curl_free(host);
	curl_url_cleanup(parts);
	return ok;
}

static bool container_url(const struct tr_aws_walk *w, char **url, struct tr_err *err)
{
	const char *relative = tr_aws_env(w->options, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = tr_aws_env(w->options, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
	struct tr_str text;
	*url = NULL;
	if (!relative && !full)
		return true;
	if (relative && relative[0] != '/') {
		tr_err_set(err, TR_ERR_USER, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with /");
		return tr_err_hint(err, "leave it as the container's service set it");
	}
	if (!relative && !check_url(full, err))
		return false;
	tr_str_init(&text, ANSWER_MAX);
	tr_str_addf(&text, "%s%s", relative ? "http://169.254.170.2" : "", relative ? relative : full);
	*url = tr_str_take(&text, err);
	tr_str_clear(&text);
	return *url != NULL;
}

/* The token's file is read each time: it is renewed in place. *token: owned; NULL: none. */
static bool container_token(const struct tr_aws_walk *w, char **token, struct tr_err *err)
{
	const char *file = tr_aws_env(w->options, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *value = tr_aws_env(w->options, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
	struct tr_buf text;
	bool found = true;
	*token = NULL;
	if (!file && !value)
		return true;
	tr_buf_init(&text, TOKEN_MAX);
	bool ok = !file || tr_read_file(file, &text, &found, err);
	if (ok && !found) {
		tr_err_set(err, TR_ERR_USER, "the container's token file %s is not there", file ? file : "");
		ok = tr_err_hint(err, "correct AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	}
	ok = ok && (*token = tr_strdup(file ? (const char *)text.data : value, err));
	if (ok)
		(*token)[strcspn(*token, "\r\n")] = '\0';
	if (text.data)
		explicit_bzero(text.data, text.cap);
	tr_buf_clear(&text);
	return ok;
}

static bool ask_container(const struct tr_aws_walk *w, const char *url, const char *token,
	struct tr_http_response *response, struct tr_err *err)
{
	const struct tr_http_header headers[] = { { "Accept", "application/json" },
		{ "Authorization", token } };
	const struct tr_http_request request = { .method = "GET",
		.url = url,
		.headers = headers,
		.n_headers = token ? 2 : 1,
		.response_max = ANSWER_MAX,
		.timeout_ms = CONTAINER_TIMEOUT_MS,
		.no_proxy = true };
	enum tr_http_fate fate;
	bool again = true, ok = false;
	for (int attempt = 0; again; attempt++) {
		tr_http_response_clear(response);
		tr_err_clear(err);
		ok = tr_http_send(w->options->http, &request, response, &fate, err);
		if ((ok && response->status < 500) || err->kind == TR_ERR_CANCELLED)
			break;
		again = attempt + 1 < CONTAINER_ATTEMPTS;
		struct tr_err waiting = { 0 };
		if (again && !tr_http_again(w->options->http, attempt, 0, &again, &waiting)) {
			*err = waiting;
			return false;
		}
	}
	return ok;
}

bool tr_aws_source_container(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	struct tr_http_response response = { 0 };
	char *url = NULL, *token = NULL;
	bool ok = container_url(w, &url, err);
	if (ok && !url)
		return tr_aws_about(out, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI is not set");
	ok = ok && container_token(w, &token, err) && ask_container(w, url, token, &response, err);
	if (ok && response.status != 200) {
		tr_err_set(err, response.status >= 500 ? TR_ERR_TRANSIENT : TR_ERR_USER,
			"the container's credentials service answered with status %ld", response.status);
		ok = tr_err_hint(err, "check that the task or pod has a role, and its token");
	}
	ok = ok &&
		tr_aws_found_json(out, (const char *)response.body.data, response.body.len, "Token",
			"the container's credentials service", err);
	if (url)
		tr_aws_about(out, "the container's role (%s)", url);
	wipe(&response);
	if (token)
		explicit_bzero(token, strlen(token));
	free(token);
	free(url);
	return ok;
}

/* ---- instances ---- */

static const char *imds_endpoint(const struct tr_aws_credentials_options *o)
{
	const char *endpoint = tr_aws_env(o, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = tr_aws_env(o, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	if (endpoint)
		return endpoint;
	return mode && strcasecmp(mode, "ipv6") == 0 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
}

/* One attempt. *found false: nobody answers, or not with 200. */
static bool imds_send(const struct tr_aws_credentials_options *o, const char *method, const char *path,
	const struct tr_http_header *header, char **out, bool *found, char *why, struct tr_err *err)
{
	const char *endpoint = imds_endpoint(o);
	struct tr_http_response response = { 0 };
	enum tr_http_fate fate;
	char url[2048];
	size_t n = strlen(endpoint);
	while (n > 0 && endpoint[n - 1] == '/')
		n--;
	snprintf(url, sizeof url, "%.*s/latest/%s", (int)(n < 1024 ? n : 1024), endpoint, path);
	const struct tr_http_request request = { .method = method,
		.url = url,
		.headers = header,
		.n_headers = 1,
		.response_max = ANSWER_MAX,
		.timeout_ms = INSTANCE_TIMEOUT_MS,
		.no_proxy = true };
	bool ok = tr_http_send(o->http, &request, &response, &fate, err);
	*found = ok && response.status == 200;
	if (ok && !*found) {
		snprintf(why, 256, "%.100s answered with status %ld", endpoint, response.status);
	} else if (!ok && err->kind == TR_ERR_TRANSIENT) {
		snprintf(why, 256, "no answer from %.100s: not on EC2", endpoint);
		tr_err_clear(err);
		ok = true;
	}
	if (*found)
		ok = (*out = tr_strndup(response.body.len ? (const char *)response.body.data : "",
			      response.body.len, err)) != NULL;
	wipe(&response);
	return ok;
}

bool tr_aws_imds_get(const struct tr_aws_credentials_options *options, const char *path, char **out,
	bool *found, char *why, struct tr_err *err)
{
	const struct tr_http_header ttl = { "x-aws-ec2-metadata-token-ttl-seconds", "21600" };
	const char *disabled = tr_aws_env(options, "AWS_EC2_METADATA_DISABLED");
	char *token = NULL;
	*found = false;
	*out = NULL;
	if (disabled && strcasecmp(disabled, "true") == 0) {
		snprintf(why, 256, "AWS_EC2_METADATA_DISABLED is true");
		return true;
	}
	if (!imds_send(options, "PUT", "api/token", &ttl, &token, found, why, err))
		return false;
	if (!*found)
		return true;
	const struct tr_http_header header = { "x-aws-ec2-metadata-token", token };
	bool ok = imds_send(options, "GET", path, &header, out, found, why, err);
	explicit_bzero(token, strlen(token));
	free(token);
	return ok;
}

bool tr_aws_source_instance(const struct tr_aws_walk *w, struct tr_aws_found *out, struct tr_err *err)
{
	char why[256], path[512];
	char *role = NULL, *answer = NULL;
	bool found = false;
	if (!tr_aws_imds_get(w->options, "meta-data/iam/security-credentials/", &role, &found, why, err))
		return false;
	if (found)
		role[strcspn(role, "\r\n")] = '\0';
	if (!found || !role[0]) {
		tr_aws_about(out, "%s", found ? "the instance has no role" : why);
		free(role);
		return true;
	}
	snprintf(path, sizeof path, "meta-data/iam/security-credentials/%.400s", role);
	bool ok = tr_aws_imds_get(w->options, path, &answer, &found, why, err);
	if (ok && !found)
		tr_aws_about(out, "%s", why);
	if (ok && found) {
		ok = tr_aws_found_json(out, answer, strlen(answer), "Token",
			"the instance's metadata service", err);
		tr_aws_about(out, "the instance's role %.200s (IMDSv2)", role);
		if (ok && out->keys.expires_us && out->keys.expires_us < w->now_us + ALMOST_US)
			out->keys.expires_us = w->now_us + EXTENDED_US;
		explicit_bzero(answer, strlen(answer));
	}
	free(answer);
	free(role);
	return ok;
}
