/* SPDX-License-Identifier: Apache-2.0
 *
 * audit_head.h - a signed head of the log as the contract writes it, and back.
 */
#pragma once

#include "kam/v1/audit.pb-c.h"
#include "server/resource/call.h"

/* In the arena; NULL when it is full. */
Kam__V1__AuditHead *audit_head_write(const struct store_head *head, struct arena *arena);
/* INVALID_ARGUMENT where it is not one that kam wrote. */
bool audit_head_read(const Kam__V1__AuditHead *message, struct store_head *ret_head, struct status *st);
/* The head in a file that `kam audit head -o json` wrote. */
bool audit_head_load(const struct schema *schema, const char *path, struct store_head *ret_head, struct status *st);
