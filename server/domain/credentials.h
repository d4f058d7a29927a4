/* SPDX-License-Identifier: Apache-2.0
 *
 * credentials.h - sessions and API tokens, as what a user has: both end for good, never softly, for what has ended must not come back.
 */
#pragma once

#include "server/resource/changes.h"
#include "server/resource/engine.h"

/* DeleteSession and DeleteToken. */
call_handler credentials_delete;
/* Ends all sessions of a user but `keep` (a name, or ""). */
bool credentials_end_sessions(struct call *call, const char *user, const char *keep);
/* Ends all API tokens of a user. */
bool credentials_end_tokens(struct call *call, const char *user);
