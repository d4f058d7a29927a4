/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit record is the log itself: an entry is made from a commit record when it is asked for, and stored nowhere else.
 */
#include "kam/v1/audit.pb-c.h"

#include "common/schema/filter.h"
#include "common/schema/wire.h"
#include "server/domain/audit_head.h"
#include "server/domain/domain.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static char *hex(struct arena *arena, const uint8_t *hash)
{
	char *text = arena_alloc(arena, 2 * STORE_HASH_BYTES + 1);
	return text ? sodium_bin2hex(text, 2 * STORE_HASH_BYTES + 1, hash, STORE_HASH_BYTES) : NULL;
}

/* The entry of a revision in `arena`; NULL where there is none. */
static Kam__V1__AuditEntry *make_entry(struct call *call, uint64_t revision, struct arena *arena)
{
	struct store_entry from;
	if (!store_log_get(call->view, revision, arena, &from, call->status)) {
		return NULL;
	}
	Kam__V1__AuditEntry *entry = arena_alloc(arena, sizeof *entry);
	Google__Protobuf__Timestamp *time = call_time(from.time_us, arena);
	Kam__V1__AuditChange **changes = arena_calloc(arena, from.changes_count + 1, sizeof *changes);
	Kam__V1__AuditChange *rows = arena_calloc(arena, from.changes_count + 1, sizeof *rows);
	char **names = arena_calloc(arena, from.changes_count + 1, sizeof *names);
	if (!entry || !time || !changes || !rows || !names) {
		status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the entry needs more memory than a call may use");
		return NULL;
	}
	kam__v1__audit_entry__init(entry);
	entry->name = arena_printf(arena, "auditEntries/%llu", (unsigned long long)revision);
	entry->revision = revision;
	entry->time = time;
	entry->actor = (char *)(uintptr_t)from.actor;
	entry->peer = (char *)(uintptr_t)from.peer;
	entry->client = (char *)(uintptr_t)from.client;
	entry->events = from.events;
	entry->method = (char *)(uintptr_t)from.method;
	entry->outcome = (char *)(uintptr_t)status_code_name((enum status_code)from.code);
	entry->request_id = (char *)(uintptr_t)from.request_id;
	entry->note = (char *)(uintptr_t)from.note;
	entry->erased_revision = from.amended;
	entry->hash = hex(arena, from.hash);
	entry->previous_hash = hex(arena, from.previous_hash);
	for (size_t i = 0; i < from.changes_count; i++) {
		kam__v1__audit_change__init(&rows[i]);
		rows[i].name = names[i] = (char *)(uintptr_t)from.changes[i].name;
		rows[i].operation = (Kam__V1__Operation)from.changes[i].operation;
		rows[i].previous_revision = from.changes[i].previous_revision;
		changes[i] = &rows[i];
	}
	entry->changes = changes;
	entry->n_changes = from.changes_count;
	entry->resources = names;
	entry->n_resources = from.changes_count;
	return entry->hash && entry->previous_hash && entry->name ? entry : NULL;
}

static bool get_entry(struct call *call)
{
	const Kam__V1__GetRequest *request = (const void *)call->request;
	char *end = NULL;
	const char *digits = strncmp(request->name, "auditEntries/", 13) == 0 ? request->name + 13 : "";
	uint64_t revision = strtoull(digits, &end, 10);
	struct decision decision = call_decide(call, call->method->permission, request->name, (struct bytes){0});
	bool fits = *digits && *end == '\0' && revision > 0 && (call->as_of == 0 || revision <= call->as_of);
	Kam__V1__AuditEntry *entry = fits && decision.allowed ? make_entry(call, revision, call->arena) : NULL;
	if (!entry) {
		return status_ok(call->status) && call_not_found(call, request->name);
	}
	message_cut(call->method->output, &entry->base, decision.groups);
	return call_reply(call, &entry->base);
}

/* Adds entries from `revision` downwards until the page is full. Returns where the next page starts; 0 at the end. */
static uint64_t fill_page(struct call *call, uint64_t revision, const struct filter *filter, schema_groups groups, size_t size,
                          Kam__V1__ListAuditEntriesResponse *page)
{
	const struct schema_type *type = call->method->resource->type;
	struct arena scratch;
	arena_init(&scratch, LIMIT_CALL_ARENA_BYTES);
	for (; revision > 0 && status_ok(call->status); revision--) {
		arena_reset(&scratch);
		Kam__V1__AuditEntry *entry = make_entry(call, revision, &scratch);
		if (entry) {
			message_cut(type, &entry->base, groups);
		}
		if (!entry || !filter_matches(filter, &entry->base)) {
			continue;
		}
		if (page->n_audit_entries == size) {
			break;
		}
		entry = make_entry(call, revision, call->arena);
		if (entry) {
			message_cut(type, &entry->base, groups);
			page->audit_entries[page->n_audit_entries++] = entry;
		}
	}
	arena_done(&scratch);
	return revision;
}

/* How many entries there are that match, whatever page is asked for. */
static int64_t count_entries(struct call *call, const struct filter *filter, schema_groups groups)
{
	uint64_t revision = call->as_of ? call->as_of : store_view_revision(call->view);
	struct arena scratch;
	int64_t count = 0;
	arena_init(&scratch, LIMIT_CALL_ARENA_BYTES);
	for (; revision > 0 && status_ok(call->status); revision--) {
		arena_reset(&scratch);
		Kam__V1__AuditEntry *entry = make_entry(call, revision, &scratch);
		if (entry) {
			message_cut(call->method->resource->type, &entry->base, groups);
			count += filter_matches(filter, &entry->base);
		}
	}
	arena_done(&scratch);
	return count;
}

static bool list_entries(struct call *call)
{
	const Kam__V1__ListRequest *request = (const void *)call->request;
	const struct filter *filter;
	struct bytes query = bytes_of(request->filter), position;
	struct decision decision = call_decide(call, call->method->permission, "auditEntries/1", (struct bytes){0});
	uint64_t revision = call->as_of ? call->as_of : store_view_revision(call->view);
	size_t size = request->page_size <= 0 ? LIMIT_PAGE_SIZE_DEFAULT : (size_t)request->page_size;
	size = size > LIMIT_PAGE_SIZE_MAX ? LIMIT_PAGE_SIZE_MAX : size;
	Kam__V1__ListAuditEntriesResponse page = KAM__V1__LIST_AUDIT_ENTRIES_RESPONSE__INIT;
	if (*request->order_by || *request->parent || request->page_size < 0) {
		return status_field(call->status, *request->order_by ? "order_by" : *request->parent ? "parent" : "page_size",
		                    "must be left out: the record is listed newest first, page by page");
	}
	if (!decision.allowed) {
		return call_reply(call, &page.base);
	}
	if (!filter_parse(call->method->resource->type, request->filter, decision.groups, call->arena, &filter, call->status)) {
		return false;
	}
	if (*request->page_token) {
		if (!page_token_read(call, query, request->page_token, &position) || position.size != sizeof revision) {
			return status_field(call->status, "page_token", "is not one that this list gave; start again without it");
		}
		memcpy(&revision, position.data, sizeof revision);
	}
	page.audit_entries = arena_calloc(call->arena, size, sizeof *page.audit_entries);
	if (!page.audit_entries) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the page is too large: ask for a smaller page_size");
	}
	revision = fill_page(call, revision, filter, decision.groups, size, &page);
	if (revision > 0) {
		page.next_page_token = (char *)(uintptr_t)page_token_make(call, query, (struct bytes){(const uint8_t *)&revision, sizeof revision});
	}
	if (request->count) {
		page.total_size = count_entries(call, filter, decision.groups);
	}
	return status_ok(call->status) && call_reply(call, &page.base);
}

static bool may_read_all(struct call *call)
{
	return decide(&call->engine->access, call->view, call->caller, "auditEntries.read", "auditEntries/1", (struct bytes){0}, call->now_us, NULL).allowed ||
	       status_fail(call->status, STATUS_PERMISSION_DENIED, "PERMISSION_DENIED", "this needs a role that reaches everything");
}

static bool get_head(struct call *call)
{
	struct store_head head;
	if (!may_read_all(call)) {
		return false;
	}
	if (!call->engine->audit_key) {
		return status_fail(call->status, STATUS_FAILED_PRECONDITION, "AUDIT_KEY", "this server has no key to sign with");
	}
	if (!store_head_sign(call->view, call->engine->audit_key, &head, call->status)) {
		return false;
	}
	Kam__V1__AuditHead *message = audit_head_write(&head, call->arena);
	return message ? call_reply(call, &message->base) : call_no_memory(call);
}

/* The head that the request brings, and the one that was signed last. */
static bool verify_heads(struct call *call, const Kam__V1__AuditHead *given)
{
	uint8_t public_key[STORE_KEY_BYTES];
	const uint8_t *expected = call->engine->audit_key ? public_key : NULL;
	struct store_head head;
	if (expected) {
		crypto_sign_ed25519_sk_to_pk(public_key, call->engine->audit_key);
	}
	if (given && (!audit_head_read(given, &head, call->status) || !store_head_check(call->view, &head, expected, call->status))) {
		return false;
	}
	return store_head_last(call->view, &head, call->status) ? store_head_check(call->view, &head, expected, call->status) : status_ok(call->status);
}

static bool verify(struct call *call)
{
	const Kam__V1__VerifyAuditRequest *request = (const void *)call->request;
	Kam__V1__VerifyAuditResponse response = KAM__V1__VERIFY_AUDIT_RESPONSE__INIT;
	struct store_entry last;
	if (!may_read_all(call)) {
		return false;
	}
	response.revision = store_view_revision(call->view);
	if (!store_log_verify(call->view, &response.entries, call->status) || !verify_heads(call, request->head)) {
		return false;
	}
	if (store_log_get(call->view, response.revision, call->arena, &last, call->status)) {
		response.hash = hex(call->arena, last.hash);
	}
	return response.hash && call_reply(call, &response.base);
}

static const struct method_row methods[] = {
	{"/kam.v1.AuditService/GetAuditEntry", get_entry, NULL},
	{"/kam.v1.AuditService/ListAuditEntries", list_entries, NULL},
	{"/kam.v1.AuditService/GetAuditHead", get_head, NULL},
	{"/kam.v1.AuditService/VerifyAudit", verify, NULL},
};

const struct domain domain_audit = {.methods = methods, .methods_count = sizeof methods / sizeof methods[0]};
