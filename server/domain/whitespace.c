/* SPDX-License-Identifier: Apache-2.0
 *
 * Whitespace cells: what is said of a cell fits together.
 */
#include "kam/v1/whitespace.pb-c.h"

#include "server/domain/domain.h"
#include "server/domain/names.h"
#include "server/resource/changes.h"

#define HOLDER(name) KAM__V1__WHITESPACE_HOLDER__WHITESPACE_HOLDER_##name

static bool is_more(const Kam__V1__Money *a, const Kam__V1__Money *b)
{
	return a && b && strcmp(a->currency_code, b->currency_code) == 0 && (a->units > b->units || (a->units == b->units && a->nanos > b->nanos));
}

static void check_amounts(struct call *call, const Kam__V1__WhitespaceCell *cell)
{
	const Kam__V1__Money *amounts[] = {cell->spend, cell->potential, cell->total_spend};
	static const char *const fields[] = {"whitespace_cell.spend", "whitespace_cell.potential", "whitespace_cell.total_spend"};
	for (int i = 0; i < 3; i++) {
		if (amounts[i] && (amounts[i]->units < 0 || amounts[i]->nanos < 0)) {
			status_field(call->status, fields[i], "is less than 0; leave out what is not known");
		}
	}
	if (is_more(cell->spend, cell->total_spend)) {
		status_field(call->status, "whitespace_cell.total_spend", "is less than spend, which is a part of it");
	}
	if (cell->our_rank > 0 && cell->supplier_count > 0 && cell->our_rank > cell->supplier_count) {
		status_field(call->status, "whitespace_cell.our_rank", "is %d of only %d suppliers", cell->our_rank, cell->supplier_count);
	}
}

static bool check(struct call *call, const ProtobufCMessage *old, ProtobufCMessage *new)
{
	const Kam__V1__WhitespaceCell *cell = (const void *)new;
	(void)old;
	check_amounts(call, cell);
	if (*cell->competitor && cell->holder != HOLDER(COMPETITOR)) {
		status_field(call->status, "whitespace_cell.competitor", "is named, but holder is not COMPETITOR");
	}
	if (cell->holder == HOLDER(NOT_APPLICABLE) && (cell->spend || cell->potential)) {
		status_field(call->status, "whitespace_cell.holder", "is NOT_APPLICABLE, but there is spend or potential");
	}
	if (*cell->opportunity && !names_same_account(cell->name, cell->opportunity)) {
		status_field(call->status, "whitespace_cell.opportunity", "%.100s belongs to another account; name one of this account", cell->opportunity);
	}
	return status_ok(call->status);
}

static const char *suggest_id(struct call *call, const ProtobufCMessage *new)
{
	const Kam__V1__WhitespaceCell *cell = (const void *)new;
	const char *text = arena_printf(call->arena, "%s %s", cell->unit, name_last(cell->product));
	return text ? id_of_text(text, call->arena) : NULL;
}

static const struct noun nouns[] = {{.collection = "accounts/whitespace", .check = check, .suggest_id = suggest_id}};

const struct domain domain_whitespace = {nouns, 1, NULL, 0};
