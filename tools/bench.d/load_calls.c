/* SPDX-License-Identifier: Apache-2.0
 *
 * The bodies of the calls, written by hand: the load is to cost as little as it can.
 */
#include "tools/bench.d/load.h"

#include <stdio.h>
#include <unistd.h>

enum { PREFIX_BYTES = 5, TEXT_BYTES = 64 };

static void add(struct call *call, const void *data, size_t size)
{
	memcpy(call->body + call->body_size, data, size);
	call->body_size += size;
}

static void add_byte(struct call *call, unsigned byte)
{
	call->body[call->body_size++] = (uint8_t)byte;
}

/* A field that fits one byte of tag and one of size, which all of ours do. */
static void add_text(struct call *call, unsigned field, const char *text)
{
	add_byte(call, field << 3 | 2);
	add_byte(call, (unsigned)strlen(text));
	add(call, text, strlen(text));
}

static void begin(struct call *call, const char *path)
{
	static const uint8_t prefix[PREFIX_BYTES] = {0};
	call->path = path;
	call->body_size = 0;
	add(call, prefix, sizeof prefix);
}

static void end(struct call *call)
{
	size_t size = call->body_size - PREFIX_BYTES;
	call->body[3] = (uint8_t)(size >> 8);
	call->body[4] = (uint8_t)size;
}

void call_get(struct call *call, const struct load *load, unsigned account)
{
	static const char path[] = "/kam.v1.AccountService/GetAccount";
	char name[TEXT_BYTES];
	snprintf(name, sizeof name, "accounts/a%06u", account);
	begin(call, path);
	if (load->json) {
		call->body_size = (size_t)snprintf((char *)call->body, sizeof call->body, "{\"name\":\"%s\"}", name);
	} else {
		add_text(call, 1, name);
		end(call);
	}
}

void call_update(struct call *call, const struct load *load, unsigned account, unsigned number)
{
	static const char path[] = "/kam.v1.AccountService/UpdateAccount", mask[] = "industry", mask_too[] = "employees";
	char name[TEXT_BYTES], industry[TEXT_BYTES], id[TEXT_BYTES];
	snprintf(name, sizeof name, "accounts/a%06u", account);
	snprintf(industry, sizeof industry, "Business %u", number % 97);
	snprintf(id, sizeof id, "bench-%ld-%u", (long)getpid(), number);
	begin(call, path);
	if (load->json) {
		call->body_size = (size_t)snprintf((char *)call->body, sizeof call->body,
		                                   "{\"account\":{\"name\":\"%s\",\"industry\":\"%s\",\"employees\":\"%u\"},\"updateMask\":\"%s,%s\",\"requestId\":\"%s\"}", name, industry,
		                                   number % 100, mask, mask_too, id);
		return;
	}
	add_byte(call, 1 << 3 | 2); /* account: its size follows when it is known */
	size_t size_at = call->body_size++;
	add_text(call, 1, name);
	add_byte(call, 0x80 | (18 << 3 & 0x7F) | 2); /* industry = 18 */
	add_byte(call, 18 >> 4);
	add_byte(call, (unsigned)strlen(industry));
	add(call, industry, strlen(industry));
	add_byte(call, 0x80 | (22 << 3 & 0x7F)); /* employees = 22 */
	add_byte(call, 22 >> 4);
	add_byte(call, number % 100);
	call->body[size_at] = (uint8_t)(call->body_size - size_at - 1);
	add_byte(call, 2 << 3 | 2); /* update_mask.paths */
	add_byte(call, sizeof mask + 1 + sizeof mask_too + 1);
	add_text(call, 1, mask);
	add_text(call, 1, mask_too);
	add_text(call, 4, id);
	end(call);
}

void call_watch(struct call *call)
{
	begin(call, "/kam.v1.WatchService/Watch");
	end(call);
}
