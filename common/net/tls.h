/* SPDX-License-Identifier: Apache-2.0
 *
 * tls.h - TLS contexts: what certificate to show, whom to believe. TLS 1.3 only (Mozilla "modern", guidelines 6.0); `intermediate` adds 1.2.
 *
 * Owns:    a tls is shared by its connections and freed by its owner after them. Threads: tls_reload may run while others handshake.
 */
#pragma once

#include "common/base/bytes.h"
#include "common/base/status.h"

struct tls;
struct arena;

/* A server's: PEM chain and key from files, ALPN "h2" then "http/1.1". FAILED_PRECONDITION says which file and why. */
struct tls *tls_server_new(const char *certificate_file, const char *key_file, bool intermediate, struct status *st);
/* Asks clients for a certificate by one of the authorities in the PEM file, with CRLs where it has some. A client may show none; one that does not verify ends
 * the handshake. Before the first connection; tls_reload reads this file again too. */
bool tls_server_ask(struct tls *tls, const char *authorities_file, struct status *st);
/* Reads the files again; keeps the old pair and fails where the new is unusable (missing, mismatched, expired). */
bool tls_reload(struct tls *tls, struct status *st);
/* A client's: believes only the PEM file `ca_file` (NULL: the system's), checks the server's name, offers ALPN "h2". */
struct tls *tls_client_new(const char *ca_file, struct status *st);
/* The client shows this certificate to servers that ask for one; before it connects. FAILED_PRECONDITION says which file is unusable and why. */
bool tls_client_show(struct tls *tls, const char *certificate_file, const char *key_file, struct status *st);
/* The same for fetching over HTTPS from others' servers: ALPN "http/1.1", and TLS 1.2 where they have no newer. */
struct tls *tls_https_new(const char *ca_file, struct status *st);
void tls_free(struct tls *tls);

/* ---- a local certificate authority, for kamd init ------------------------------------------------------------------------ */

/* Makes a CA (ECDSA P-256, 10 years) and writes ca.pem and ca.key (mode 0600) into `directory`. */
bool tls_make_ca(const char *directory, const char *common_name, struct status *st);
/* Makes server.pem and server.key signed by that CA, valid for `days`, for the given DNS names and addresses. */
bool tls_make_server(const char *directory, const char *const *names, size_t names_count, int days, struct status *st);
