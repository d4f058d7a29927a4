/* SPDX-License-Identifier: Apache-2.0
 *
 * One list of criteria, each with what 1, 5 and 10 mean, and three sets that weigh some of them. The bands of those that a figure answers are for a
 * business of middling size: amounts are in the programme's reporting currency, and every company has others.
 */
#include "server/domain/criteria_proposals.h"

#include <string.h>

enum { BANDS_MAX = 5, WEIGHTS_MAX = 16 };

#define WORTH KAM__V1__CRITERION_AXIS__CRITERION_AXIS_ATTRACTIVENESS
#define STAND KAM__V1__CRITERION_AXIS__CRITERION_AXIS_STRENGTH
#define SOURCE(name) KAM__V1__CRITERION_SOURCE__CRITERION_SOURCE_##name

struct band {
	double from, score; /* score 0 ends the list */
};

struct criterion {
	const char *id, *title;
	Kam__V1__CriterionAxis axis;
	const char *description, *low, *middle, *high;
	Kam__V1__CriterionSource source;
	struct band bands[BANDS_MAX];
};

static const struct criterion criteria[] = {
	{"growth-potential", "Growth potential", WORTH, "How much more could we sell there within three years?",
	 "Shrinks, or all it could buy it buys from us already.",
	 "Grows with its market.", "Could more than double what it buys from us.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"revenue-potential", "Revenue potential", WORTH, "How much does it spend on what we sell, with whomever?", "Too little to pay for an account manager.",
	 "As much as a usual account of ours.", "Among the largest budgets in our market.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"transaction-size", "Transaction size", WORTH, "How large is a usual order?", "Small single orders.", "Orders of the usual size, some of them repeated.",
	 "Frame contracts over several years.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"purchasing-process", "Purchasing process", WORTH, "Does the way it buys reward more than price?", "Auctions; the lowest price wins each time.",
	 "Price and quality are weighed, contract by contract.", "Buys centrally, from few suppliers, by total cost and joint plans.", SOURCE(UNSPECIFIED),
		{{0, 0}}},
	{"partner-potential", "Partner potential", WORTH, "Would it develop things with us, and open doors?", "Wants a vendor and nothing else.",
	 "Takes part where it is asked.",
	 "Invests its own people and money in joint work.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"solvency", "Solvency", WORTH, "Will it be able to pay, in five years too?", "Pays late or is in trouble.", "Pays as agreed; no warning known.",
	 "First-class rating, reserves, stable owners.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"reference-value", "Reference value", WORTH, "Does its name sell to others?", "Unknown, or wants not to be named.",
	 "Known in its own line of business.", "A name that others follow, and that speaks for us.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"geographical-alignment", "Geographical alignment", WORTH, "Is it where we can serve it?", "Needs us where we are not.",
	 "Most of its sites are within our reach.",
	 "Its sites and our service centres match.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"client-size", "Size of the client", WORTH, "The client's own yearly revenue, from its financials.", "The smallest band.", "A company of middling size.",
	 "The largest band.",
	 SOURCE(CLIENT_REVENUE), {{0, 1}, {10e6, 3}, {100e6, 5}, {1e9, 8}, {10e9, 10}}},
	{"product-fit", "Product fit", STAND, "How well does what we sell answer what it needs?", "Needs what we do not have.",
	 "Our standard products serve most of it.",
	 "What it needs is what we are best at.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"existing-relationships", "Existing relationships", STAND, "Whom do we know there, and how well?", "One contact, or none.",
	 "Several contacts, in one department or at one level.",
	 "Trusted at all levels, up to the board.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"cultural-fit", "Cultural fit", STAND, "Do both companies work alike?", "Other values; every joint step is hard work.",
	 "Different, but we understand each other.",
	 "The same way of deciding, and the same idea of a good partner.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"competitive-position", "Competitive position", STAND, "How do we stand against its other suppliers?", "Last of several.",
	 "One of two or three of equal standing.",
	 "First by far, hard to replace.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"value-proven", "Value proven", STAND, "Has the client seen in its own figures what we bring?", "Nobody there could say.",
	 "Single projects were measured.",
	 "A joint scorecard shows it, period after period.", SOURCE(UNSPECIFIED), {{0, 0}}},
	{"tenure", "Tenure", STAND, "Years that it has been our client, from customer_since.", "Under a year.", "Some five years.",
	 "More than twenty years.", SOURCE(TENURE),
	 {{0, 1}, {2, 3}, {5, 5}, {10, 8}, {20, 10}}},
	{"revenue", "Revenue", STAND, "Our revenue there in the last complete year, from its financials.", "The smallest band.", "A usual account.",
	 "The largest band.", SOURCE(REVENUE),
	 {{0, 1}, {50e3, 3}, {250e3, 5}, {1e6, 8}, {5e6, 10}}},
	{"portfolio-leverage", "Portfolio leverage", STAND, "Share of our active products that it has bought, from deals won.", "One product at most.",
	 "A third of them.", "Nearly all of them.",
	 SOURCE(PORTFOLIO_LEVERAGE), {{0, 1}, {0.15, 3}, {0.3, 5}, {0.6, 8}, {0.85, 10}}},
};

struct weight {
	const char *id; /* NULL ends the list */
	double weight;
};

static const struct proposal {
	const char *id, *title, *description;
	double minimum_growth, minimum_leverage;
	struct weight weights[WEIGHTS_MAX];
} proposals[] = {
	{"balanced", "Balanced",
	 "What an account is worth and how we stand there, each seen from several sides. To start from where nothing speaks for another set.", 0.05, 0.2,
	 {{"growth-potential", 25}, {"revenue-potential", 20}, {"purchasing-process", 15}, {"partner-potential", 15}, {"solvency", 10}, {"reference-value", 10},
	  {"geographical-alignment", 5}, {"product-fit", 25}, {"existing-relationships", 25}, {"competitive-position", 20}, {"cultural-fit", 10}, {"tenure", 10},
		{"portfolio-leverage", 10}}},
	{"growth", "Growth", "For companies that look for where they can grow: little weight on what an account brings today.", 0.1, 0.1,
	 {{"growth-potential", 40}, {"revenue-potential", 25}, {"partner-potential", 20}, {"transaction-size", 15}, {"product-fit", 40},
	  {"existing-relationships", 25},
	  {"competitive-position", 20}, {"cultural-fit", 15}}},
	{"retention", "Retention", "For companies whose revenue hangs on a few clients: what must not be lost, and how firmly we stand there.", 0, 0.3,
	 {{"client-size", 20}, {"revenue-potential", 25}, {"solvency", 25}, {"reference-value", 15}, {"purchasing-process", 15}, {"revenue", 20}, {"tenure", 15},
	  {"portfolio-leverage", 15},
	  {"existing-relationships", 20}, {"value-proven", 15}, {"competitive-position", 15}}},
};

enum { CRITERIA = sizeof criteria / sizeof criteria[0], PROPOSALS = sizeof proposals / sizeof proposals[0] };

/* Text of ours in a message: never changed, never freed. */
static char *text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

static bool add_bands(Kam__V1__Criterion *to, const struct criterion *from, struct arena *arena)
{
	to->bands = arena_calloc(arena, BANDS_MAX, sizeof *to->bands);
	for (size_t i = 0; to->bands && i < BANDS_MAX && from->bands[i].score > 0; i++) {
		Kam__V1__ScoreBand *band = arena_alloc(arena, sizeof *band);
		if (!band) {
			return false;
		}
		kam__v1__score_band__init(band);
		band->at_least = from->bands[i].from;
		band->score = from->bands[i].score;
		to->bands[to->n_bands++] = band;
	}
	return to->bands != NULL;
}

static Kam__V1__Criterion *make_criterion(const struct weight *weight, struct arena *arena)
{
	Kam__V1__Criterion *to = arena_alloc(arena, sizeof *to);
	const struct criterion *from = NULL;
	for (size_t i = 0; i < CRITERIA && !from; i++) {
		from = strcmp(criteria[i].id, weight->id) == 0 ? &criteria[i] : NULL;
	}
	if (!to || !from) {
		return NULL;
	}
	kam__v1__criterion__init(to);
	to->id = text(from->id);
	to->title = text(from->title);
	to->axis = from->axis;
	to->weight = weight->weight;
	to->description = text(from->description);
	to->low_guide = text(from->low);
	to->middle_guide = text(from->middle);
	to->high_guide = text(from->high);
	to->source = from->source;
	return add_bands(to, from, arena) ? to : NULL;
}

Kam__V1__CriteriaSet *criteria_proposal(size_t index, struct arena *arena, const char **ret_id)
{
	Kam__V1__CriteriaSet *set = index < PROPOSALS ? arena_alloc(arena, sizeof *set) : NULL;
	if (!set) {
		return NULL;
	}
	const struct proposal *from = &proposals[index];
	*ret_id = from->id;
	kam__v1__criteria_set__init(set);
	set->title = text(from->title);
	set->description = text(from->description);
	set->state = KAM__V1__CRITERIA_SET_STATE__CRITERIA_SET_STATE_DRAFT;
	set->proposal = text(from->id);
	set->_minimum_growth_case = KAM__V1__CRITERIA_SET___MINIMUM_GROWTH_MINIMUM_GROWTH;
	set->minimum_growth = from->minimum_growth;
	set->_minimum_leverage_case = KAM__V1__CRITERIA_SET___MINIMUM_LEVERAGE_MINIMUM_LEVERAGE;
	set->minimum_leverage = from->minimum_leverage;
	set->criteria = arena_calloc(arena, WEIGHTS_MAX, sizeof *set->criteria);
	for (size_t i = 0; set->criteria && i < WEIGHTS_MAX && from->weights[i].id; i++) {
		set->criteria[i] = make_criterion(&from->weights[i], arena);
		if (!set->criteria[i]) {
			return NULL;
		}
		set->n_criteria++;
	}
	return set->criteria ? set : NULL;
}
