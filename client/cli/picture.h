/* SPDX-License-Identifier: Apache-2.0
 *
 * picture.h - what a report draws, said once. picture_text.c prints it with characters, picture_svg.c as SVG.
 *
 * A picture is a title and parts, one below the other: notes, bars, a scatter, a grid. What a part means is in its figures and texts; how large it is and
 * in which colours is the printer's. Nothing is told by colour alone.
 *
 * Owns:    nothing: texts and arrays are the caller's and must live as long as the picture.
 * Errors:  without memory parts are missing; the arena's `overflowed` says so.
 * Source:  quadrants: the directional policy matrix. SVG: SVG 1.1, accessible names as SVG-AAM 1.0 takes them from <title> and <desc>.
 */
#pragma once

#include "client/cli/text.h"
#include "common/base/arena.h"

/* What something stands for; on paper and on most terminals also a colour. */
enum picture_tone { PICTURE_PLAIN, PICTURE_OURS, PICTURE_THEIRS, PICTURE_GOOD, PICTURE_BAD, PICTURE_FAINT };

/* One line of bars: a span on the scale. Undefined: no span, and `text` says why. */
struct picture_row {
	const char *label;
	const char *text; /* the figure in words: "63.15 %" */
	bool defined;
	double from, to; /* of the scale */
	enum picture_tone tone;
};

/* Lines below each other on one scale. Usually from 0 to a value; with end_names each is a span between two marks: whose `from` is, whose `to` is. */
struct picture_bars {
	const char *heading;             /* "": none */
	double low, high;                /* the scale; where 0 lies inside, bars go from it to both sides */
	const char *from_name, *to_name; /* NULL: bars */
	const struct picture_row *rows;
	size_t count;
};

struct picture_point {
	const char *label;
	const char *text; /* its figures, for the legend */
	double x, y;
	double size; /* 0 to 1: area of its bubble against the largest */
	bool moved;  /* from here: */
	double from_x, from_y;
	enum picture_tone tone;
};

/* Points between low and high on both axes, in four quadrants. */
struct picture_scatter {
	const char *heading;
	const char *x_title, *y_title, *size_title;
	double low, high;
	double x_cut, y_cut;
	const char *quadrants[4]; /* upper left, upper right, lower left, lower right */
	const struct picture_point *points;
	size_t count;
};

struct picture_cell {
	const char *text; /* short: "60", "1.2 M" */
	double share;     /* 0 to 1: how dark; below 0: nothing to shade */
	enum picture_tone tone;
};

/* Rows by columns. With the same labels on both sides (the same array), rows are numbered and columns named by the number. */
struct picture_grid {
	const char *heading;
	const char *const *rows;
	size_t rows_count;
	const char *const *columns;
	size_t columns_count;
	const struct picture_cell *cells; /* row by row */
};

enum picture_kind { PICTURE_NOTE, PICTURE_BARS, PICTURE_SCATTER, PICTURE_GRID };

struct picture_part {
	enum picture_kind kind;
	const char *note;
	bool alarm; /* a note that should worry the reader */
	const struct picture_bars *bars;
	const struct picture_scatter *scatter;
	const struct picture_grid *grid;
	struct picture_part *next;
};

struct picture {
	struct arena *arena;
	const char *title;
	struct picture_part *first, **last;
};

void picture_init(struct picture *picture, struct arena *arena, const char *title);
void picture_note(struct picture *picture, const char *text);
void picture_alarm(struct picture *picture, const char *text);
/* These are copied, what they point to is not. Nothing is drawn of an empty one. */
void picture_bars(struct picture *picture, const struct picture_bars *bars);
void picture_scatter(struct picture *picture, const struct picture_scatter *scatter);
void picture_grid(struct picture *picture, const struct picture_grid *grid);

/* As lines of text, as wide as the terminal (80 columns where it is none, never below 40), coloured where it is. */
void picture_print_text(const struct picture *picture, const struct terminal *terminal, struct buf *out);
/* As one SVG document: no script, nothing from elsewhere, the same bytes for the same picture; readable on light and on dark. */
void picture_print_svg(const struct picture *picture, struct buf *out);

/* ---- what both printers go by (picture.c) --------------------------------------------------------------------------------------------------- */

/* More points than this are dots without a label. */
enum { PICTURE_LABELS_MAX = 40 };

/* The part of the way from low to high, 0 to 1. */
double picture_share(double value, double low, double high);
/* The points in the order in which they are drawn and listed: the largest first, then by label. In the arena. */
const struct picture_point *picture_sorted(const struct picture_scatter *scatter, struct arena *arena);

/* A mark and the label that wants to stand beside it, in the printer's own units. */
struct picture_spot {
	double x, y, half_width, half_height; /* of the mark; half_width 0: nothing may be hidden by covering it */
	double width, height;                 /* of the label; width 0: it wants none */
	bool placed;
	double left, top; /* where the label stands */
};

/* Finds a place right, left, above or below (the latter two only where `vertical`) of each mark, in order, where a label meets no mark and no other label
 * and stays within width and height. Answers how many found none. */
size_t picture_place(struct picture_spot *spots, size_t count, double width, double height, double gap, bool vertical);

/* "1 Acme" of the labels of a grid whose sides are the same. */
bool picture_grid_is_square(const struct picture_grid *grid);
