/* SPDX-License-Identifier: Apache-2.0
 *
 * trace.h - what kamd asked of LMDB, as record.c writes it and lmdb.c reads it. In the order of this machine's bytes: it never leaves it.
 *
 * Each entry is a struct trace_entry, then the key (of TRACE_OPEN: the database's name), then the data.
 */
#pragma once

#include <stdint.h>

enum trace_kind { TRACE_OPEN = 1, TRACE_PUT = 2, TRACE_DELETE = 3 };

struct trace_entry {
	uint32_t kind, db, flags, key_size, data_size;
};

/* Where record.c writes to: the name of a file. */
#define TRACE_FILE "KAM_BENCH_TRACE"
