/* SPDX-License-Identifier: Apache-2.0
 *
 * load.h - what the parts of bench-load share: connections that speak just enough HTTP/2 to keep many calls going at little cost, for client and server share the cores.
 *
 * Owns:    a call belongs to whoever starts it and lives until its `done`; then it may be started again.   Threads: one.
 */
#pragma once

#include "common/net/io.h"
#include "common/net/tls.h"

#include <nghttp2/nghttp2.h>

struct link;

struct load {
	struct event_base *base;
	struct tls *tls;
	const char *address;    /* host:port */
	const char *authorization;
	bool json;              /* Connect with JSON instead of gRPC */
	void (*opened)(struct load *load, struct link *link);
	size_t links_open;      /* counted before `opened` */
};

struct call {
	const char *path;
	uint8_t body[512];      /* as it goes out, a prefix included */
	size_t body_size, sent;
	int32_t stream_id;
	struct link *link;
	bool failed;
	int64_t started_us;
	/* Bytes of the answer; may be NULL. */
	void (*data)(struct call *call, struct bytes bytes);
	void (*done)(struct call *call);
	void *user;
};

/* Connects; `load->opened` is called when it is up. Ends the program where that fails, as does everything here: half a load measures nothing. */
struct link *link_new(struct load *load);
/* Queues a call; link_pump sends what is queued, and so does every arrival. */
void link_call(struct link *link, struct call *call);
void link_pump(struct link *link);
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* load_calls.c: the bodies of the calls. */
void call_get(struct call *call, const struct load *load, unsigned account);
void call_update(struct call *call, const struct load *load, unsigned account, unsigned number);
void call_watch(struct call *call);
