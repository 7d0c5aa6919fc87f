/* Certificates, against a TLS server of the test's own. */
#include "http_client.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <signal.h>

struct tls_server {
	int fd;
	char url[64];
	SSL_CTX *context;
	pthread_t thread;
};

static void *tls_serve(void *context)
{
	struct tls_server *t = context;
	int fd;
	while ((fd = accept(t->fd, NULL, NULL)) >= 0) {
		char bytes[4096];
		SSL *ssl = SSL_new(t->context);
		SSL_set_fd(ssl, fd);
		if (SSL_accept(ssl) == 1 && SSL_read(ssl, bytes, sizeof bytes) > 0) {
			const char *answer = ANSWER("200 OK", "Connection: close\r\n", "2", "ok");
			SSL_write(ssl, answer, (int)strlen(answer));
			SSL_shutdown(ssl);
		}
		SSL_free(ssl);
		close(fd);
	}
	return NULL;
}

/* A certificate for 127.0.0.1 that signs itself, also written to a file. */
static void make_certificate(SSL_CTX *context, const char *path)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509V3_CTX v3;
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)"tests", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509V3_set_ctx(&v3, x, x, NULL, NULL, 0);
	X509_EXTENSION *alt = X509V3_EXT_conf_nid(NULL, &v3, NID_subject_alt_name, "IP:127.0.0.1");
	X509_add_ext(x, alt, -1);
	X509_EXTENSION_free(alt);
	X509_sign(x, key, EVP_sha256());
	assert_int_equal(SSL_CTX_use_certificate(context, x), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(context, key), 1);
	FILE *f = fopen(path, "w");
	PEM_write_X509(f, x);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

static void tls_start(struct tls_server *t, const char *path)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	t->context = SSL_CTX_new(TLS_server_method());
	make_certificate(t->context, path);
	t->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(t->fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(listen(t->fd, 8), 0);
	getsockname(t->fd, (struct sockaddr *)&at, &n);
	snprintf(t->url, sizeof t->url, "https://127.0.0.1:%d", ntohs(at.sin_port));
	pthread_create(&t->thread, NULL, tls_serve, t);
}

static void tls_stop(struct tls_server *t)
{
	shutdown(t->fd, SHUT_RDWR);
	pthread_join(t->thread, NULL);
	close(t->fd);
	SSL_CTX_free(t->context);
}

static void an_untrusted_certificate_is_the_users_error_until_its_authority_is_named(void **state)
{
	(void)state;
	struct tls_server t;
	struct client c;
	char path[] = "/tmp/tailrace-ca-XXXXXX";
	int fd = mkstemp(path);
	close(fd);
	signal(SIGPIPE, SIG_IGN);
	tls_start(&t, path);
	client_init(&c, NULL, 0);
	assert_false(get(&c, t.url));
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_int_equal(c.fate, TR_HTTP_NOT_SENT);
	assert_non_null(strstr(c.err.what, "the certificate of 127.0.0.1:"));
	assert_non_null(strstr(c.err.what, " is not trusted"));
	assert_non_null(strstr(c.err.hint, "ca_file"));
	assert_non_null(strstr(c.err.hint, "AWS_CA_BUNDLE"));
	client_clear(&c);
	struct variables env = { { "AWS_CA_BUNDLE" }, { path } };
	client_init(&c, &env, 0);
	assert_ok(get(&c, t.url), c.err);
	assert_body(&c, "ok");
	client_clear(&c);
	env.values[0] = "/no/such/file.pem";
	client_init(&c, &env, 0);
	assert_false(get(&c, t.url));
	assert_int_equal(c.err.kind, TR_ERR_USER);
	assert_string_equal(c.err.what, "the certificates of /no/such/file.pem could not be read");
	client_clear(&c);
	tls_stop(&t);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_untrusted_certificate_is_the_users_error_until_its_authority_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
