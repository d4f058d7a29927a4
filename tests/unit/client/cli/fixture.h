/* SPDX-License-Identifier: Apache-2.0
 *
 * fixture.h - a struct cli with kam's schema and an arena, for tests of one piece of the command line.
 */
#pragma once

#include "client/cli/cli.h"

static struct cli cli;

static int set_up(void **state)
{
	struct status st;
	(void)state;
	status_init(&st);
	arena_init(&cli.arena, 64u << 20);
	cli.schema = schema_new(schema_source_kam(), &st);
	return cli.schema ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	schema_free((struct schema *)(uintptr_t)cli.schema);
	arena_done(&cli.arena);
	return 0;
}
