/* SPDX-License-Identifier: Apache-2.0
 *
 * A balanced tree, not a hash table: nobody can choose addresses that make it slow.
 */
#include "server/rpc/admission.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* The tree compares its entries with bare addresses, so the address comes first. */
struct counted {
	struct network address;
	unsigned count;
};

struct admission {
	pthread_mutex_t lock;
	void *tree;
	unsigned count, most, most_per_address;
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

void admission_leave(struct admission *admission, const struct network *address)
{
	pthread_mutex_lock(&admission->lock);
	struct counted *entry = *(struct counted **)tfind(address, &admission->tree, compare);
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
