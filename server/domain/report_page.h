/* SPDX-License-Identifier: Apache-2.0
 *
 * report_page.h - pages of a report whose rows are computed and ordered anew for each page: a page is where it starts, and every later one is of the first
 * one's revision.
 */
#pragma once

#include "server/resource/engine.h"

struct report_page {
	size_t first, size;
	bool present; /* the first page was asked of the present */
};

/* From the request's page_size and page_token. `usual` is the size for 0. Where there is a token, the call is set to the revision of the first page. */
bool report_page_read(struct call *call, int32_t page_size, size_t usual, const char *token, struct report_page *ret_page);
/* Clears what the caller never sees in the answer itself; each row was cut for itself. */
void report_page_cut(struct call *call, ProtobufCMessage *answer);
/* The token of the page that starts at row `first` of `count`; "" where there is none. */
char *report_page_token(struct call *call, const struct report_page *page, size_t first, size_t count);
