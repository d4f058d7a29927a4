/* SPDX-License-Identifier: Apache-2.0
 *
 * stakeholder.h - shared by the files of this noun alone.
 */
#pragma once

#include "server/resource/engine.h"

/* StakeholderService.GetStakeholderMap, in stakeholder_map.c. */
call_handler stakeholder_map;
