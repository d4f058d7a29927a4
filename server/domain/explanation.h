/* SPDX-License-Identifier: Apache-2.0
 *
 * explanation.h - how a figure came about, put together while it is computed: every report uses the same few steps.
 *
 * Owns:    all lives in the call's arena.
 * Errors:  a full arena leaves pieces out and is seen by the arena's `overflowed`, which whoever answers tests once.
 */
#pragma once

#include "kam/v1/explanation.pb-c.h"
#include "server/domain/figures.h"
#include "server/resource/engine.h"

/* The figures' explanations of one report. */
struct explanations {
	struct call *call;
	Kam__V1__Explanation **list;
	size_t count;
};

/* A figure as a message; NULL when the arena is full. */
Kam__V1__Figure *figure_message(struct figure figure, struct arena *arena);

/* Begins the explanation of a figure; the inputs that follow belong to it. `resource` is what it is about, or NULL. */
void explain_figure(struct explanations *explanations, const char *figure, const char *formula, int formula_version, struct figure result, const char *resource);
/* One input of the explanation begun last. `resource` is where it was read from, or NULL; `weight` undefined where the formula has none. */
void explain_input(struct explanations *explanations, const char *label, const char *resource, struct figure value, struct figure weight);
/* The weight of inputs of formulas without weights. */
static inline struct figure no_weight(void)
{
	return figure_none("the formula has no weights");
}
