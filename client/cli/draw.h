/* SPDX-License-Identifier: Apache-2.0
 *
 * draw.h - figures drawn with characters: bars, sparklines, shares, amounts. Rounding happens here and nowhere before (design.md section 6).
 */
#pragma once

#include "common/base/arena.h"
#include "kam/v1/standard.pb-c.h"

#include <google/protobuf/timestamp.pb-c.h>

/* Whether there is a number; NULL is none. */
bool figure_defined(const Kam__V1__Figure *figure);
/* "63.15 %", "–" where undefined. */
const char *draw_percent(const Kam__V1__Figure *figure, struct arena *arena);
/* Up to `decimals`, "–" where undefined. */
const char *draw_number(const Kam__V1__Figure *figure, int decimals, struct arena *arena);
/* "10,005,534" in whole units; "–" where NULL. With `currency` its code behind. */
const char *draw_money(const Kam__V1__Money *money, bool currency, struct arena *arena);
/* "2026-09-30"; "–" where NULL. */
const char *draw_day(const Google__Protobuf__Timestamp *time, struct arena *arena);
/* The cells from `from` to `to` of `width` filled, the others as `empty` says; in eighths of a cell at the right end, in halves at the left, where Unicode has
 * no more. A span that is not empty shows. */
void draw_span(struct buf *out, double from, double to, size_t width, const char *empty);
/* A bar of `width` cells for 0 to 1, in eighths of a cell; dots where undefined. */
const char *draw_bar(const Kam__V1__Figure *figure, size_t width, struct arena *arena);

/* ▁▂▃▄▅▆▇█ for 0 to 1, one cell a figure, "·" where undefined. */
void draw_spark(struct buf *out, const Kam__V1__Figure *figure);
