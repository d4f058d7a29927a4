/* SPDX-License-Identifier: Apache-2.0
 *
 * The comments of the contract, from SourceCodeInfo. A comment becomes paragraphs: lines that follow each other are one paragraph, joined by
 * a blank, so that whoever prints it can wrap it to its own width; an empty line, or a line that opens a list item, begins a new one.
 */
#include "common/schema/build.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *clean(const char *text, struct arena *arena)
{
	struct buf out;
	buf_init(&out, arena);
	bool pending_break = false;
	for (const char *line = text; *line;) {
		size_t size = strcspn(line, "\n");
		const char *next = line + size + (line[size] == '\n');
		while (size > 0 && is_blank(line[size - 1])) {
			size--;
		}
		while (size > 0 && is_blank(*line)) {
			line++;
			size--;
		}
		bool item = size > 1 && (*line == '-' || *line == '*') && is_blank(line[1]);
		if (out.size > 0 && size > 0) {
			buf_add_byte(&out, pending_break || item ? '\n' : ' ');
		}
		pending_break = size == 0;
		buf_add(&out, line, size);
		line = next;
	}
	return buf_text(&out);
}

const struct table *comments_of(struct build *build, const Google__Protobuf__FileDescriptorProto *file)
{
	struct table *table = arena_alloc(build->scratch, sizeof *table);
	if (!table) {
		return NULL;
	}
	table_init(table, build->scratch);
	const Google__Protobuf__SourceCodeInfo *info = file->source_code_info;
	for (size_t i = 0; info && i < info->n_location; i++) {
		const Google__Protobuf__SourceCodeInfo__Location *location = info->location[i];
		if (!location->leading_comments) {
			continue;
		}
		struct buf key;
		buf_init(&key, build->scratch);
		for (size_t j = 0; j < location->n_path; j++) {
			buf_printf(&key, j ? ".%d" : "%d", location->path[j]);
		}
		table_put(table, buf_text(&key), location->leading_comments);
	}
	return table;
}

const char *comment_at(struct build *build, const struct table *comments, const char *path)
{
	const char *text = comments && path ? table_get(comments, path) : NULL;
	return text ? clean(text, &build->schema->arena) : "";
}
