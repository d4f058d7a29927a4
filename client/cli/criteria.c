/* SPDX-License-Identifier: Apache-2.0
 *
 * kam criteria-sets list-proposals: what there is to start from, criterion by criterion.
 */
#include "client/cli/report.h"

#include "kam/v1/criteria_set.pb-c.h"

#include <stdio.h>

static bool print_criteria(struct cli *cli, const Kam__V1__ListCriteriaSetProposalsResponse *reply, struct status *st)
{
	static const struct record_column columns[] = {{.name = "proposal"},
	                                               {.name = "criterion", .whole = true},
	                                               {.name = "axis", .whole = true},
	                                               {.name = "weight", .right = true},
	                                               {.name = "asks", .wrap = true}};
	struct records *records = records_new(cli, columns, sizeof columns / sizeof columns[0]);
	for (size_t i = 0; records && i < reply->n_proposals; i++) {
		const Kam__V1__CriteriaSetProposal *proposal = reply->proposals[i];
		for (size_t j = 0; proposal->criteria_set && j < proposal->criteria_set->n_criteria; j++) {
			const Kam__V1__Criterion *criterion = proposal->criteria_set->criteria[j];
			const char *cells[] = {proposal->id, criterion->id, output_words(cli, &criterion->base, "axis", &cli->arena),
			                       arena_printf(&cli->arena, "%g", criterion->weight), criterion->description};
			records_row(records, cells, NULL);
		}
	}
	return records && records_end(records, st);
}

static bool print_proposals(struct cli *cli, const ProtobufCMessage *message, struct status *st)
{
	const Kam__V1__ListCriteriaSetProposalsResponse *reply = (const Kam__V1__ListCriteriaSetProposalsResponse *)message;
	if (!print_criteria(cli, reply, st)) {
		return false;
	}
	for (size_t i = 0; i < reply->n_proposals && cli->output.format != OUTPUT_CSV; i++) {
		const char *text = reply->proposals[i]->criteria_set ? reply->proposals[i]->criteria_set->description : "";
		struct buf out;
		buf_init(&out, &cli->arena);
		const char *id = text_clean(reply->proposals[i]->id, &cli->arena);
		text_wrap(&out, text_clean(text, &cli->arena), text_width(id) + 2, 2, cli->terminal.width > 0 ? (size_t)cli->terminal.width : 100);
		printf("%s%s: %s\n", i == 0 ? "\n" : "", id, buf_text(&out));
	}
	return output_check(st);
}

const struct report proposals_report = {.method = "/kam.v1.CriteriaSetService/ListCriteriaSetProposals",
                                        .rows = "proposals",
                                        .name = "id",
                                        .print = print_proposals,
                                        .prints_csv = true};
