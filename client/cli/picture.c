/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a picture, and what its printers share: the scale, the order of points, where labels go.
 */
#include "client/cli/picture.h"

#include <math.h>
#include <stdlib.h>

void picture_init(struct picture *picture, struct arena *arena, const char *title)
{
	*picture = (struct picture){.arena = arena, .title = title};
	picture->last = &picture->first;
}

static void add_part(struct picture *picture, struct picture_part part)
{
	struct picture_part *copy = arena_memdup(picture->arena, &part, sizeof part);
	if (copy) {
		*picture->last = copy;
		picture->last = &copy->next;
	}
}

void picture_note(struct picture *picture, const char *text)
{
	if (text[0]) {
		add_part(picture, (struct picture_part){.kind = PICTURE_NOTE, .note = text});
	}
}

void picture_alarm(struct picture *picture, const char *text)
{
	if (text[0]) {
		add_part(picture, (struct picture_part){.kind = PICTURE_NOTE, .note = text, .alarm = true});
	}
}

void picture_bars(struct picture *picture, const struct picture_bars *bars)
{
	const struct picture_bars *copy = bars->count > 0 ? arena_memdup(picture->arena, bars, sizeof *bars) : NULL;
	if (copy) {
		add_part(picture, (struct picture_part){.kind = PICTURE_BARS, .bars = copy});
	}
}

void picture_scatter(struct picture *picture, const struct picture_scatter *scatter)
{
	const struct picture_scatter *copy = scatter->count > 0 ? arena_memdup(picture->arena, scatter, sizeof *scatter) : NULL;
	if (copy) {
		add_part(picture, (struct picture_part){.kind = PICTURE_SCATTER, .scatter = copy});
	}
}

void picture_grid(struct picture *picture, const struct picture_grid *grid)
{
	const struct picture_grid *copy = grid->rows_count > 0 && grid->columns_count > 0 ? arena_memdup(picture->arena, grid, sizeof *grid) : NULL;
	if (copy) {
		add_part(picture, (struct picture_part){.kind = PICTURE_GRID, .grid = copy});
	}
}

/* ---- what both printers go by ------------------------------------------------------------------------------------------------------------------ */

double picture_share(double value, double low, double high)
{
	return high > low ? fmin(fmax((value - low) / (high - low), 0), 1) : 0;
}

static int compare_points(const void *one, const void *other)
{
	const struct picture_point *a = one, *b = other;
	if (a->size != b->size) {
		return a->size > b->size ? -1 : 1;
	}
	int order = strcmp(a->label, b->label);
	if (order != 0) {
		return order;
	}
	return a->x != b->x ? (a->x > b->x) - (a->x < b->x) : (a->y > b->y) - (a->y < b->y);
}

const struct picture_point *picture_sorted(const struct picture_scatter *scatter, struct arena *arena)
{
	struct picture_point *points = arena_memdup(arena, scatter->points, scatter->count * sizeof *points);
	if (points) {
		qsort(points, scatter->count, sizeof *points, compare_points);
	}
	return points;
}

bool picture_grid_is_square(const struct picture_grid *grid)
{
	return grid->rows == grid->columns && grid->rows_count == grid->columns_count;
}

static bool apart(double left, double width, double other_left, double other_width)
{
	return left + width <= other_left || other_left + other_width <= left;
}

/* Whether a box meets no mark but its own, and no label that stands. */
static bool is_free(const struct picture_spot *spots, size_t count, size_t own, double left, double top, double gap)
{
	double width = spots[own].width + 2 * gap, height = spots[own].height;
	left -= gap;
	for (size_t i = 0; i < count; i++) {
		const struct picture_spot *spot = &spots[i];
		if (i != own && spot->half_width > 0 && !apart(left, width, spot->x - spot->half_width, 2 * spot->half_width) &&
		    !apart(top, height, spot->y - spot->half_height, 2 * spot->half_height)) {
			return false;
		}
		if (i != own && spot->placed && !apart(left, width, spot->left, spot->width) && !apart(top, height, spot->top, spot->height)) {
			return false;
		}
	}
	return true;
}

static void place_one(struct picture_spot *spots, size_t count, size_t own, double width, double height, double gap, bool vertical)
{
	struct picture_spot *spot = &spots[own];
	double middle = spot->y - spot->height / 2, centre = spot->x - spot->width / 2;
	const double places[4][2] = {
		{spot->x + spot->half_width, middle},
		{spot->x - spot->half_width - spot->width, middle},
		{centre, spot->y - spot->half_height - spot->height},
		{centre, spot->y + spot->half_height},
	};
	for (size_t i = 0; i < (vertical ? 4u : 2u) && !spot->placed; i++) {
		double left = places[i][0], top = places[i][1];
		bool inside = left >= 0 && top >= 0 && left + spot->width <= width && top + spot->height <= height;
		if (inside && is_free(spots, count, own, left, top, gap)) {
			spot->placed = true;
			spot->left = left;
			spot->top = top;
		}
	}
}

size_t picture_place(struct picture_spot *spots, size_t count, double width, double height, double gap, bool vertical)
{
	size_t homeless = 0;
	for (size_t i = 0; i < count; i++) {
		spots[i].placed = false;
	}
	for (size_t i = 0; i < count; i++) {
		if (spots[i].width > 0) {
			place_one(spots, count, i, width, height, gap, vertical);
			homeless += !spots[i].placed;
		}
	}
	return homeless;
}
