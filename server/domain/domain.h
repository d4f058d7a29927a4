/* SPDX-License-Identifier: Apache-2.0
 *
 * domain.h - the list of nouns: one file each, with its rules and its own methods. A new noun with rules of its own adds one line here.
 */
#pragma once

#include "server/resource/engine.h"

/* X(name) for every file of this folder that defines `const struct domain domain_<name>`. */
#define DOMAINS(X) \
	X(access)            \
	X(account)           \
	X(alignment_report)  \
	X(assessment)        \
	X(audit)             \
	X(backtest_report)   \
	X(ballot)            \
	X(binding)           \
	X(candidates_report) \
	X(contact)           \
	X(criteria_set)      \
	X(entry)             \
	X(financials)        \
	X(gap_report)        \
	X(growth_report)     \
	X(impact_report)     \
	X(import)            \
	X(interaction)       \
	X(matrix_report)     \
	X(member)            \
	X(opportunity)       \
	X(portfolio)         \
	X(programme)         \
	X(rating)            \
	X(role)              \
	X(round)             \
	X(score_explanation) \
	X(scorecard)         \
	X(session)           \
	X(session_id_token)  \
	X(stakeholder)       \
	X(tie)               \
	X(token)             \
	X(user)              \
	X(watch)             \
	X(whitespace)        \
	X(whitespace_report)

#define DOMAIN_DECLARE(name) extern const struct domain domain_##name;
DOMAINS(DOMAIN_DECLARE)
#undef DOMAIN_DECLARE
