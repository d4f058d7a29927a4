/* SPDX-License-Identifier: Apache-2.0
 */
#include "server/access/blind.h"

#include "common/schema/wire.h"
#include "common/schema/wire_walk.h"

/* The value of an enum field straight from the bytes; 0 where it is not set. */
static int64_t enum_value(struct bytes bytes, const struct schema_field *field)
{
	struct wire_field found;
	uint64_t value = 0;
	while (wire_next(&bytes, &found)) {
		if (found.number == field->pb->id && found.type == WIRE_VARINT) {
			wire_varint(found.value, &value);
		}
	}
	return (int64_t)value;
}

bool blind_now(const struct store_view *view, const struct schema_resource *resource, const char *name)
{
	char parent[LIMIT_NAME_BYTES + 1];
	struct store_record record;
	STATUS_SCRATCH(st);
	if (!resource->blind_field) {
		return false;
	}
	size_t size = strlen(name);
	for (int slashes = 0; size > 0 && slashes < 2; size--) {
		slashes += name[size - 1] == '/';
	}
	if (size == 0 || size > LIMIT_NAME_BYTES) {
		return true;
	}
	memcpy(parent, name, size);
	parent[size] = '\0';
	return !store_get(view, parent, &record, &st) || enum_value(record.value, resource->blind_field) < resource->blind_end;
}

bool blind_author(const struct schema_resource *resource, const char *name, const char *user)
{
	const char *id = strrchr(name, '/'), *own = strchr(user, '/');
	return resource->blind_field && id && own && strcmp(id, own) == 0;
}
