/* SPDX-License-Identifier: Apache-2.0
 *
 * market.h - growth, shares, concentration and what an account is worth, as pure functions.
 *
 * Threads: any.
 */
#pragma once

#include "common/base/arena.h"
#include "server/domain/figures.h"

/* (now - then) / then; undefined where then is not above 0. */
struct figure market_growth(struct figure then, struct figure now);

enum flag { FLAG_UNKNOWN, FLAG_UP, FLAG_DOWN };
/* The client does not grow while our plan counts on growth. */
enum flag market_client_shrinks(struct figure client_growth, struct figure planned_growth);
/* A competitor grows faster than we do. */
enum flag market_grows_faster(struct figure competitor_growth, struct figure our_growth);
/* A competitor's share of wallet exceeds ours. */
enum flag market_has_more(struct figure competitor_share, struct figure our_share);
/* Executives and middle management agree less than they should. */
enum flag market_misaligned(struct figure cross_overlap, double threshold);
/* Several flags as one: up where one is, down where all are; without any, down. */
enum flag market_any(enum flag a, enum flag b);

enum gate { GATE_NONE, GATE_PASSED, GATE_FAILED, GATE_UNKNOWN };
/* value >= minimum; NONE where there is no such gate. */
enum gate market_gate(struct figure value, bool has_minimum, double minimum);

/* Our spend / all spend, both measured. */
struct figure market_share_of_wallet(struct figure ours, struct figure all);
/* Wallet Allocation Rule: (1 - rank / (n + 1)) * 2 / n of n suppliers; an estimate. Undefined where rank or n is not known, or rank > n. */
struct figure market_share_of_rank(int rank, int suppliers);
/* max(0, potential - spend). */
struct figure market_whitespace(struct figure potential, struct figure spend);

/* Herfindahl-Hirschman index: sum of (share in percent)^2; undefined where the sum is not above 0. Values below 0 count as 0. */
struct figure market_concentration(const double *values, size_t count);
/* Share of the `top` largest values in the sum; sorts `values`. */
struct figure market_top_share(double *values, size_t count, size_t top);

/* Customer lifetime value m * r / (1 + d - r); undefined unless 0 <= r < 1 + d. */
struct figure market_lifetime_value(struct figure margin, struct figure retention, struct figure discount);

/* Spearman's rank correlation, ties with their mean rank; undefined below three pairs, or where one side is the same throughout. NaN nowhere. */
struct figure market_rank_correlation(const double *x, const double *y, size_t count, struct arena *arena);
