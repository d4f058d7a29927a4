/* SPDX-License-Identifier: Apache-2.0
 *
 * A balanced tree, not a hash table: nobody can choose addresses that make it slow.
 */
#include "server/rpc/admission.h"

#include "common/base/limits.h"

#include <assert.h>
#include <pthread.h>
#include <search.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The tree compares its entries with bare addresses, so the address comes first. */
struct counted {
	struct network address;
	unsigned count;
	size_t kept_bytes[2]; /* of strangers, of those who are known */
};

struct admission {
	pthread_mutex_t lock;
	void *tree;
	unsigned count, most, most_per_address;
	size_t pool_bytes[2], kept_bytes[2]; /* how large, and how much of it is used */
	atomic_uint pressed; /* addresses that keep more than they may */
};

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct network));
}

struct admission *admission_new(unsigned most, unsigned most_per_address)
{
	struct admission *admission = calloc(1, sizeof *admission);
	if (admission) {
		pthread_mutex_init(&admission->lock, NULL);
		admission->most = most;
		admission->most_per_address = most_per_address;
	}
	return admission;
}

void admission_free(struct admission *admission)
{
	if (!admission) {
		return;
	}
	while (admission->tree) {
		struct counted *entry = *(struct counted **)admission->tree;
		tdelete(entry, &admission->tree, compare);
		free(entry);
	}
	pthread_mutex_destroy(&admission->lock);
	free(admission);
}

static struct counted *find_or_add(struct admission *admission, const struct network *address)
{
	struct counted **found = tfind(address, &admission->tree, compare);
	if (found) {
		return *found;
	}
	struct counted *entry = calloc(1, sizeof *entry);
	if (entry) {
		entry->address = *address;
		if (!tsearch(entry, &admission->tree, compare)) {
			free(entry);
			entry = NULL;
		}
	}
	return entry;
}

const char *admission_enter(struct admission *admission, const char *peer, struct network *ret_address)
{
	const char *refusal = NULL;
	*ret_address = network_of(peer);
	pthread_mutex_lock(&admission->lock);
	struct counted *entry = admission->count < admission->most ? find_or_add(admission, ret_address) : NULL;
	if (admission->count >= admission->most) {
		refusal = "too many connections";
	} else if (!entry) {
		refusal = "out of memory";
	} else if (entry->count >= admission->most_per_address) {
		refusal = "too many connections from this address";
	} else {
		entry->count++;
		admission->count++;
	}
	pthread_mutex_unlock(&admission->lock);
	return refusal;
}

/* Of a connection that came in. */
static struct counted *find(struct admission *admission, const struct network *address)
{
	return *(struct counted **)tfind(address, &admission->tree, compare);
}

void admission_leave(struct admission *admission, const struct network *address)
{
	pthread_mutex_lock(&admission->lock);
	struct counted *entry = find(admission, address);
	admission->count--;
	if (--entry->count == 0) {
		tdelete(entry, &admission->tree, compare);
		free(entry);
	}
	pthread_mutex_unlock(&admission->lock);
}

unsigned admission_count(struct admission *admission)
{
	pthread_mutex_lock(&admission->lock);
	unsigned count = admission->count;
	pthread_mutex_unlock(&admission->lock);
	return count;
}

/* ---- memory --------------------------------------------------------------------------------------------------------------------------- */

void admission_set_memory(struct admission *admission, size_t strangers_bytes, size_t known_bytes)
{
	admission->pool_bytes[false] = strangers_bytes;
	admission->pool_bytes[true] = known_bytes;
}

static void set_kept(struct admission *admission, struct counted *entry, bool known, size_t bytes)
{
	size_t before = entry->kept_bytes[known], most = admission->pool_bytes[known] / 2;
	admission->kept_bytes[known] += bytes - before;
	entry->kept_bytes[known] = bytes;
	if (before > most && bytes <= most) {
		atomic_fetch_sub(&admission->pressed, 1);
	} else if (before <= most && bytes > most) {
		atomic_fetch_add(&admission->pressed, 1);
	}
}

bool admission_keep(struct admission *admission, const struct network *address, bool known, size_t bytes, bool spent)
{
	pthread_mutex_lock(&admission->lock);
	struct counted *entry = find(admission, address);
	size_t pool = admission->pool_bytes[known];
	bool fits = entry->kept_bytes[known] + bytes <= pool / 2 && admission->kept_bytes[known] + bytes <= pool;
	if (fits || spent) {
		set_kept(admission, entry, known, entry->kept_bytes[known] + bytes);
	}
	pthread_mutex_unlock(&admission->lock);
	return fits || spent;
}

void admission_let_go(struct admission *admission, const struct network *address, bool known, size_t bytes)
{
	pthread_mutex_lock(&admission->lock);
	struct counted *entry = find(admission, address);
	assert(bytes <= entry->kept_bytes[known]);
	set_kept(admission, entry, known, entry->kept_bytes[known] - bytes);
	pthread_mutex_unlock(&admission->lock);
}

int admission_pressed(struct admission *admission, const struct network *address, bool known)
{
	if (atomic_load(&admission->pressed) == 0) {
		return 0;
	}
	pthread_mutex_lock(&admission->lock);
	size_t kept = find(admission, address)->kept_bytes[known], most = admission->pool_bytes[known] / 2;
	pthread_mutex_unlock(&admission->lock);
	return kept <= most ? 0 : kept <= most + LIMIT_ADDRESS_REPLY_BYTES ? 1 : 2;
}
