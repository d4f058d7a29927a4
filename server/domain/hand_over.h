/* SPDX-License-Identifier: Apache-2.0
 *
 * hand_over.h - the handler of HandOverUser: another user in the place of one who leaves.
 */
#pragma once

#include "server/resource/engine.h"

call_handler user_hand_over;
