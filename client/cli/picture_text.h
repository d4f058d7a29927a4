/* SPDX-License-Identifier: Apache-2.0
 *
 * picture_text.h - what the files that print pictures as text share; nobody else includes it.
 */
#pragma once

#include "client/cli/picture.h"

struct paper {
	struct arena *arena;
	struct buf *out;
	size_t width; /* columns */
	bool colour;
};

void paper_tone(struct paper *paper, enum picture_tone tone, const char *text);
/* Filled with blanks to the width, which are at the left where it stands at the right. */
void paper_pad(struct paper *paper, const char *text, size_t width, bool right);
/* Ends a line, without blanks at its end. */
void paper_end_line(struct paper *paper);
void paper_heading(struct paper *paper, const char *text);
/* Safe for a terminal; NULL is "". */
const char *paper_clean(const struct paper *paper, const char *text);
/* The greater of `widest` and the width of the text. */
size_t paper_widest(const struct paper *paper, size_t widest, const char *text);

void paper_scatter(struct paper *paper, const struct picture_scatter *scatter); /* picture_scatter.c */
void paper_grid(struct paper *paper, const struct picture_grid *grid);          /* picture_grid.c */
