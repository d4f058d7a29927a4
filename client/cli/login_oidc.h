/* SPDX-License-Identifier: Apache-2.0
 *
 * login_oidc.h - an ID token of the server's issuer, for a person at this machine: they sign in there in a browser, and the browser brings the answer here.
 *
 * Source: RFC 8252 (native apps: the loopback address), RFC 7636 (PKCE), RFC 9207 (iss in the answer); OpenID Connect Core 1.0 section 3.1.
 */
#pragma once

struct cli;
struct status;

/* The token, in the command's arena; NULL and `st` says why there is none. Prints the address to open on standard error. */
const char *login_oidc_token(struct cli *cli, struct status *st);
