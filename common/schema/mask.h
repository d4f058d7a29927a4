/* SPDX-License-Identifier: Apache-2.0
 *
 * mask.h - field masks: which fields an update names, what changed between two states. Source: AIP-134, AIP-161.
 */
#pragma once

#include "common/schema/schema.h"

/* Applies an update to `target` (a private copy of the resource, altered in place, sharing memory with `source`, which must live as long as `arena`). `paths` of count 0: every
 * field that is set in `source`; one path "*": every field. Output-only and identity fields (name, uid, etag, times) are passed over where the mask did not name them and refused by status_field where it did; an immutable field that would change
 * is refused; an unknown path is refused with the nearest known name. A path through an unset message makes it. Map entries "labels.size" can be named. */
bool mask_apply(const struct schema_type *type, ProtobufCMessage *target, const ProtobufCMessage *source, char *const *paths, size_t paths_count, struct arena *arena, struct status *st);

/* Comma-separated paths of the top-level fields in which two messages differ (in the order of the .proto; either may be NULL), without etag and update_time; "" where none. `groups`: only fields in these. */
const char *mask_differences(const struct schema_type *type, const ProtobufCMessage *before, const ProtobufCMessage *after, schema_groups groups, struct arena *arena);

/* Clears every output-only field of a message (and etag), as a client's values for them are ignored. */
void mask_clear_output_only(const struct schema_type *type, ProtobufCMessage *message);
/* Whether a field holds the same in two messages: as often set, element by element equal. Maps must be sorted by key, as unpacking and reading JSON leave them. */
bool mask_field_equal(const struct schema_field *field, const ProtobufCMessage *a, const ProtobufCMessage *b);
