/* SPDX-License-Identifier: Apache-2.0
 *
 * kam map: the people of an account as a tree of who reports to whom, then the shape of the relationship, what is missing and what should worry us.
 */
#include "client/cli/report.h"

#include "client/cli/draw.h"
#include "client/cli/output_table.h"
#include "kam/v1/stakeholder.pb-c.h"

#include <stdio.h>

enum { COLUMNS = 8 };

/* ---- the tree ---------------------------------------------------------------------------------------------------------------------------------- */

static const char *person(struct cli *cli, const Kam__V1__StakeholderNode *node)
{
	const char *name = node->display_name[0] ? node->display_name : output_last_segment(node->stakeholder);
	const char *text = arena_printf(&cli->arena, "%s%s%s", node->placeholder ? "(" : "", name, node->placeholder ? ")" : node->left ? " (left)" : "");
	return text ? text : "";
}

static const char *node_colour(const Kam__V1__StakeholderNode *node)
{
	if (node->left || node->placeholder) {
		return "darkgray";
	}
	switch (node->support) {
	case KAM__V1__SUPPORT__SUPPORT_ENEMY:
	case KAM__V1__SUPPORT__SUPPORT_SCEPTIC:
		return "red";
	case KAM__V1__SUPPORT__SUPPORT_SUPPORTER:
	case KAM__V1__SUPPORT__SUPPORT_MENTOR:
		return "green";
	default:
		return NULL;
	}
}

static void *row_of(const Kam__V1__StakeholderMap *map, void *const *rows, const char *stakeholder)
{
	for (size_t i = 0; i < map->n_nodes && stakeholder[0]; i++) {
		if (strcmp(map->nodes[i]->stakeholder, stakeholder) == 0) {
			return rows[i];
		}
	}
	return NULL;
}

/* The server sends each person after the one they report to, so the row above exists already. */
static void print_tree(struct cli *cli, const Kam__V1__StakeholderMap *map)
{
	static const struct record_column columns[COLUMNS] = {
		{.name = "person"}, {.name = "title"},     {.name = "level", .whole = true},    {.name = "roles"},
		{.name = "support", .whole = true}, {.name = "counterpart"}, {.name = "strength", .right = true}, {.name = "last contact", .whole = true},
	};
	struct table *table = table_new(&cli->terminal, columns, COLUMNS, cli->output.headers, true);
	void **rows = arena_calloc(&cli->arena, map->n_nodes + 1, sizeof *rows);
	if (!table || !rows) {
		return;
	}
	for (size_t i = 0; i < map->n_nodes; i++) {
		const Kam__V1__StakeholderNode *node = map->nodes[i];
		const char *counterpart = node->counterpart_display_name[0] ? node->counterpart_display_name : output_last_segment(node->counterpart);
		const char *cells[COLUMNS] = {
			person(cli, node),
			node->title,
			output_words(cli, &node->base, "level", &cli->arena),
			output_words(cli, &node->base, "buying_roles", &cli->arena),
			output_words(cli, &node->base, "support", &cli->arena),
			counterpart,
			node->strength ? draw_number(node->strength->score, 0, &cli->arena) : "",
			node->last_contact_time ? draw_day(node->last_contact_time, &cli->arena) : "",
		};
		rows[i] = table_row(table, row_of(map, rows, node->reports_to), cells, node_colour(node), &cli->arena);
	}
	table_end(table);
}

/* ---- the findings ---------------------------------------------------------------------------------------------------------------------------------- */

static const char *start_colour(const struct cli *cli, bool alarm)
{
	return cli->terminal.colour && alarm ? "\033[31m" : "";
}

static const char *end_colour(const struct cli *cli, bool alarm)
{
	return cli->terminal.colour && alarm ? "\033[0m" : "";
}

static const char *display_name(const Kam__V1__StakeholderMap *map, const char *stakeholder)
{
	for (size_t i = 0; i < map->n_nodes; i++) {
		if (strcmp(map->nodes[i]->stakeholder, stakeholder) == 0 && map->nodes[i]->display_name[0]) {
			return map->nodes[i]->display_name;
		}
	}
	return output_last_segment(stakeholder);
}

static void print_relationship(struct cli *cli, const Kam__V1__StakeholderMap *map)
{
	const char *derived = output_words(cli, &map->base, "derived_model", &cli->arena), *expected = output_words(cli, &map->base, "expected_model", &cli->arena);
	printf("\nRelationship  %s%s%s", start_colour(cli, map->model_alarm), derived[0] ? derived : "no contact yet", end_colour(cli, map->model_alarm));
	if (expected[0]) {
		printf("; the tier asks for %s", expected);
	}
	printf("; %d level%s reached\n", map->level_count, map->level_count == 1 ? "" : "s");
	printf("Coverage      %s %s", draw_bar(map->coverage, 10, &cli->arena), draw_percent(map->coverage, &cli->arena));
	if (map->coverage && !figure_defined(map->coverage) && map->coverage->undefined_reason[0]) {
		printf(" (%s)", text_clean(map->coverage->undefined_reason, &cli->arena));
	}
	putchar('\n');
	for (size_t i = 0; i < map->n_required_roles; i++) {
		const Kam__V1__RequiredRole *role = map->required_roles[i];
		printf("  %s %s", role->filled ? "+" : "-", output_words(cli, &role->base, "role", &cli->arena));
		for (size_t j = 0; j < role->n_stakeholders; j++) {
			printf("%s%s", j == 0 ? ": " : ", ", text_clean(display_name(map, role->stakeholders[j]), &cli->arena));
		}
		putchar('\n');
	}
}

static void print_ties(struct cli *cli, const Kam__V1__StakeholderMap *map)
{
	if (map->n_edges > 0) {
		printf("\nTies\n");
	}
	for (size_t i = 0; i < map->n_edges; i++) {
		const Kam__V1__StakeholderEdge *edge = map->edges[i];
		printf("  %s %s %s", text_clean(display_name(map, edge->from_stakeholder), &cli->arena), output_words(cli, &edge->base, "kind", &cli->arena),
		       text_clean(display_name(map, edge->to_stakeholder), &cli->arena));
		if (edge->strength > 0) {
			printf(" (%d of 5)", edge->strength);
		}
		putchar('\n');
	}
}

static void print_gaps(struct cli *cli, const Kam__V1__StakeholderMap *map)
{
	if (map->n_gaps > 0) {
		printf("\nMissing\n");
	}
	for (size_t i = 0; i < map->n_gaps; i++) {
		const Kam__V1__StakeholderGap *gap = map->gaps[i];
		printf("  - %s\n", text_clean(gap->text[0] ? gap->text : output_words(cli, &gap->base, "kind", &cli->arena), &cli->arena));
	}
	if (map->n_alarms > 0) {
		printf("\n%sAlarms%s\n", start_colour(cli, true), end_colour(cli, true));
	}
	for (size_t i = 0; i < map->n_alarms; i++) {
		printf("  ! %s\n", text_clean(map->alarms[i], &cli->arena));
	}
}

/* At how many levels of the client somebody stands on the map. */
static int count_levels(const Kam__V1__StakeholderMap *map)
{
	unsigned seen = 0;
	for (size_t i = 0; i < map->n_nodes; i++) {
		seen |= map->nodes[i]->level > 0 && (int)map->nodes[i]->level < 32 ? 1u << map->nodes[i]->level : 0;
	}
	return __builtin_popcount(seen);
}

static bool print_map(struct cli *cli, const ProtobufCMessage *reply, struct status *st)
{
	const Kam__V1__StakeholderMap *map = (const Kam__V1__StakeholderMap *)reply;
	int levels = count_levels(map);
	printf("%s, %zu %s at %d level%s, as of revision %llu\n\n", text_clean(map->account, &cli->arena), map->n_nodes, map->n_nodes == 1 ? "person" : "people", levels,
	       levels == 1 ? "" : "s", (unsigned long long)map->revision);
	if (!args_given(&cli->args, "gaps")) {
		print_tree(cli, map);
		print_relationship(cli, map);
		print_ties(cli, map);
	}
	print_gaps(cli, map);
	return output_check(st);
}

static const struct option map_options[] = {{"gaps", 0, OPTION_FLAG, NULL, "only what is missing", NULL}};

const struct report map_report = {.method = "/kam.v1.StakeholderService/GetStakeholderMap",
                                  .places = "parent",
                                  .rows = "nodes",
                                  .name = "stakeholder",
                                  .options = map_options,
                                  .options_count = 1,
                                  .print = print_map};
