/* SPDX-License-Identifier: Apache-2.0
 *
 * throttle.h - how often signing in may fail, so that passwords cannot be guessed and nobody can be locked out.
 *
 * Every try is charged before its password is looked at, and is given back if it was right. It is charged to three allowances: the user's from this address,
 * the user's from all addresses, and the address's for all users. Where one of them is empty the try is *over*: it fails even with the right password, with
 * the same answer after the same work.
 *
 * What that must not become is a way to keep a user out:
 *  - Who is signed in is not asked: sessions and API tokens work on, and so does changing the password, which has an allowance of its own.
 *  - Where the user has signed in from lately they are known. There only an allowance of its own counts, which is wider and which nobody elsewhere can empty.
 *  - One address alone can empty only its own share of a user's allowance. One that has emptied its own is not charged to users any more.
 *  - An over try is charged no further, so that an allowance fills again as soon as the tries stop; nothing is ever locked until somebody unlocks it.
 *  - Whoever gets a one-time token from an administrator and sets a password with it is known from there.
 * What is left: several addresses together can keep a user from signing in at an address where they have not been, as long as they go on, unless an
 * administrator helps.
 *
 * Known and unknown names are treated alike. The counts are in a fixed number of cells, two rows of which each name has one by a keyed hash: the one
 * that was charged less counts. So no entry is ever evicted to make room for another, and a name cannot be made to share both its cells with another on purpose. All is in memory
 * and forgotten at the end of the process; that somebody is known is then told by their sessions, which have the address (session.c).
 *
 * Threads: any.
 */
#pragma once

#include "common/base/network.h"
#include "server/access/settings.h"

#include <stdbool.h>
#include <stdint.h>

struct throttle;

/* One try to sign in, or to change a password. */
struct throttle_try {
	const char *user;       /* as the caller of throttle_begin gave it, and owned by them: "users/jane" */
	struct network network; /* where from */
	bool charged;           /* to all three */
	bool known_charged;     /* to the allowance of where the user is known */
	bool over;              /* not to be believed by strangers even if it is right */
	bool known_over;        /* not to be believed at all */
};

struct throttle *throttle_new(const struct throttle_limits *limits);
void throttle_free(struct throttle *throttle);
/* Charges a try. `now_us` by the monotonic clock. */
void throttle_begin(struct throttle *throttle, const char *user, const char *address, int64_t now_us, struct throttle_try *ret_try);
/* It was right and is believed: what it was charged is given back, and the user is known from there. */
void throttle_right(struct throttle *throttle, const struct throttle_try *attempt);
/* The user has signed in from this address since the process began, and not too many others after them. */
bool throttle_knows(struct throttle *throttle, const char *user, const char *address);
/* Somebody is known from this address. */
bool throttle_knows_address(struct throttle *throttle, const char *address);
/* The user is known from this address from now on. */
void throttle_know(struct throttle *throttle, const char *user, const char *address);
/* Charges a change of the user's password, which is given back by throttle_change_right. False where that has failed too often. */
bool throttle_change_begin(struct throttle *throttle, const char *user, int64_t now_us);
void throttle_change_right(struct throttle *throttle, const char *user);
