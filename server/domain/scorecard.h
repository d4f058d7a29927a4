/* SPDX-License-Identifier: Apache-2.0
 *
 * scorecard.h - shared by the files of this noun alone.
 */
#pragma once

#include "kam/v1/scorecard.pb-c.h"
#include "server/resource/engine.h"

/* The sign-off, in scorecard_signing.c: from DRAFT by propose to PROPOSED, by agree of both sides to AGREED, by supersede to SUPERSEDED. */
call_handler scorecard_propose, scorecard_agree, scorecard_supersede;
/* ScorecardService.GetScorecardReport, in scorecard_report.c. */
call_handler scorecard_report;

/* Last version that a side signed, or NULL. */
const Kam__V1__ScorecardAgreement *scorecard_last_agreement(const Kam__V1__Scorecard *scorecard, Kam__V1__Side side);
/* Where a metric's attainment begins: its floor, or else its baseline. False where it has neither. */
bool scorecard_floor(const Kam__V1__ScorecardMetric *metric, double *ret_floor);
