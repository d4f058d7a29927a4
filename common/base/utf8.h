/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8.h - text that came from outside or was cut, made fit to be kept and sent. Source: RFC 3629 §4.
 */
#pragma once

#include <stddef.h>

/* Bytes of the character that starts at `text`, which ends in a NUL: 1 to 4; 0 where the bytes are no character. */
size_t utf8_size(const char *text);
/* Replaces every byte that belongs to no character by '?', in place. */
void utf8_repair(char *text);
