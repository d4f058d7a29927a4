/* SPDX-License-Identifier: Apache-2.0
 *
 * Inputs carry the revision at which their resource last changed, read here so that no report forgets it.
 */
#include "server/domain/explanation.h"

#include "server/domain/grow.h"

Kam__V1__Figure *figure_message(struct figure figure, struct arena *arena)
{
	Kam__V1__Figure *message = arena_alloc(arena, sizeof *message);
	if (!message) {
		return NULL;
	}
	kam__v1__figure__init(message);
	if (figure_defined(figure)) {
		message->_value_case = KAM__V1__FIGURE___VALUE_VALUE;
		message->value = figure.value;
	} else {
		message->undefined_reason = arena_strdup(arena, figure.reason);
	}
	return message->undefined_reason ? message : NULL;
}

static char *copy(struct arena *arena, const char *text)
{
	char *copied = text ? arena_strdup(arena, text) : NULL;
	return copied ? copied : (char *)(uintptr_t)"";
}

/* Revision at which a resource last changed, as of the call's revision and as far as the caller sees it. */
static uint64_t revision_of(struct call *call, const char *name)
{
	struct store_record record;
	struct decision decision;
	const struct schema_resource *resource = schema_resource_of_name(call->engine->schema, name);
	return resource && call_read(call, name, &record, &decision) ? call_seen_revision(call, resource->type, name, &record, decision.groups) : 0;
}

void explain_figure(struct explanations *explanations, const char *figure, const char *formula, int formula_version, struct figure result, const char *resource)
{
	struct arena *arena = explanations->call->arena;
	Kam__V1__Explanation *explanation = arena_alloc(arena, sizeof *explanation);
	Kam__V1__Explanation **list = grow_array(arena, explanations->list, explanations->count, sizeof *list);
	if (!explanation || !list) {
		return;
	}
	kam__v1__explanation__init(explanation);
	explanation->figure = copy(arena, figure);
	explanation->formula = copy(arena, formula);
	explanation->formula_version = formula_version;
	explanation->result = figure_message(result, arena);
	explanation->resource = copy(arena, resource);
	explanations->list = list;
	explanations->list[explanations->count++] = explanation;
}

void explain_input(struct explanations *explanations, const char *label, const char *resource, struct figure value, struct figure weight)
{
	struct arena *arena = explanations->call->arena;
	Kam__V1__Explanation *explanation = explanations->count ? explanations->list[explanations->count - 1] : NULL;
	Kam__V1__ExplanationInput *input = arena_alloc(arena, sizeof *input);
	Kam__V1__ExplanationInput **list = explanation ? grow_array(arena, explanation->inputs, explanation->n_inputs, sizeof *list) : NULL;
	if (!input || !list) {
		return;
	}
	kam__v1__explanation_input__init(input);
	input->label = copy(arena, label);
	input->resource = copy(arena, resource);
	input->revision = resource && *resource ? revision_of(explanations->call, resource) : 0;
	input->value = figure_message(value, arena);
	input->weight = figure_message(weight, arena);
	explanation->inputs = list;
	explanation->inputs[explanation->n_inputs++] = input;
}
