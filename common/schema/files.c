/* SPDX-License-Identifier: Apache-2.0
 *
 * The .proto files themselves, for reflection: each entry of the set's repeated field is already the serialized FileDescriptorProto that a
 * reflection answer carries, so files are cut out of the set, never packed again.
 */
#include "common/schema/build.h"
#include "common/schema/wire.h"

/* FileDescriptorSet.file, length-delimited. */
enum { SET_FILE_TAG = 1 << 3 | 2 };

/* Cuts the next file off `rest`. The set was unpacked before, so its framing holds, but for fields other than `file`, which no set has. */
static bool next_file(struct bytes *rest, struct bytes *ret_file)
{
	uint64_t tag, size;
	size_t tag_size = wire_varint(*rest, &tag);
	if (tag_size == 0 || tag != SET_FILE_TAG) {
		return false;
	}
	struct bytes after = {rest->data + tag_size, rest->size - tag_size};
	size_t size_size = wire_varint(after, &size);
	if (size_size == 0 || size > after.size - size_size) {
		return false;
	}
	*ret_file = (struct bytes){after.data + size_size, (size_t)size};
	*rest = (struct bytes){ret_file->data + size, after.size - size_size - (size_t)size};
	return true;
}

bool build_files(struct build *build)
{
	struct schema *schema = build->schema;
	struct bytes rest = build->source->descriptor_set;
	schema->files_count = build->set->n_file;
	schema->files = arena_calloc(&schema->arena, schema->files_count, sizeof *schema->files);
	for (size_t i = 0; schema->files && i < schema->files_count; i++) {
		const Google__Protobuf__FileDescriptorProto *proto = build->set->file[i];
		struct schema_file *file = &schema->files[i];
		const char **dependencies = arena_calloc(&schema->arena, proto->n_dependency + 1, sizeof *dependencies);
		if (!proto->name || !next_file(&rest, &file->bytes)) {
			return build_fail(build, "file %zu of the descriptor set has no name or is framed badly", i);
		}
		for (size_t j = 0; dependencies && j < proto->n_dependency; j++) {
			dependencies[j] = arena_strdup(&schema->arena, proto->dependency[j]);
		}
		file->name = arena_strdup(&schema->arena, proto->name);
		file->dependencies = dependencies;
		file->dependencies_count = dependencies ? proto->n_dependency : 0;
		if (!file->name) {
			return false;
		}
		if (!table_put(&schema->file_names, file->name, file) && !schema->arena.overflowed) {
			return build_fail(build, "file %s is in the descriptor set twice", file->name);
		}
	}
	return schema->files;
}

void build_symbol(struct build *build, const char *name, const Google__Protobuf__FileDescriptorProto *file)
{
	if (name) {
		table_put(&build->schema->symbols, name, table_get(&build->schema->file_names, file->name));
	}
}

size_t schema_files_count(const struct schema *schema)
{
	return schema->files_count;
}

const struct schema_file *schema_file_at(const struct schema *schema, size_t index)
{
	return index < schema->files_count ? &schema->files[index] : NULL;
}

const struct schema_file *schema_file_find(const struct schema *schema, const char *name)
{
	return table_get(&schema->file_names, name);
}

const struct schema_file *schema_file_of_symbol(const struct schema *schema, const char *symbol)
{
	return table_get(&schema->symbols, symbol);
}
