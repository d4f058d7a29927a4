/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/domain/report_page.h"

#include "common/schema/value.h"

#include <string.h>

struct position {
	uint64_t first, revision, present;
};

/* What a token is bound to: every field of the request but the page's own. */
static struct bytes query_of(struct call *call)
{
	const struct schema_type *type = call->method->input;
	ProtobufCMessage *copy = arena_memdup(call->arena, call->request, type->pb->sizeof_message);
	if (!copy) {
		return (struct bytes){0};
	}
	value_clear(copy, schema_field_find(type, "page_token"));
	value_clear(copy, schema_field_find(type, "page_size"));
	return schema_pack(copy, call->arena);
}

bool report_page_read(struct call *call, int32_t page_size, size_t usual, const char *token, struct report_page *ret_page)
{
	struct position position;
	struct bytes bytes;
	size_t size = page_size <= 0 ? usual : (size_t)page_size;
	*ret_page = (struct report_page){.size = size < LIMIT_PAGE_SIZE_MAX ? size : LIMIT_PAGE_SIZE_MAX, .present = call->as_of == 0};
	if (!*token) {
		return true;
	}
	if (!page_token_read(call, query_of(call), token, &bytes) || bytes.size != sizeof position) {
		return status_field(call->status, "page_token", "is not one that kam gave for this request; start again without it");
	}
	memcpy(&position, bytes.data, sizeof position);
	ret_page->first = (size_t)position.first;
	ret_page->present = position.present != 0;
	call->revision = position.revision;
	call->as_of = position.revision == store_view_revision(call->view) && ret_page->present ? 0 : position.revision;
	return true;
}

void report_page_cut(struct call *call, ProtobufCMessage *answer)
{
	const struct schema_type *type = call->method->output;
	schema_groups groups = decide_groups(call->caller, call->method->permission, call->now_us);
	for (size_t i = 0; i < type->fields_count; i++) {
		if (!(groups & 1u << type->fields[i].rules.group)) {
			value_clear(answer, &type->fields[i]);
		}
	}
}

char *report_page_token(struct call *call, const struct report_page *page, size_t first, size_t count)
{
	struct position position = {first, call->revision, page->present};
	const char *token = first >= count ? "" : page_token_make(call, query_of(call), (struct bytes){(const uint8_t *)&position, sizeof position});
	return (char *)(uintptr_t)(token ? token : "");
}
