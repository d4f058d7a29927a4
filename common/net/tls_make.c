/* SPDX-License-Identifier: Apache-2.0
 *
 * tls_make.c - a certificate authority of one's own and a server's certificate signed by it, for `kamd init`.
 *
 * Files appear whole or not at all: written beside their place, synced, then renamed. A key exists with mode 0600 from its first byte.
 * Source: RFC 5280 §4.2 (extensions).
 */
#include "common/base/arena.h"
#include "common/net/internal.h"
#include "common/net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SERIAL_BITS = 159,    /* RFC 5280 §4.1.2.2: at most 20 octets, positive */
	CA_DAYS = 3652,
	BACKDATE_SECONDS = 300, /* for clients whose clock is a little behind */
};

static bool fail_openssl(struct status *st, const char *what)
{
	char reason[160];
	tls_error_text(reason, sizeof reason);
	return status_fail(st, STATUS_INTERNAL, "", "%s: %s.", what, reason);
}

static bool fail_file(struct status *st, const char *what, const char *path)
{
	return status_fail(st, STATUS_FAILED_PRECONDITION, "FILE_UNUSABLE", "Cannot %s %s: %s.", what, path, strerror(errno));
}

/* ---- files ----------------------------------------------------------------------------------------------------------------------- */

static bool join_path(char path[PATH_MAX], const char *directory, const char *name, struct status *st)
{
	int size = snprintf(path, PATH_MAX, "%s/%s", directory, name);
	return (size > 0 && size < PATH_MAX) || status_fail(st, STATUS_INVALID_ARGUMENT, "", "The path %.100s… is too long.", directory);
}

static bool sync_directory(const char *directory, struct status *st)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;
	if (!ok) {
		fail_file(st, "sync", directory);
	}
	if (fd >= 0) {
		close(fd);
	}
	return ok;
}

static bool write_bytes(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, data, size);
		if (written < 0 && errno != EINTR) {
			return false;
		}
		if (written > 0) {
			data += written;
			size -= (size_t)written;
		}
	}
	return fsync(fd) == 0;
}

static bool write_file(const char *directory, const char *name, BIO *content, mode_t mode, struct status *st)
{
	char path[PATH_MAX], draft[PATH_MAX], draft_name[64];
	char *data;
	long size = BIO_get_mem_data(content, &data);
	snprintf(draft_name, sizeof draft_name, ".%s.new", name);
	if (!join_path(path, directory, name, st) || !join_path(draft, directory, draft_name, st)) {
		return false;
	}
	unlink(draft); /* left by a run that was cut off; O_EXCL then makes sure that nobody else's file is followed */
	int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0) {
		return fail_file(st, "create", draft);
	}
	bool ok = write_bytes(fd, data, (size_t)size);
	if (close(fd) != 0 || !ok || rename(draft, path) != 0) {
		fail_file(st, "write", path);
		unlink(draft);
		return false;
	}
	return sync_directory(directory, st);
}

/* Key first: a pair that was cut off in between does not match, and tls_reload says so. */
static bool write_pair(const char *directory, const char *key_name, EVP_PKEY *key, const char *certificate_name, X509 *certificate, struct status *st)
{
	BIO *key_text = BIO_new(BIO_s_secmem()), *certificate_text = BIO_new(BIO_s_mem());
	bool ok = key_text != NULL && certificate_text != NULL && PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	          PEM_write_bio_X509(certificate_text, certificate) == 1;
	if (!ok) {
		fail_openssl(st, "The key could not be encoded");
	} else {
		ok = write_file(directory, key_name, key_text, 0600, st) && write_file(directory, certificate_name, certificate_text, 0644, st);
	}
	BIO_free(key_text);
	BIO_free(certificate_text);
	return ok;
}

static FILE *open_file(const char *directory, const char *name, struct status *st)
{
	char path[PATH_MAX];
	if (!join_path(path, directory, name, st)) {
		return NULL;
	}
	FILE *file = fopen(path, "re");
	if (file == NULL) {
		fail_file(st, "open", path);
	}
	return file;
}

static bool read_ca(const char *directory, X509 **ret_certificate, EVP_PKEY **ret_key, struct status *st)
{
	FILE *certificate_file = open_file(directory, "ca.pem", st), *key_file = certificate_file != NULL ? open_file(directory, "ca.key", st) : NULL;
	bool ok = key_file != NULL;
	if (ok) {
		*ret_certificate = PEM_read_X509(certificate_file, NULL, NULL, NULL);
		*ret_key = PEM_read_PrivateKey(key_file, NULL, NULL, (char *)"");
		ok = *ret_certificate != NULL && *ret_key != NULL && X509_check_private_key(*ret_certificate, *ret_key) == 1;
		if (!ok) {
			fail_openssl(st, "ca.pem and ca.key are not a usable pair");
		}
	}
	if (certificate_file != NULL) {
		fclose(certificate_file);
	}
	if (key_file != NULL) {
		fclose(key_file);
	}
	return ok;
}

/* ---- certificates ------------------------------------------------------------------------------------------------------------------ */

static bool set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	bool ok = number != NULL && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
	          BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
	BN_free(number);
	return ok;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return ok;
}

/* Both ends count (RFC 5280 §4.1.2.5), and some clients refuse a certificate that is valid for a second more than their limit. */
static bool set_common(X509 *certificate, EVP_PKEY *key, const char *common_name, int days)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) && X509_set_pubkey(certificate, key) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -BACKDATE_SECONDS) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), days, -BACKDATE_SECONDS - 1, NULL) != NULL &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) == 1;
}

bool tls_make_ca(const char *directory, const char *common_name, struct status *st)
{
	char path[PATH_MAX], key_path[PATH_MAX];
	if (!join_path(path, directory, "ca.pem", st) || !join_path(key_path, directory, "ca.key", st)) {
		return false;
	}
	if (access(path, F_OK) == 0 && access(key_path, F_OK) == 0) {
		return status_fail(st, STATUS_ALREADY_EXISTS, "CA_EXISTS", "%s exists already; whoever trusts it would trust no new one.", path);
	}
	ERR_clear_error();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	bool ok = key != NULL && certificate != NULL && set_common(certificate, key, common_name, CA_DAYS) &&
	          X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
	          add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	          add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	          add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
	          add_extension(certificate, certificate, NID_authority_key_identifier, "keyid:always") &&
	          X509_sign(certificate, key, EVP_sha256()) != 0;
	if (!ok) {
		fail_openssl(st, "The certificate authority could not be made");
	} else {
		ok = write_pair(directory, "ca.key", key, "ca.pem", certificate, st);
	}
	X509_free(certificate);
	EVP_PKEY_free(key);
	return ok;
}

static GENERAL_NAME *general_name(const char *name)
{
	struct in6_addr number;
	bool is_address = inet_pton(AF_INET, name, &number) == 1 || inet_pton(AF_INET6, name, &number) == 1;
	GENERAL_NAME *general = GENERAL_NAME_new();
	ASN1_STRING *value = is_address ? a2i_IPADDRESS(name) : ASN1_IA5STRING_new();
	if (general == NULL || value == NULL || (!is_address && ASN1_STRING_set(value, name, -1) != 1)) {
		GENERAL_NAME_free(general);
		ASN1_STRING_free(value);
		return NULL;
	}
	GENERAL_NAME_set0_value(general, is_address ? GEN_IPADD : GEN_DNS, value);
	return general;
}

/* Built as a structure, not from configuration text: a name cannot then add names of its own. */
static bool add_names(X509 *certificate, const char *const *names, size_t names_count)
{
	GENERAL_NAMES *list = GENERAL_NAMES_new();
	bool ok = list != NULL;
	for (size_t i = 0; ok && i < names_count; i++) {
		GENERAL_NAME *name = general_name(names[i]);
		ok = name != NULL && sk_GENERAL_NAME_push(list, name) > 0;
		if (!ok) {
			GENERAL_NAME_free(name);
		}
	}
	ok = ok && X509_add1_ext_i2d(certificate, NID_subject_alt_name, list, 0, X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(list);
	return ok;
}

static bool check_names(const char *const *names, size_t names_count, int days, struct status *st)
{
	if (names_count == 0 || days < 1) {
		return status_fail(st, STATUS_INVALID_ARGUMENT, "", "A server's certificate needs at least one name and one day.");
	}
	for (size_t i = 0; i < names_count; i++) {
		size_t size = strlen(names[i]);
		if (size == 0 || size > 253 || strspn(names[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:*") != size) {
			return status_fail(st, STATUS_INVALID_ARGUMENT, "", "\"%.100s\" is neither a DNS name nor an address.", names[i]);
		}
	}
	return true;
}

static bool make_server(X509 *certificate, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key, const char *const *names, size_t names_count, int days)
{
	char common_name[65]; /* RFC 5280 A.1: ub-common-name is 64; clients read the alternative names */
	snprintf(common_name, sizeof common_name, "%s", names[0]);
	return set_common(certificate, key, common_name, days) && X509_set_issuer_name(certificate, X509_get_subject_name(ca)) == 1 &&
	       add_extension(certificate, ca, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(certificate, ca, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(certificate, ca, NID_ext_key_usage, "serverAuth") && add_names(certificate, names, names_count) &&
	       add_extension(certificate, ca, NID_subject_key_identifier, "hash") &&
	       add_extension(certificate, ca, NID_authority_key_identifier, "keyid:always") && X509_sign(certificate, ca_key, EVP_sha256()) != 0;
}

bool tls_make_server(const char *directory, const char *const *names, size_t names_count, int days, struct status *st)
{
	X509 *ca = NULL, *certificate = NULL;
	EVP_PKEY *ca_key = NULL, *key = NULL;
	ERR_clear_error();
	bool ok = check_names(names, names_count, days, st) && read_ca(directory, &ca, &ca_key, st);
	if (ok) {
		key = EVP_EC_gen("P-256");
		certificate = X509_new();
		ok = key != NULL && certificate != NULL && make_server(certificate, key, ca, ca_key, names, names_count, days);
		if (!ok) {
			fail_openssl(st, "The server's certificate could not be made");
		} else {
			ok = write_pair(directory, "server.key", key, "server.pem", certificate, st);
		}
	}
	X509_free(certificate);
	EVP_PKEY_free(key);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	return ok;
}
