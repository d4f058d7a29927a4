/* SPDX-License-Identifier: Apache-2.0
 *
 * limits.h - every bound of kam, one row each: value, unit in the name, reason.
 *
 * A bound that only one file knows is still here: whoever sizes a machine or judges an attack reads one page.
 */
#pragma once

#include <assert.h>

/* Messages and memory */
#define LIMIT_MESSAGE_BYTES (4u << 20)          /* one request message, as gRPC's own default */
#define LIMIT_REPLY_BYTES (64u << 20)           /* one reply message: a page of 1000 large resources */
#define LIMIT_CALL_ARENA_BYTES (64u << 20)      /* all that one call may allocate: 16 x message, see protobuf-c amplification */
#define LIMIT_MESSAGE_DEPTH 32u                 /* nesting of messages; the contract has no recursive message */
#define LIMIT_MESSAGE_ELEMENTS 262144u          /* fields on the wire of one message: bounds decoding work */
#define LIMIT_JSON_DEPTH 64u                    /* nesting of JSON text */
#define LIMIT_RESOURCE_BYTES (256u << 10)       /* one stored resource: LMDB overflow pages stay small */

/* Strings of the contract, where a field says nothing else */
#define LIMIT_STRING_BYTES 1024u                /* a string field */
#define LIMIT_ITEMS 256u                        /* elements of a repeated field */
#define LIMIT_NAME_BYTES 240u                   /* a resource name: fits an LMDB key (511) beside an index value */
#define LIMIT_ID_BYTES 63u                      /* one segment of a name, AIP-122 */
#define LIMIT_NAME_SEGMENTS 8u                  /* collections and ids in a name */
#define LIMIT_INDEX_VALUE_BYTES 200u            /* an indexed value is cut here; the filter is always evaluated on the whole */
#define LIMIT_KEY_BYTES 511u                    /* LMDB's own */

/* Lists */
#define LIMIT_PAGE_SIZE_DEFAULT 50u             /* resources */
#define LIMIT_PAGE_SIZE_MAX 1000u               /* resources; more is coerced, AIP-158 */
#define LIMIT_FILTER_BYTES 4096u
#define LIMIT_FILTER_TERMS 128u                 /* comparisons in one filter */
#define LIMIT_FILTER_DEPTH 16u                  /* parentheses */
#define LIMIT_ORDER_FIELDS 8u

/* Connections (server) */
#define LIMIT_CONNECTIONS 10000u
#define LIMIT_STREAMS 1000u                     /* concurrent streams of a connection */
#define LIMIT_HEADER_BYTES 16384u               /* name + value + 32 of every header, counted as it arrives */
#define LIMIT_OUTPUT_BYTES (256u << 10)         /* bytes waiting in a connection's output before frames stop */
#define LIMIT_STREAM_QUEUE_BYTES (1u << 20)     /* messages waiting in one stream before it is told to slow down */
#define LIMIT_STREAM_WINDOW_BYTES (1u << 20)    /* HTTP/2 window of a stream: one import batch in flight */
#define LIMIT_CONNECTION_WINDOW_BYTES (4u << 20)
#define LIMIT_HANDSHAKE_MS 10000u               /* accept to first request */
#define LIMIT_IDLE_MS (15u * 60u * 1000u)       /* no stream open */
#define LIMIT_DEADLINE_MS (3600u * 1000u)       /* longest grpc-timeout honoured for a unary call */
#define LIMIT_DRAIN_MS 10000u                   /* SIGTERM until what is left is cut */
#define LIMIT_RESET_BURST 20000u                /* RST_STREAMs of a peer before GOAWAY; honest clients cancel 1,500 at once */
#define LIMIT_RESET_PER_SECOND 5000u

/* Queues */
#define LIMIT_WRITER_QUEUE 8192u                /* calls waiting for the writer; past it RESOURCE_EXHAUSTED */
#define LIMIT_WRITER_BATCH 512u                 /* calls in one commit: keeps p99 flat */
#define LIMIT_POOL_QUEUE 1024u                  /* calls waiting for a reader thread */
#define LIMIT_HASHER_QUEUE 64u                  /* sign-ins waiting for a hasher */
#define LIMIT_IMPORT_ROWS 1000u                 /* rows in one message of an import */

/* Store */
#define LIMIT_STORE_BYTES (64ull << 30)         /* address space kept for the map; the file grows as needed */
#define LIMIT_READERS 512u                      /* read transactions at once */
#define LIMIT_CHANGES 65536u                    /* changes of one commit record */
#define LIMIT_REQUEST_ID_SECONDS 86400u         /* how long a request id is remembered */

/* Sessions */
#define LIMIT_PASSWORD_BYTES_MIN 8u
#define LIMIT_PASSWORD_BYTES_MAX 256u
#define LIMIT_SESSION_IDLE_SECONDS (12u * 3600u)
#define LIMIT_SESSION_SECONDS (30u * 86400u)
#define LIMIT_SIGN_IN_FAILURES 10u              /* per account and per address within LIMIT_SIGN_IN_WINDOW_SECONDS */
#define LIMIT_SIGN_IN_WINDOW_SECONDS 900u

static_assert(LIMIT_CALL_ARENA_BYTES >= 16 * LIMIT_MESSAGE_BYTES, "decoding may grow a message 16 fold");
static_assert(2 * LIMIT_NAME_BYTES + 16 < LIMIT_KEY_BYTES, "name, index value and revision share a key");
