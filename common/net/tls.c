/* SPDX-License-Identifier: Apache-2.0
 *
 * tls.c - OpenSSL contexts: TLS 1.3 (or 1.2 too), ALPN, whom a client believes, and changing a server's certificate while it runs.
 *
 * A context is never changed once connections use it: a reload makes a new one and swaps the pointer under a lock; OpenSSL counts the references of the
 * connections that still run on the old one.
 * Source: Mozilla Server Side TLS 6.0; RFC 7301 (ALPN); RFC 6125 (names).
 */
#include "common/net/tls.h"

#include "common/net/internal.h"

#include <arpa/inet.h>
#include <assert.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tls {
	pthread_mutex_t lock; /* guards `context` */
	SSL_CTX *context;
	char *certificate_file, *key_file, *authorities_file; /* the last one: of clients; NULL: they are not asked */
	bool intermediate, server;
};

static const unsigned char alpn_server[] = "\x02h2\x08http/1.1", alpn_client[] = "\x02h2", alpn_https[] = "\x08http/1.1";
static const char groups[] = "X25519:P-256:P-384";
static const char ciphers_1_2[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                                  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

void tls_error_text(char *text, size_t size)
{
	unsigned long error = ERR_get_error();
	const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;
	snprintf(text, size, "%s", reason != NULL ? reason : "unknown error");
	ERR_clear_error();
}

static bool fail_file(struct status *st, const char *what, const char *file)
{
	char reason[160];
	tls_error_text(reason, sizeof reason);
	return status_fail(st, STATUS_FAILED_PRECONDITION, "TLS_FILE_UNUSABLE", "%s %s cannot be used: %s.", what, file, reason);
}

/* ---- contexts ----------------------------------------------------------------------------------------------------------------- */

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in, unsigned in_size, void *context)
{
	(void)ssl;
	(void)context;
	unsigned char *chosen;
	if (SSL_select_next_proto(&chosen, out_size, alpn_server, sizeof alpn_server - 1, in, in_size) != OPENSSL_NPN_NEGOTIATED) {
		return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 §3.2: no_application_protocol */
	}
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* A key with a pass phrase would otherwise ask for it on the terminal. */
static int no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

static SSL_CTX *context_new(const SSL_METHOD *method, bool intermediate)
{
	SSL_CTX *context = SSL_CTX_new(method);
	if (context == NULL) {
		return NULL;
	}
	/* A peer that closes without close_notify has closed: HTTP/2 frames say whether anything is missing. */
	SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT); /* passwords and tokens pass OpenSSL's buffers */
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_default_passwd_cb(context, no_passphrase);
	if (!SSL_CTX_set_min_proto_version(context, intermediate ? TLS1_2_VERSION : TLS1_3_VERSION) || !SSL_CTX_set1_groups_list(context, groups) ||
	    !SSL_CTX_set_cipher_list(context, ciphers_1_2)) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

static bool load_pair(SSL_CTX *context, const char *certificate_file, const char *key_file, struct status *st)
{
	if (SSL_CTX_use_certificate_chain_file(context, certificate_file) != 1) {
		return fail_file(st, "The certificate", certificate_file);
	}
	if (SSL_CTX_use_PrivateKey_file(context, key_file, SSL_FILETYPE_PEM) != 1) {
		return fail_file(st, "The key", key_file);
	}
	if (SSL_CTX_check_private_key(context) != 1) {
		return fail_file(st, "The key does not belong to the certificate;", key_file);
	}
	if (X509_cmp_current_time(X509_get0_notAfter(SSL_CTX_get0_certificate(context))) < 0) {
		return status_fail(st, STATUS_FAILED_PRECONDITION, "TLS_CERTIFICATE_EXPIRED", "The certificate %s has expired; put a new one in its place.",
		                   certificate_file);
	}
	return true;
}

/* Clients need show nothing; what they show must be theirs, by one of these, and meant for clients. Lists of what was revoked count where the file has some. */
static bool ask_clients(SSL_CTX *context, const char *file, struct status *st)
{
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
	if (names == NULL || SSL_CTX_load_verify_file(context, file) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return fail_file(st, "The file of client authorities", file);
	}
	SSL_CTX_set_client_CA_list(context, names);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		if (X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_CRL) {
			X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_CRL_CHECK);
		}
	}
	return true;
}

static SSL_CTX *server_context(const struct tls *tls, struct status *st)
{
	static const unsigned char session_context[] = "kam";
	ERR_clear_error();
	SSL_CTX *context = context_new(TLS_server_method(), tls->intermediate);
	if (context == NULL) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "TLS cannot be set up: out of memory.");
		return NULL;
	}
	if (tls->intermediate) {
		/* In TLS 1.2 whoever learns the key of the tickets reads all that was said under them; so sessions stay here, in OpenSSL's bounded cache. */
		SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
		/* The order is ours, but for clients that put ChaCha20 first, for these have no AES in hardware. */
		SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	}
	SSL_CTX_set_session_id_context(context, session_context, sizeof session_context - 1);
	SSL_CTX_set_alpn_select_cb(context, select_alpn, NULL);
	if (!load_pair(context, tls->certificate_file, tls->key_file, st) || (tls->authorities_file && !ask_clients(context, tls->authorities_file, st))) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

static struct tls *tls_new(bool server, struct status *st)
{
	struct tls *tls = calloc(1, sizeof *tls);
	if (tls == NULL) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "Out of memory.");
		return NULL;
	}
	pthread_mutex_init(&tls->lock, NULL);
	tls->server = server;
	return tls;
}

struct tls *tls_server_new(const char *certificate_file, const char *key_file, bool intermediate, struct status *st)
{
	struct tls *tls = tls_new(true, st);
	if (tls == NULL) {
		return NULL;
	}
	tls->intermediate = intermediate;
	tls->certificate_file = strdup(certificate_file);
	tls->key_file = strdup(key_file);
	if (tls->certificate_file == NULL || tls->key_file == NULL) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "Out of memory.");
	} else {
		tls->context = server_context(tls, st);
	}
	if (tls->context == NULL) {
		tls_free(tls);
		return NULL;
	}
	return tls;
}

bool tls_server_ask(struct tls *tls, const char *authorities_file, struct status *st)
{
	tls->authorities_file = strdup(authorities_file);
	if (tls->authorities_file == NULL) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "Out of memory.");
	}
	return tls_reload(tls, st);
}

bool tls_client_show(struct tls *tls, const char *certificate_file, const char *key_file, struct status *st)
{
	ERR_clear_error();
	return load_pair(tls->context, certificate_file, key_file, st);
}

bool tls_reload(struct tls *tls, struct status *st)
{
	assert(tls->server);
	SSL_CTX *context = server_context(tls, st);
	if (context == NULL) {
		return false;
	}
	pthread_mutex_lock(&tls->lock);
	SSL_CTX *old = tls->context;
	tls->context = context;
	pthread_mutex_unlock(&tls->lock);
	SSL_CTX_free(old);
	return true;
}

static struct tls *client_new(const char *ca_file, const unsigned char *alpn, unsigned alpn_size, bool intermediate, struct status *st)
{
	struct tls *tls = tls_new(false, st);
	if (tls == NULL) {
		return NULL;
	}
	ERR_clear_error();
	tls->context = context_new(TLS_client_method(), intermediate);
	if (tls->context == NULL || SSL_CTX_set_alpn_protos(tls->context, alpn, alpn_size) != 0) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "TLS cannot be set up: out of memory.");
		tls_free(tls);
		return NULL;
	}
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	int loaded = ca_file != NULL ? SSL_CTX_load_verify_file(tls->context, ca_file) : SSL_CTX_set_default_verify_paths(tls->context);
	if (loaded != 1) {
		fail_file(st, "The certificate authority", ca_file != NULL ? ca_file : "of the system");
		tls_free(tls);
		return NULL;
	}
	return tls;
}

struct tls *tls_client_new(const char *ca_file, struct status *st)
{
	return client_new(ca_file, alpn_client, sizeof alpn_client - 1, false, st);
}

struct tls *tls_https_new(const char *ca_file, struct status *st)
{
	return client_new(ca_file, alpn_https, sizeof alpn_https - 1, true, st);
}

void tls_free(struct tls *tls)
{
	if (tls == NULL) {
		return;
	}
	SSL_CTX_free(tls->context);
	pthread_mutex_destroy(&tls->lock);
	free(tls->certificate_file);
	free(tls->key_file);
	free(tls->authorities_file);
	free(tls);
}

/* ---- connections --------------------------------------------------------------------------------------------------------------- */

/* A name is checked and sent as SNI; a number is checked against the certificate's addresses (RFC 6066 §3 forbids it as SNI). */
static bool expect_host(SSL *ssl, const char *host)
{
	struct in6_addr number;
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	if (inet_pton(AF_INET, host, &number) == 1 || inet_pton(AF_INET6, host, &number) == 1) {
		return X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
	}
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(param, host, 0) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

SSL *tls_connection_new(struct tls *tls, const char *host)
{
	pthread_mutex_lock(&tls->lock);
	SSL *ssl = SSL_new(tls->context); /* takes its own reference to the context */
	pthread_mutex_unlock(&tls->lock);
	if (ssl != NULL && !tls->server && !expect_host(ssl, host)) {
		SSL_free(ssl);
		ssl = NULL;
	}
	return ssl;
}

/* ---- a client's certificate ----------------------------------------------------------------------------------------------------- */

/* Text without blanks, controls or NUL: it is compared with names that people write. */
static bool plain_text(const ASN1_STRING *text, char *ret_name)
{
	int size = ASN1_STRING_length(text);
	const unsigned char *data = ASN1_STRING_get0_data(text);
	if (size < 1 || size >= IO_CERTIFICATE_NAME_BYTES) {
		return false;
	}
	for (int i = 0; i < size; i++) {
		if (data[i] <= ' ' || data[i] > '~') {
			return false;
		}
	}
	memcpy(ret_name, data, (size_t)size);
	ret_name[size] = '\0';
	return true;
}

/* The only name of a kind. `ret_name` stays empty where there are several or it is not plain. Returns how many there are. */
static unsigned only_name(const GENERAL_NAMES *names, int kind, char *ret_name)
{
	unsigned count = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != kind) {
			continue;
		}
		if (!plain_text(name->d.ia5, ret_name) || ++count > 1) {
			ret_name[0] = '\0';
			return 2;
		}
	}
	return count;
}

static int64_t end_of(const X509 *certificate)
{
	struct tm time;
	return ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) == 1 ? (int64_t)timegm(&time) * 1000000 : 0;
}

struct io_certificate *tls_peer_certificate(SSL *ssl, bool *ret_ok)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	*ret_ok = true;
	if (certificate == NULL) {
		return NULL;
	}
	struct io_certificate *told = calloc(1, sizeof *told);
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
	char *digits = serial != NULL ? BN_bn2hex(serial) : NULL;
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	*ret_ok = told != NULL && digits != NULL && SSL_get_verify_result(ssl) == X509_V_OK;
	if (*ret_ok) {
		snprintf(told->serial, sizeof told->serial, "%s", digits);
		told->end_us = end_of(certificate);
		if (names != NULL && only_name(names, GEN_URI, told->name) == 0) {
			only_name(names, GEN_EMAIL, told->name);
		}
	} else {
		free(told);
		told = NULL;
	}
	GENERAL_NAMES_free(names);
	OPENSSL_free(digits);
	BN_free(serial);
	ERR_clear_error();
	return told;
}
