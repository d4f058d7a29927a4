/* SPDX-License-Identifier: Apache-2.0
 *
 * The tables: which handler a method has, which rules a resource has. Built once at the start, so that a gap is found there and not by a user.
 */
#include "server/resource/engine.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static call_handler *const by_verb[VERB_COUNT] = {
	[VERB_GET] = engine_get,
	[VERB_LIST] = engine_list,
	[VERB_CREATE] = engine_create,
	[VERB_UPDATE] = engine_update,
	[VERB_DELETE] = engine_delete,
	[VERB_UNDELETE] = engine_undelete,
	[VERB_LIST_VERSIONS] = engine_list_versions,
};

static size_t resource_index(const struct engine *engine, const struct schema_resource *resource)
{
	size_t count = schema_resources_count(engine->schema), i = 0;
	while (i < count && schema_resource_at(engine->schema, i) != resource) {
		i++;
	}
	return i;
}

static bool add_domain(struct engine *engine, const struct domain *domain, struct status *st)
{
	for (size_t i = 0; i < domain->nouns_count; i++) {
		const struct schema_resource *resource = schema_resource_find(engine->schema, domain->nouns[i].collection);
		if (!resource) {
			return status_fail(st, STATUS_INTERNAL, "CONTRACT", "rules for %s, which the contract does not have", domain->nouns[i].collection);
		}
		engine->nouns[resource_index(engine, resource)] = &domain->nouns[i];
	}
	for (size_t i = 0; i < domain->methods_count; i++) {
		const struct schema_method *method = schema_method_find(engine->schema, domain->methods[i].path);
		if (!method) {
			return status_fail(st, STATUS_INTERNAL, "CONTRACT", "a handler for %s, which the contract does not have", domain->methods[i].path);
		}
		engine->methods[method->index] = &domain->methods[i];
		engine->handlers[method->index] = domain->methods[i].handler;
	}
	return true;
}

bool engine_init(struct engine *engine, const struct schema *schema, struct store *store, const struct domain *const *domains, size_t domains_count,
                 struct status *st)
{
	size_t methods = schema_methods_count(schema);
	engine->schema = schema;
	engine->store = store;
	engine->nouns = calloc(schema_resources_count(schema), sizeof *engine->nouns);
	engine->methods = calloc(methods, sizeof *engine->methods);
	engine->handlers = calloc(methods, sizeof *engine->handlers);
	engine->changed = calloc(schema_resources_count(schema), sizeof *engine->changed);
	for (size_t i = 0; engine->changed && i < schema_resources_count(schema); i++) {
		atomic_init(&engine->changed[i], store_revision(store));
	}
	if (!engine->changed || !engine->nouns || !engine->methods || !engine->handlers) {
		return status_fail(st, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "out of memory");
	}
	for (size_t i = 0; i < methods; i++) {
		engine->handlers[i] = by_verb[schema_method_at(schema, i)->verb];
	}
	for (size_t i = 0; i < domains_count; i++) {
		if (!add_domain(engine, domains[i], st)) {
			return false;
		}
	}
	for (size_t i = 0; i < methods; i++) {
		if (!engine->handlers[i]) {
			return status_fail(st, STATUS_INTERNAL, "CONTRACT", "no handler for %s", schema_method_at(schema, i)->path);
		}
	}
	return true;
}

void engine_done(struct engine *engine)
{
	free(engine->nouns);
	free(engine->methods);
	free(engine->handlers);
	free(engine->changed);
}

void engine_note_change(const struct engine *engine, const char *name, uint64_t revision)
{
	const struct schema_resource *resource = schema_resource_of_name(engine->schema, name);
	if (resource) {
		atomic_store(&engine->changed[resource_index(engine, resource)], revision);
	}
}

bool engine_unchanged_since(const struct engine *engine, const struct schema_resource *resource, uint64_t revision)
{
	return atomic_load(&engine->changed[resource_index(engine, resource)]) <= revision;
}

const struct noun *engine_noun(const struct engine *engine, const struct schema_resource *resource)
{
	return engine->nouns[resource_index(engine, resource)];
}
