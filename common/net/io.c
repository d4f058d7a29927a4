/* SPDX-License-Identifier: Apache-2.0
 *
 * io.c - a connected byte stream: libevent's bufferevent, plain or over OpenSSL, reduced to four events.
 *
 * Callbacks are deferred by libevent, so none runs inside a call of ours. An owner may free the io in any of them: the io is marked and goes when the
 * callback has returned. There is never a read high watermark: over TLS it strands bytes inside OpenSSL (libevent #690, #854).
 *
 * An end that we choose sends everything, shuts our side and waits a moment for the peer's, since closing with unread input makes the kernel
 * reset the connection and the peer may lose our last words.
 */
#include "common/net/io.h"

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/net/internal.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SINGLE_BYTES = 64 << 10, /* read or written before another connection's turn */
	TURN_US = 500,           /* for which an owner is given more before another connection's turn */
	PIECE_LEAST_BYTES = 1 << 10, /* given to the owner at a time: at first, and where a piece took it longer than a turn */
	PIECE_MOST_BYTES = 16 << 10, /* where pieces are little work */
};

/* ---- callbacks to the owner ------------------------------------------------------------------------------------------------------- */

static void enter(struct io *io)
{
	io->busy++;
}

static void release(struct io *io)
{
	free(io->names);
	free(io->certificate);
	free(io);
}

/* After a callback: false, and the io is gone, where its owner freed it. */
static bool leave(struct io *io)
{
	assert(io->busy > 0);
	io->busy--;
	if (!io->freed) {
		return true;
	}
	if (io->busy == 0) {
		release(io);
	}
	return false;
}

void io_close(struct io *io, const char *reason)
{
	if (io->state == IO_CLOSED) {
		return;
	}
	io->state = IO_CLOSED;
	event_del(io->timer);
	if (io->bufferevent != NULL) {
		bufferevent_disable(io->bufferevent, EV_READ | EV_WRITE);
	}
	enter(io);
	io->events->closed(io->context, io, reason);
	leave(io);
}

static void opened(struct io *io)
{
	char alpn[16] = "";
	SSL *ssl = bufferevent_openssl_get_ssl(io->bufferevent);
	if (ssl != NULL) {
		const unsigned char *name;
		unsigned size;
		SSL_get0_alpn_selected(ssl, &name, &size);
		if (size > 0 && size < sizeof alpn) {
			memcpy(alpn, name, size);
			alpn[size] = '\0';
		}
		if (io->names == NULL) { /* a server's */
			bool ok;
			io->certificate = tls_peer_certificate(ssl, &ok);
			if (!ok) {
				io_close(io, "out of memory");
				return;
			}
		}
	}
	io->state = IO_OPEN;
	enter(io);
	io->events->open(io->context, io, alpn);
	leave(io);
}

/* Shuts our side. From here the timer, the peer's end or an error closes. */
static void linger(struct io *io)
{
	const struct timeval delay = {LIMIT_LINGER_MS / 1000, LIMIT_LINGER_MS % 1000 * 1000};
	SSL *ssl = bufferevent_openssl_get_ssl(io->bufferevent);
	io->state = IO_LINGERING;
	if (ssl != NULL) {
		ERR_clear_error();
		SSL_shutdown(ssl);
		ERR_clear_error();
	}
	shutdown(bufferevent_getfd(io->bufferevent), SHUT_WR);
	bufferevent_enable(io->bufferevent, EV_READ);
	event_add(io->timer, &delay);
}

/* ---- libevent calls back ----------------------------------------------------------------------------------------------------------- */

/* How much to give next, after a piece that took so long. */
static void fit_piece(struct io *io, int64_t took_us)
{
	if (took_us > TURN_US) {
		io->piece_bytes = PIECE_LEAST_BYTES;
	} else if (took_us < TURN_US / 8 && io->piece_bytes < PIECE_MOST_BYTES) {
		io->piece_bytes *= 2;
	}
}

/* Gives the owner what came in. Where that takes it long, for a few bytes may ask for much work, other connections have their turn before the rest, and
 * meanwhile no more is read. */
static void give(struct io *io)
{
	struct evbuffer *input = bufferevent_get_input(io->bufferevent);
	int64_t now_us = clock_monotonic_us(), end_us = now_us + TURN_US;
	bool late = false;
	enter(io);
	while (!late && !io->freed && io->state == IO_OPEN && !io->stopped && evbuffer_get_length(input) > 0) {
		struct evbuffer_iovec piece;
		if (io->partial) {
			evbuffer_pullup(input, -1);
		}
		evbuffer_peek(input, -1, NULL, &piece, 1);
		size_t size = io->partial || piece.iov_len < io->piece_bytes ? piece.iov_len : io->piece_bytes;
		size_t taken = io->events->data(io->context, io, (struct bytes){piece.iov_base, size});
		if (io->freed) {
			break;
		}
		assert(taken <= size);
		bool whole = size == evbuffer_get_length(input);
		io->partial = taken < size;
		evbuffer_drain(input, taken);
		if (io->partial && whole) {
			break;
		}
		if (evbuffer_get_length(input) > 0) {
			int64_t before_us = now_us;
			now_us = clock_monotonic_us();
			fit_piece(io, now_us - before_us);
			late = now_us > end_us;
		}
	}
	if (late && io->state == IO_OPEN && !io->stopped) {
		io->resting = true;
		bufferevent_disable(io->bufferevent, EV_READ);
		event_add(io->timer, &(struct timeval){0, 0});
	}
	leave(io);
}

/* The turn of what waited. */
static void give_rest(struct io *io)
{
	enter(io);
	io->resting = false;
	if (!io->stopped) {
		give(io);
	}
	if (!io->freed && io->state == IO_OPEN && !io->stopped && !io->resting) {
		bufferevent_enable(io->bufferevent, EV_READ);
	}
	leave(io);
}

static void on_read(struct bufferevent *bufferevent, void *context)
{
	struct io *io = context;
	struct evbuffer *input = bufferevent_get_input(bufferevent);
	if (io->state != IO_OPEN) {
		io->lingered_bytes += evbuffer_get_length(input);
		evbuffer_drain(input, evbuffer_get_length(input));
		if (io->lingered_bytes > LIMIT_LINGER_BYTES) {
			io_close(io, "finished");
		}
		return;
	}
	if (!io->resting) {
		give(io);
	}
}

static void on_write(struct bufferevent *bufferevent, void *context)
{
	struct io *io = context;
	if (io->state == IO_FINISHING) {
		if (evbuffer_get_length(bufferevent_get_output(bufferevent)) == 0) {
			linger(io);
		}
	} else if (io->state == IO_OPEN) {
		enter(io);
		io->events->drained(io->context, io);
		leave(io);
	}
}

/* In TLS 1.3 a server judges our certificate when for us the handshake is over, and its alert waits behind our own failure to write. */
static unsigned long waiting_alert(struct io *io, SSL *ssl)
{
	char byte;
	if (io->names == NULL || SSL_get_certificate(ssl) == NULL) {
		return 0;
	}
	ERR_clear_error();
	SSL_read(ssl, &byte, 1);
	return ERR_peek_error();
}

/* Whether it is a server's alert that our certificate is not accepted (RFC 8446 section 6.2: 42 to 46, 48, 49 and 116). */
static bool refuses_ours(struct io *io, SSL *ssl, unsigned long code)
{
	int alert = ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET;
	return io->names != NULL && SSL_get_certificate(ssl) != NULL && ERR_GET_LIB(code) == ERR_LIB_SSL &&
	       ((alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN) || alert == SSL_AD_UNKNOWN_CA || alert == SSL_AD_ACCESS_DENIED ||
	        alert == TLS13_AD_CERTIFICATE_REQUIRED);
}

static const char refusal_text[] = "the server does not accept the client certificate (%s)";

/* Why the stream ended before we did. */
static void end_reason(struct io *io, char *reason, size_t size)
{
	SSL *ssl = bufferevent_openssl_get_ssl(io->bufferevent);
	unsigned long code = ssl != NULL ? waiting_alert(io, ssl) : 0;
	if (ssl != NULL && refuses_ours(io, ssl, code)) {
		snprintf(reason, size, refusal_text, ERR_reason_error_string(code));
	} else {
		snprintf(reason, size, "closed by the peer");
	}
	ERR_clear_error();
}

/* Why TLS failed: the certificate's fault where it was that, else OpenSSL's words. */
static void tls_reason(struct io *io, int error, char *reason, size_t size)
{
	SSL *ssl = bufferevent_openssl_get_ssl(io->bufferevent);
	unsigned long code = bufferevent_get_openssl_error(io->bufferevent);
	code = code != 0 ? code : waiting_alert(io, ssl);
	const char *text = code != 0 ? ERR_reason_error_string(code) : error != 0 ? strerror(error) : "the peer closed the connection";
	const char *what = io->state == IO_HANDSHAKE ? "TLS handshake failed: " : "TLS error: ";
	long verified = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;
	if (io->state == IO_HANDSHAKE && verified != X509_V_OK) {
		io->certificate_refused = true;
		snprintf(reason, size, "%sthe %s's certificate is not accepted (%s)", what, io->names != NULL ? "server" : "client",
			X509_verify_cert_error_string(verified));
	} else if (refuses_ours(io, ssl, code)) {
		snprintf(reason, size, refusal_text, text);
	} else {
		snprintf(reason, size, "%s%s", what, text != NULL ? text : "unknown error");
	}
	while (bufferevent_get_openssl_error(io->bufferevent) != 0) {
	}
	ERR_clear_error();
}

static void on_event(struct bufferevent *bufferevent, short what, void *context)
{
	struct io *io = context;
	int error = EVUTIL_SOCKET_ERROR();
	char reason[192];
	if (what & BEV_EVENT_CONNECTED) {
		if (io->state == IO_HANDSHAKE) {
			opened(io);
		}
		return;
	}
	if (io->state == IO_FINISHING || io->state == IO_LINGERING) {
		io_close(io, "finished");
	} else if (bufferevent_openssl_get_ssl(bufferevent) != NULL && (io->state == IO_HANDSHAKE || what & BEV_EVENT_ERROR)) {
		tls_reason(io, what & BEV_EVENT_ERROR ? error : 0, reason, sizeof reason);
		io_close(io, reason);
	} else if (what & BEV_EVENT_EOF) {
		end_reason(io, reason, sizeof reason);
		io_close(io, reason);
	} else {
		io_close(io, error != 0 ? strerror(error) : "connection error");
	}
}

static void on_timer(evutil_socket_t socket, short what, void *context)
{
	struct io *io = context;
	(void)socket;
	(void)what;
	if (io->state == IO_CONNECTING) {
		connect_next(io);
	} else if (io->state == IO_OPEN) {
		give_rest(io);
	} else {
		io_close(io, "finished");
	}
}

/* ---- life --------------------------------------------------------------------------------------------------------------------------- */

/* OpenSSL writes to sockets with write(2), which raises SIGPIPE when the peer is gone. */
static void ignore_sigpipe(void)
{
	struct sigaction action;
	if (sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_DFL) {
		signal(SIGPIPE, SIG_IGN);
	}
}

struct io *io_new(struct event_base *base, struct tls *tls, const struct io_events *events, void *context, struct status *st)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, ignore_sigpipe);
	struct io *io = calloc(1, sizeof *io);
	if (io == NULL || (io->timer = evtimer_new(base, on_timer, io)) == NULL) {
		free(io);
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "Out of memory.");
		return NULL;
	}
	io->base = base;
	io->tls = tls;
	io->events = events;
	io->context = context;
	io->socket = -1;
	io->piece_bytes = PIECE_LEAST_BYTES;
	return io;
}

bool io_attach(struct io *io, evutil_socket_t socket, bool client)
{
	const int on = 1, options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	evutil_make_socket_nonblocking(socket);
	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (io->tls == NULL) {
		io->bufferevent = bufferevent_socket_new(io->base, socket, options);
	} else {
		SSL *ssl = tls_connection_new(io->tls, client ? io->names->host : NULL);
		if (ssl != NULL) {
			io->bufferevent = bufferevent_openssl_socket_new(io->base, socket, ssl, client ? BUFFEREVENT_SSL_CONNECTING : BUFFEREVENT_SSL_ACCEPTING,
			                                                 options);
		}
	}
	if (io->bufferevent == NULL) {
		evutil_closesocket(socket);
		return false;
	}
	io->state = IO_HANDSHAKE;
	bufferevent_setcb(io->bufferevent, on_read, on_write, on_event, io);
	bufferevent_set_max_single_read(io->bufferevent, SINGLE_BYTES);
	bufferevent_set_max_single_write(io->bufferevent, SINGLE_BYTES);
	bufferevent_setwatermark(io->bufferevent, EV_WRITE, io->low_mark_bytes, 0);
	bufferevent_enable(io->bufferevent, EV_READ | EV_WRITE);
	if (io->tls == NULL) {
		bufferevent_trigger_event(io->bufferevent, BEV_EVENT_CONNECTED, BEV_TRIG_DEFER_CALLBACKS);
	} else {
		bufferevent_openssl_set_allow_dirty_shutdown(io->bufferevent, 1);
	}
	return true;
}

struct io *io_accept(struct event_base *base, int socket, struct tls *tls, const struct io_events *events, void *context, struct status *st)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	struct io *io = io_new(base, tls, events, context, st);
	if (io == NULL) {
		evutil_closesocket(socket);
		return NULL;
	}
	if (getpeername(socket, (struct sockaddr *)&address, &size) == 0) {
		address_text((struct sockaddr *)&address, size, io->peer);
	}
	if (!io_attach(io, socket, false)) {
		status_fail(st, STATUS_RESOURCE_EXHAUSTED, "", "Out of memory.");
		io_free(io);
		return NULL;
	}
	return io;
}

void io_free(struct io *io)
{
	if (io == NULL || io->freed) {
		return;
	}
	connect_done(io);
	event_free(io->timer);
	if (io->bufferevent != NULL) {
		SSL *ssl = bufferevent_openssl_get_ssl(io->bufferevent);
		bufferevent_setcb(io->bufferevent, NULL, NULL, NULL, NULL);
		if (ssl != NULL && io->state == IO_OPEN) {
			SSL_shutdown(ssl); /* close_notify, as far as the socket takes it */
		}
		bufferevent_free(io->bufferevent);
		ERR_clear_error();
	}
	io->freed = true;
	if (io->busy == 0) {
		release(io);
	}
}

void io_finish(struct io *io)
{
	const struct timeval now = {0, 0}, latest = {LIMIT_DRAIN_MS / 1000, LIMIT_DRAIN_MS % 1000 * 1000};
	if (io->state == IO_OPEN) {
		io->state = IO_FINISHING;
		event_add(io->timer, &latest); /* a peer that takes nothing keeps nothing */
		/* on_write comes by itself after the last byte, but not where there is none. */
		bufferevent_setwatermark(io->bufferevent, EV_WRITE, 0, 0);
		bufferevent_trigger(io->bufferevent, EV_WRITE, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
	} else if (io->state < IO_OPEN) {
		io->state = IO_FINISHING;
		event_add(io->timer, &now);
	}
}

/* ---- use -------------------------------------------------------------------------------------------------------------------------------- */

static bool writable(const struct io *io)
{
	return io->state == IO_HANDSHAKE || io->state == IO_OPEN;
}

bool io_write(struct io *io, struct bytes bytes)
{
	return writable(io) && bufferevent_write(io->bufferevent, bytes.data, bytes.size) == 0;
}

bool io_write_buffer(struct io *io, struct evbuffer *buffer)
{
	return writable(io) && bufferevent_write_buffer(io->bufferevent, buffer) == 0;
}

size_t io_output_size(const struct io *io)
{
	return io->bufferevent != NULL ? evbuffer_get_length(bufferevent_get_output(io->bufferevent)) : 0;
}

void io_set_low_mark(struct io *io, size_t bytes)
{
	io->low_mark_bytes = bytes;
	if (io->bufferevent != NULL) {
		bufferevent_setwatermark(io->bufferevent, EV_WRITE, bytes, 0);
	}
}

void io_set_reading(struct io *io, bool reading)
{
	if (io->stopped == !reading) {
		return;
	}
	io->stopped = !reading;
	if (io->resting || (io->state != IO_OPEN && io->state != IO_HANDSHAKE)) {
		return;
	}
	if (!reading) {
		bufferevent_disable(io->bufferevent, EV_READ);
		return;
	}
	bufferevent_enable(io->bufferevent, EV_READ);
	if (evbuffer_get_length(bufferevent_get_input(io->bufferevent)) > 0) {
		bufferevent_trigger(io->bufferevent, EV_READ, BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
	}
}

const struct io_certificate *io_certificate(const struct io *io)
{
	return io->certificate;
}

bool io_certificate_refused(const struct io *io)
{
	return io->certificate_refused;
}

const char *io_peer(const struct io *io)
{
	return io->peer;
}
