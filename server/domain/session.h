/* SPDX-License-Identifier: Apache-2.0
 *
 * session.h - what every way of signing in ends with.
 */
#pragma once

#include "server/resource/call.h"

/* Opens a session of the user ("users/jane"), who is then on record as the actor, and answers with its token (SignInResponse). */
bool session_open(struct call *call, const char *user);
