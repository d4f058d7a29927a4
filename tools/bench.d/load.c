/* SPDX-License-Identifier: Apache-2.0
 *
 * bench-load: the loads that h2load cannot make. Prints one line of JSON; times are microseconds.
 *
 *   update WRITERS SECONDS ACCOUNTS   so many callers, each changing one account after the other, each change another and with a request id
 *   watch STREAMS ROUNDS ACCOUNTS     so many watches on eight connections; per round one change, and how long after its reply the last of them has seen it
 *   idle CONNECTIONS                  so many connections, each of which has made one call; says "open", then waits for the end of its input
 *
 * Everywhere from the environment: BENCH_ADDRESS, BENCH_CA, BENCH_TOKEN, and BENCH_JSON=1 for Connect with JSON.
 */
#include "tools/bench.d/load.h"

#include "common/base/clock.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINKS = 8, STEP = 7919 /* prime: accounts come in an order that is theirs alone */, OPENING = 64 };

/* ---- times ------------------------------------------------------------------------------------------------------------------------ */

struct times {
	int64_t *list_us;
	size_t count, capacity;
};

static void times_add(struct times *times, int64_t us)
{
	if (times->count == times->capacity) {
		times->capacity = times->capacity ? 2 * times->capacity : 4096;
		times->list_us = realloc(times->list_us, times->capacity * sizeof *times->list_us);
		if (!times->list_us) {
			die("out of memory");
		}
	}
	times->list_us[times->count++] = us;
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void times_print(struct times *times, int64_t took_us)
{
	if (times->count == 0) {
		die("nothing was answered");
	}
	qsort(times->list_us, times->count, sizeof *times->list_us, compare);
	printf("{\"requests\":%zu,\"seconds\":%.6f,\"p50\":%lld,\"p99\":%lld,\"max\":%lld}\n", times->count, (double)took_us / 1e6,
	       (long long)times->list_us[times->count / 2], (long long)times->list_us[times->count * 99 / 100], (long long)times->list_us[times->count - 1]);
}

/* Where the numbers of changes begin: behind those of the run before, for the same value again would be no change. */
static unsigned first_number(void)
{
	return (unsigned)(clock_wall_us() / 10); /* nobody makes more than 100,000 changes a second */
}

/* ---- updates ----------------------------------------------------------------------------------------------------------------------- */

struct update {
	struct load load;
	struct link *links[LINKS];
	struct call *calls;
	unsigned writers, links_count, accounts, number;
	int64_t start_us, end_us, last_us;
	unsigned running;
	struct times times;
};

static void update_next(struct update *update, struct call *call)
{
	unsigned number = update->number++;
	call_update(call, &update->load, (unsigned)((uint64_t)number * STEP % update->accounts), number);
	link_call(call->link, call);
}

static void update_done(struct call *call)
{
	struct update *update = call->user;
	int64_t now = clock_monotonic_us();
	times_add(&update->times, now - call->started_us);
	update->last_us = now;
	if (now < update->end_us) {
		update_next(update, call);
	} else if (--update->running == 0) {
		event_base_loopbreak(update->load.base);
	}
}

static void update_opened(struct load *load, struct link *link)
{
	struct update *update = (struct update *)load; /* its first member */
	(void)link;
	if (load->links_open < update->links_count) {
		return;
	}
	int64_t length_us = update->end_us;
	update->start_us = clock_monotonic_us();
	update->end_us = update->start_us + length_us;
	for (unsigned i = 0; i < update->writers; i++) {
		struct call *call = &update->calls[i];
		call->link = update->links[i % update->links_count];
		call->user = update;
		call->done = update_done;
		update->running++;
		update_next(update, call);
	}
	for (unsigned i = 0; i < update->links_count; i++) {
		link_pump(update->links[i]);
	}
}

static void run_updates(struct load load, unsigned writers, double seconds, unsigned accounts)
{
	struct update update = {.load = load, .writers = writers, .links_count = writers < LINKS ? writers : LINKS, .accounts = accounts, .end_us = (int64_t)(seconds * 1e6)};
	update.number = first_number();
	update.load.opened = update_opened;
	update.calls = calloc(writers, sizeof *update.calls);
	if (!update.calls) {
		die("out of memory");
	}
	for (unsigned i = 0; i < update.links_count; i++) {
		update.links[i] = link_new(&update.load);
	}
	event_base_dispatch(load.base);
	times_print(&update.times, update.last_us - update.start_us);
}

/* ---- watches ------------------------------------------------------------------------------------------------------------------------ */

enum { HEAD_BYTES = 5 };

/* Where a stream is in the message that is coming. */
struct reader {
	uint8_t head[HEAD_BYTES];
	unsigned head_size;
	size_t left;
};

struct watch {
	struct load load;
	struct link *links[LINKS + 1]; /* the last one changes things */
	struct call *streams, change;
	struct event *pause;
	struct reader *readers;        /* beside streams */
	unsigned streams_count, rounds, accounts, first, number;
	unsigned seen;                 /* streams that have had this round's message */
	bool replied;
	int64_t replied_us, seen_us;
	struct times times;
};

static void watch_round_over(struct watch *watch)
{
	const struct timeval pause = {0, 20000};
	if (!watch->replied || watch->seen < watch->streams_count) {
		return;
	}
	if (watch->number > 0) { /* the first round was the streams' own greeting */
		times_add(&watch->times, watch->seen_us > watch->replied_us ? watch->seen_us - watch->replied_us : 0);
	}
	if (watch->number == watch->rounds) {
		event_base_loopbreak(watch->load.base);
		return;
	}
	evtimer_add(watch->pause, &pause);
}

static void watch_round(evutil_socket_t socket, short what, void *context)
{
	struct watch *watch = context;
	(void)socket, (void)what;
	watch->seen = 0;
	watch->replied = false;
	watch->number++;
	unsigned number = watch->first + watch->number;
	call_update(&watch->change, &watch->load, (unsigned)((uint64_t)number * STEP % watch->accounts), number);
	link_call(watch->links[LINKS], &watch->change);
	link_pump(watch->links[LINKS]);
}

static void watch_replied(struct call *call)
{
	struct watch *watch = call->user;
	watch->replied = true;
	watch->replied_us = clock_monotonic_us();
	watch_round_over(watch);
}

/* Counts messages: each begins with a flag and its length. */
static void watch_data(struct call *call, struct bytes bytes)
{
	struct watch *watch = call->user;
	struct reader *reader = &watch->readers[call - watch->streams];
	for (size_t i = 0; i < bytes.size;) {
		if (reader->head_size < HEAD_BYTES) {
			reader->head[reader->head_size++] = bytes.data[i++];
			reader->left = (size_t)reader->head[1] << 24 | (size_t)reader->head[2] << 16 | (size_t)reader->head[3] << 8 | reader->head[4];
		} else {
			size_t now = bytes.size - i < reader->left ? bytes.size - i : reader->left;
			reader->left -= now;
			i += now;
		}
		if (reader->head_size == HEAD_BYTES && reader->left == 0) {
			reader->head_size = 0;
			watch->seen++;
			watch->seen_us = clock_monotonic_us();
			watch_round_over(watch);
		}
	}
}

static void watch_ended(struct call *call)
{
	die("%s ended by itself", call->path);
}

static void watch_opened(struct load *load, struct link *link)
{
	struct watch *watch = (struct watch *)load; /* its first member */
	(void)link;
	if (load->links_open < LINKS + 1) {
		return;
	}
	for (unsigned i = 0; i < watch->streams_count; i++) {
		struct call *call = &watch->streams[i];
		call->user = watch;
		call->data = watch_data;
		call->done = watch_ended;
		call_watch(call);
		link_call(watch->links[i % LINKS], call);
	}
	for (unsigned i = 0; i < LINKS; i++) {
		link_pump(watch->links[i]);
	}
}

static void run_watches(struct load load, unsigned streams, unsigned rounds, unsigned accounts)
{
	struct watch watch = {.load = load, .streams_count = streams, .rounds = rounds, .accounts = accounts, .first = first_number(), .replied = true};
	watch.load.opened = watch_opened;
	watch.streams = calloc(streams, sizeof *watch.streams);
	watch.readers = calloc(streams, sizeof *watch.readers);
	watch.pause = evtimer_new(load.base, watch_round, &watch);
	if (!watch.streams || !watch.readers || !watch.pause) {
		die("out of memory");
	}
	watch.change.user = &watch;
	watch.change.done = watch_replied;
	for (unsigned i = 0; i <= LINKS; i++) {
		watch.links[i] = link_new(&watch.load);
	}
	event_base_dispatch(load.base);
	times_print(&watch.times, 0);
}

/* ---- idle connections ------------------------------------------------------------------------------------------------------------------ */

struct idle {
	struct load load;
	struct call *calls;
	unsigned count, begun, called, answered;
};

static void idle_answered(struct call *call)
{
	struct idle *idle = call->user;
	if (++idle->answered == idle->count) {
		event_base_loopbreak(idle->load.base);
	} else if (idle->begun < idle->count) {
		idle->begun++;
		link_new(&idle->load);
	}
}

static void idle_opened(struct load *load, struct link *link)
{
	struct idle *idle = (struct idle *)load; /* its first member */
	struct call *call = &idle->calls[idle->called++];
	call->user = idle;
	call->done = idle_answered;
	call_get(call, load, 0);
	link_call(link, call);
}

static void run_idle(struct load load, unsigned count)
{
	struct idle idle = {.load = load, .count = count};
	idle.load.opened = idle_opened;
	idle.calls = calloc(count, sizeof *idle.calls);
	if (!idle.calls) {
		die("out of memory");
	}
	for (; idle.begun < count && idle.begun < OPENING; idle.begun++) {
		link_new(&idle.load);
	}
	event_base_dispatch(load.base);
	puts("open");
	fflush(stdout);
	while (getchar() != EOF) {
	}
}

/* ---- */

static unsigned number_of(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	if (*end != '\0' || number == 0 || number > 10000000) {
		die("%s is not a number from 1 to 10000000", text);
	}
	return (unsigned)number;
}

static const char *setting(const char *name)
{
	const char *value = getenv(name);
	if (!value) {
		die("%s is not set", name);
	}
	return value;
}

int main(int argc, char **argv)
{
	char authorization[512];
	struct status st;
	status_init(&st);
	snprintf(authorization, sizeof authorization, "Bearer %s", setting("BENCH_TOKEN"));
	struct load load = {
		.base = event_base_new(),
		.tls = tls_client_new(setting("BENCH_CA"), &st),
		.address = setting("BENCH_ADDRESS"),
		.authorization = authorization,
		.json = getenv("BENCH_JSON") != NULL,
	};
	if (!load.base || !load.tls) {
		die("%s", st.message);
	}
	if (argc == 5 && strcmp(argv[1], "update") == 0) {
		run_updates(load, number_of(argv[2]), atof(argv[3]), number_of(argv[4]));
	} else if (argc == 5 && strcmp(argv[1], "watch") == 0) {
		run_watches(load, number_of(argv[2]), number_of(argv[3]), number_of(argv[4]));
	} else if (argc == 3 && strcmp(argv[1], "idle") == 0) {
		run_idle(load, number_of(argv[2]));
	} else {
		fprintf(stderr, "usage: bench-load update WRITERS SECONDS ACCOUNTS | watch STREAMS ROUNDS ACCOUNTS | idle CONNECTIONS\n");
		return 2;
	}
	return 0;
}
