/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS over the loopback with certificates of our own making: who is believed, which protocol is agreed, what a reload changes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/net/loop.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	struct loop loop;
	char directory[64], certificate[96], key[96], ca[96];
	struct tls *server, *client;
};

static const char *const names[] = {"localhost", "kam.example", "127.0.0.1", "::1"};

static struct tls *client_of(const char *ca)
{
	struct status st;
	status_init(&st);
	struct tls *tls = tls_client_new(ca, &st);
	assert_non_null(tls);
	return tls;
}

static int set_up(void **state)
{
	struct status st;
	struct fixture *f = calloc(1, sizeof *f);
	status_init(&st);
	*state = f;
	strcpy(f->directory, "/tmp/kam-tls-XXXXXX");
	if (mkdtemp(f->directory) == NULL) {
		return -1;
	}
	snprintf(f->certificate, sizeof f->certificate, "%s/server.pem", f->directory);
	snprintf(f->key, sizeof f->key, "%s/server.key", f->directory);
	snprintf(f->ca, sizeof f->ca, "%s/ca.pem", f->directory);
	if (!tls_make_ca(f->directory, "kam test", &st) || !tls_make_server(f->directory, names, 4, 30, &st)) {
		return -1;
	}
	f->server = tls_server_new(f->certificate, f->key, false, &st);
	f->client = client_of(f->ca);
	return f->server != NULL && loop_start(&f->loop, f->server, &st) ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	static const char *const files[] = {"ca.pem", "ca.key", "server.pem", "server.key"};
	loop_stop(&f->loop);
	tls_free(f->server);
	tls_free(f->client);
	for (size_t i = 0; i < 4; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/%s", f->directory, files[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(f->directory), 0); /* no draft was left */
	free(f);
	return 0;
}

static X509 *read_certificate(const char *path)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	assert_non_null(certificate);
	return certificate;
}

static void makes_proper_certificates(void **state)
{
	struct fixture *f = *state;
	struct stat info;
	X509 *ca = read_certificate(f->ca), *server = read_certificate(f->certificate);
	assert_int_equal(stat(f->key, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	assert_int_equal(X509_check_ca(ca), 1);
	assert_int_equal(X509_check_ca(server), 0);
	assert_int_equal(X509_get_extension_flags(ca) & EXFLAG_CRITICAL, 0);
	assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(X509_get_key_usage(server), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(server), XKU_SSL_SERVER);
	assert_int_equal(X509_get_pathlen(ca), 0);
	assert_non_null(X509_get0_subject_key_id(server));
	assert_int_equal(ASN1_STRING_cmp((const ASN1_STRING *)X509_get0_authority_key_id(server), (const ASN1_STRING *)X509_get0_subject_key_id(ca)), 0);
	assert_int_equal(X509_verify(server, X509_get0_pubkey(ca)), 1);
	assert_int_equal(X509_check_host(server, "kam.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(server, "evil.example", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(server, "::1", 0), 1);
	int days, seconds;
	assert_int_equal(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(server)), 1);
	assert_in_range(days, 29, 30);
	X509_free(ca);
	X509_free(server);
}

static void refuses_to_make_what_would_do_harm(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"a,DNS:b"}, *const empty[] = {""};
	struct status st;
	status_init(&st);
	assert_false(tls_make_ca(f->directory, "second", &st));
	assert_int_equal(st.code, STATUS_ALREADY_EXISTS);
	status_init(&st);
	assert_false(tls_make_server(f->directory, bad, 1, 30, &st));
	assert_int_equal(st.code, STATUS_INVALID_ARGUMENT);
	status_init(&st);
	assert_false(tls_make_server(f->directory, empty, 1, 30, &st));
	status_init(&st);
	assert_false(tls_make_server(f->directory, names, 0, 30, &st));
	status_init(&st);
	assert_false(tls_make_server("/nonexistent", names, 1, 30, &st));
	assert_int_equal(st.code, STATUS_FAILED_PRECONDITION);
}

static void echoes_over_tls(void **state)
{
	static uint8_t data[2 << 20];
	struct fixture *f = *state;
	struct end *client = loop_connect(&f->loop, f->loop.address, f->client);
	for (size_t i = 0; i < sizeof data; i++) {
		data[i] = (uint8_t)(i * 7 + (i >> 9));
	}
	assert_true(LOOP_UNTIL(&f->loop, client->opened));
	assert_string_equal(client->alpn, "h2");
	io_write(client->io, (struct bytes){data, sizeof data});
	assert_true(LOOP_UNTIL(&f->loop, client->received_size == sizeof data));
	assert_memory_equal(client->received, data, sizeof data);
	assert_string_equal(f->loop.ends[1].alpn, "h2");
	io_finish(client->io);
	assert_true(LOOP_UNTIL(&f->loop, client->closed && f->loop.ends[1].closed));
	assert_string_equal(f->loop.ends[1].reason, "closed by the peer");
}

/* A record is 16 KiB, and few bytes may ask for much work: others have their turn before all of it is done, and what comes meanwhile stays in the kernel. */
static void others_have_their_turn(void **state)
{
	static uint8_t data[1 << 20];
	struct fixture *f = *state;
	struct loop *loop = &f->loop;
	for (size_t i = 0; i < sizeof data; i++) {
		data[i] = (uint8_t)(i * 7 + (i >> 9));
	}
	loop->echo = false;
	struct end *much = loop_connect(loop, loop->address, f->client);
	assert_true(LOOP_UNTIL(loop, loop->ends_count == 2));
	struct end *little = loop_connect(loop, loop->address, f->client);
	assert_true(LOOP_UNTIL(loop, much->opened && little->opened && loop->ends_count == 4 && loop->ends[1].opened && loop->ends[3].opened));
	struct end *busy = &loop->ends[1], *other = &loop->ends[3];
	busy->take_us = 1000;
	io_write(much->io, (struct bytes){data, sizeof data});
	while (busy->received_size == 0) {
		event_base_loop(loop->base, EVLOOP_ONCE);
	}
	assert_in_range(busy->received_size, 1, 8192);
	io_write(little->io, bytes_of("my turn"));
	while (other->received_size == 0 && busy->received_size < sizeof data) {
		event_base_loop(loop->base, EVLOOP_ONCE);
	}
	assert_in_range(busy->received_size, 1, sizeof data / 8);
	/* Stopping and going on in the middle of it loses nothing, nor does the peer's end. */
	io_set_reading(busy->io, false);
	size_t before = busy->received_size;
	for (int i = 0; i < 10; i++) {
		event_base_loop(loop->base, EVLOOP_NONBLOCK);
	}
	assert_int_equal(busy->received_size, before);
	busy->take_us = 250;
	io_set_reading(busy->io, true);
	io_finish(much->io);
	assert_true(LOOP_UNTIL(loop, busy->closed));
	assert_int_equal(busy->received_size, sizeof data);
	assert_memory_equal(busy->received, data, sizeof data);
}

static void stops_reading_over_tls(void **state)
{
	static uint8_t data[300000];
	struct fixture *f = *state;
	struct end *client = loop_connect(&f->loop, f->loop.address, f->client);
	assert_true(LOOP_UNTIL(&f->loop, client->opened));
	for (int round = 0; round < 20; round++) {
		size_t wanted = (size_t)(round + 1) * (sizeof data / 20);
		io_set_reading(client->io, false);
		io_write(client->io, (struct bytes){data, sizeof data / 20});
		struct timeval tick = {0, 2000};
		event_base_loopexit(f->loop.base, &tick);
		event_base_dispatch(f->loop.base);
		io_set_reading(client->io, true);
		assert_true(LOOP_UNTIL(&f->loop, client->received_size == wanted));
	}
}

static void checks_the_servers_name(void **state)
{
	struct fixture *f = *state;
	static const char *const other[] = {"other.example"};
	struct status st;
	char address[64];
	status_init(&st);
	assert_true(tls_make_server(f->directory, other, 1, 30, &st));
	assert_true(tls_reload(f->server, &st));
	struct end *number = loop_connect(&f->loop, f->loop.address, f->client);
	assert_true(LOOP_UNTIL(&f->loop, number->closed));
	assert_false(number->opened);
	assert_non_null(strstr(number->reason, "TLS handshake failed"));
	assert_non_null(strstr(number->reason, "IP address mismatch"));
	snprintf(address, sizeof address, "localhost:%d", listener_port(f->loop.listener));
	struct end *name = loop_connect(&f->loop, address, f->client);
	assert_true(LOOP_UNTIL(&f->loop, name->closed));
	assert_non_null(strstr(name->reason, "hostname mismatch"));
	for (size_t i = 0; i < f->loop.ends_count; i++) {
		assert_false(f->loop.ends[i].opened && !f->loop.ends[i].echo);
	}
}

static void accepts_names_and_numbers(void **state)
{
	struct fixture *f = *state;
	char address[64];
	snprintf(address, sizeof address, "localhost:%d", listener_port(f->loop.listener));
	struct end *name = loop_connect(&f->loop, address, f->client);
	struct end *number = loop_connect(&f->loop, f->loop.address, f->client);
	assert_true(LOOP_UNTIL(&f->loop, name->opened && number->opened));
}

static void refuses_a_strange_authority(void **state)
{
	struct fixture *f = *state;
	struct status st;
	char directory[] = "/tmp/kam-tls-XXXXXX", path[64], key[64];
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/ca.pem", directory);
	snprintf(key, sizeof key, "%s/ca.key", directory);
	status_init(&st);
	assert_true(tls_make_ca(directory, "stranger", &st));
	struct tls *stranger = client_of(path);
	struct end *client = loop_connect(&f->loop, f->loop.address, stranger);
	assert_true(LOOP_UNTIL(&f->loop, client->closed));
	assert_false(client->opened);
	assert_non_null(strstr(client->reason, "TLS handshake failed"));
	assert_true(LOOP_UNTIL(&f->loop, f->loop.ends[1].closed));
	assert_int_equal(ERR_peek_error(), 0);
	tls_free(stranger);
	unlink(path);
	unlink(key);
	rmdir(directory);
}

static void garbage_is_no_handshake(void **state)
{
	struct fixture *f = *state;
	struct end *plain = loop_connect(&f->loop, f->loop.address, NULL);
	assert_true(LOOP_UNTIL(&f->loop, plain->opened && f->loop.ends_count == 2));
	io_write(plain->io, bytes_of("GET / HTTP/1.1\r\n\r\n"));
	struct end *server = &f->loop.ends[1];
	assert_true(LOOP_UNTIL(&f->loop, server->closed && plain->closed));
	assert_false(server->opened);
	assert_non_null(strstr(server->reason, "TLS handshake failed"));
	/* Cut off in the middle of the handshake. */
	struct end *cut = loop_connect(&f->loop, f->loop.address, NULL);
	assert_true(LOOP_UNTIL(&f->loop, cut->opened && f->loop.ends_count == 4));
	io_write(cut->io, (struct bytes){(const uint8_t *)"\x16\x03\x01", 3});
	io_finish(cut->io);
	assert_true(LOOP_UNTIL(&f->loop, f->loop.ends[3].closed));
	assert_string_equal(f->loop.ends[3].reason, "TLS handshake failed: the peer closed the connection");
}

/* The serial number that a new connection is shown. */
static char *shown_serial(struct fixture *f)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)listener_port(f->loop.listener)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	connect(fd, (struct sockaddr *)&address, sizeof address);
	SSL_set_fd(ssl, fd);
	assert_true(LOOP_UNTIL(&f->loop, SSL_connect(ssl) == 1));
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	BIGNUM *number = ASN1_INTEGER_to_BN(X509_get_serialNumber(certificate), NULL);
	char *text = BN_bn2hex(number);
	BN_free(number);
	X509_free(certificate);
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(fd);
	return text;
}

static void overwrite(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void reload_swaps_the_certificate(void **state)
{
	struct fixture *f = *state;
	struct status st;
	status_init(&st);
	struct end *old = loop_connect(&f->loop, f->loop.address, f->client);
	assert_true(LOOP_UNTIL(&f->loop, old->opened));
	char *first = shown_serial(f);
	assert_true(tls_make_server(f->directory, names, 4, 60, &st));
	assert_true(tls_reload(f->server, &st));
	char *second = shown_serial(f);
	assert_string_not_equal(first, second);
	/* Connections from before go on. */
	io_write(old->io, bytes_of("still here"));
	assert_true(LOOP_UNTIL(&f->loop, old->received_size == 10));
	OPENSSL_free(first);
	OPENSSL_free(second);
}

static atomic_bool reloading;

static void *reload_often(void *context)
{
	struct fixture *f = context;
	while (atomic_load(&reloading)) {
		struct status st;
		status_init(&st);
		if (!tls_reload(f->server, &st)) {
			return f;
		}
	}
	return NULL;
}

static void reload_runs_beside_handshakes(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	void *failed;
	atomic_store(&reloading, true);
	assert_int_equal(pthread_create(&thread, NULL, reload_often, f), 0);
	for (int i = 0; i < 10; i++) {
		struct end *client = loop_connect(&f->loop, f->loop.address, f->client);
		assert_true(LOOP_UNTIL(&f->loop, client->opened));
	}
	atomic_store(&reloading, false);
	pthread_join(thread, &failed);
	assert_null(failed);
}

static void reload_keeps_the_old_pair_when_the_new_is_bad(void **state)
{
	struct fixture *f = *state;
	struct status st;
	char *first = shown_serial(f), saved[128];
	snprintf(saved, sizeof saved, "%s/server.saved", f->directory);
	status_init(&st);
	assert_int_equal(rename(f->key, saved), 0);
	assert_false(tls_reload(f->server, &st));
	assert_int_equal(st.code, STATUS_FAILED_PRECONDITION);
	assert_non_null(strstr(st.message, f->key));
	overwrite(f->key, "no key");
	status_init(&st);
	assert_false(tls_reload(f->server, &st));
	/* A key of another certificate. */
	assert_int_equal(rename(saved, f->key), 0);
	status_init(&st);
	char ca_key[128];
	snprintf(ca_key, sizeof ca_key, "%s/ca.key", f->directory);
	struct tls *mismatched = tls_server_new(f->certificate, ca_key, false, &st);
	assert_null(mismatched);
	assert_int_equal(st.code, STATUS_FAILED_PRECONDITION);
	char *second = shown_serial(f);
	assert_string_equal(first, second);
	assert_int_equal(ERR_peek_error(), 0);
	OPENSSL_free(first);
	OPENSSL_free(second);
}

static void an_expired_certificate_is_refused(void **state)
{
	struct fixture *f = *state;
	struct status st;
	FILE *file = fopen(f->key, "r");
	EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	X509 *certificate = read_certificate(f->certificate);
	X509_gmtime_adj(X509_getm_notAfter(certificate), -60);
	assert_true(X509_sign(certificate, key, EVP_sha256()) != 0);
	file = fopen(f->certificate, "w");
	PEM_write_X509(file, certificate);
	fclose(file);
	status_init(&st);
	assert_false(tls_reload(f->server, &st));
	assert_non_null(strstr(st.message, "expired"));
	X509_free(certificate);
	EVP_PKEY_free(key);
}

/* A bare OpenSSL client with the given ALPN offer and highest version; true if the handshake went through. */
static bool handshake(struct fixture *f, const char *alpn, int version, char ret_alpn[16])
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(context, version);
	if (alpn != NULL) {
		SSL_CTX_set_alpn_protos(context, (const unsigned char *)alpn, (unsigned)strlen(alpn));
	}
	SSL *ssl = SSL_new(context);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)listener_port(f->loop.listener)), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	connect(fd, (struct sockaddr *)&address, sizeof address);
	SSL_set_fd(ssl, fd);
	int result = 0;
	assert_true(LOOP_UNTIL(&f->loop, (result = SSL_connect(ssl)) == 1 ||
	                                     (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ && SSL_get_error(ssl, result) != SSL_ERROR_WANT_WRITE)));
	const unsigned char *name;
	unsigned size;
	SSL_get0_alpn_selected(ssl, &name, &size);
	snprintf(ret_alpn, 16, "%.*s", (int)size, size > 0 ? (const char *)name : "");
	SSL_free(ssl);
	SSL_CTX_free(context);
	close(fd);
	ERR_clear_error();
	return result == 1;
}

static void agrees_on_a_protocol(void **state)
{
	struct fixture *f = *state;
	char alpn[16];
	assert_true(handshake(f, "\x08http/1.1\x02h2", TLS1_3_VERSION, alpn));
	assert_string_equal(alpn, "h2");
	assert_true(handshake(f, "\x08http/1.1", TLS1_3_VERSION, alpn));
	assert_string_equal(alpn, "http/1.1");
	assert_true(handshake(f, NULL, TLS1_3_VERSION, alpn));
	assert_string_equal(alpn, "");
	assert_false(handshake(f, "\x03smb", TLS1_3_VERSION, alpn));
	assert_true(LOOP_UNTIL(&f->loop, f->loop.ends[3].closed));
}

static void speaks_1_2_only_where_told(void **state)
{
	struct fixture *f = *state;
	struct status st;
	char alpn[16];
	assert_false(handshake(f, "\x02h2", TLS1_2_VERSION, alpn));
	status_init(&st);
	struct tls *intermediate = tls_server_new(f->certificate, f->key, true, &st);
	assert_non_null(intermediate);
	f->loop.server_tls = intermediate;
	assert_true(handshake(f, "\x02h2", TLS1_2_VERSION, alpn));
	assert_false(handshake(f, "\x02h2", TLS1_1_VERSION, alpn));
	f->loop.server_tls = f->server;
	tls_free(intermediate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_proper_certificates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_to_make_what_would_do_harm, set_up, tear_down),
		cmocka_unit_test_setup_teardown(echoes_over_tls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_have_their_turn, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stops_reading_over_tls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(checks_the_servers_name, set_up, tear_down),
		cmocka_unit_test_setup_teardown(accepts_names_and_numbers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(refuses_a_strange_authority, set_up, tear_down),
		cmocka_unit_test_setup_teardown(garbage_is_no_handshake, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reload_swaps_the_certificate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reload_runs_beside_handshakes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reload_keeps_the_old_pair_when_the_new_is_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_expired_certificate_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(agrees_on_a_protocol, set_up, tear_down),
		cmocka_unit_test_setup_teardown(speaks_1_2_only_where_told, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
