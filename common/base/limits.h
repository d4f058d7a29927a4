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
#define LIMIT_TRIM_MS 5000u                     /* freed memory is given back to the system this often; it takes a millisecond or two */
#define LIMIT_HEAP_BLOCK_BYTES (128 << 10)      /* larger pieces of memory go back to the system as soon as they are freed */
#define LIMIT_REPLY_BYTES (64u << 20)           /* one reply message: a page of 1000 large resources */
#define LIMIT_REPLY_JSON_BYTES (4u * LIMIT_REPLY_BYTES) /* one reply unpacked and as JSON, together: half as much text again as protobuf for the largest */
#define LIMIT_CALL_ARENA_BYTES (64u << 20)      /* all that one call may allocate: 16 x message, see protobuf-c amplification */
#define LIMIT_STREAM_ARENA_BYTES (512u << 20)   /* all that one stream may keep: a dry run of 100,000 rows */
#define LIMIT_MESSAGE_DEPTH 32u                 /* nesting of messages; the contract has no recursive message */
#define LIMIT_MESSAGE_ELEMENTS 131072u          /* fields on the wire of one message: bounds decoding work, and memory to some 14 MiB */
#define LIMIT_REPLY_ELEMENTS (LIMIT_REPLY_BYTES / 2) /* the same of a reply: a field takes two bytes at least */
#define LIMIT_JSON_DEPTH 64u                    /* nesting of JSON text */
#define LIMIT_JSON_PASSED_OVER_BYTES (16u << 20) /* JSON passed over in search of an "@type", again for each Any inside: bounds the work */
#define LIMIT_RESOURCE_BYTES (256u << 10)       /* one stored resource: LMDB overflow pages stay small */
#define LIMIT_SCHEMA_BYTES (64u << 20)          /* the contract as tables: 20 x what it needs, so that only a fault reaches it */

/* Strings of the contract, where a field says nothing else */
#define LIMIT_STRING_BYTES 1024u                /* a string field */
#define LIMIT_ITEMS 256u                        /* elements of a repeated field */
#define LIMIT_NAME_BYTES 240u                   /* a resource name: fits an LMDB key (511) beside an index value */
#define LIMIT_ID_BYTES 63u                      /* one segment of a name, AIP-122 */
#define LIMIT_NAME_SEGMENTS 8u                  /* collections and ids in a name */
#define LIMIT_INDEX_VALUE_BYTES LIMIT_NAME_BYTES /* an indexed value is cut here; the filter is always evaluated on the whole */
#define LIMIT_KEY_BYTES 511u                    /* LMDB's own */

#define LIMIT_CHAIN 256u                        /* accounts above one another, managers of managers: longer ones are refused as circles are */

/* Lists */
#define LIMIT_PAGE_SIZE_DEFAULT 50u             /* resources */
#define LIMIT_PAGE_SIZE_MAX 1000u               /* resources; more is coerced, AIP-158 */
#define LIMIT_FILTER_BYTES 4096u
#define LIMIT_FILTER_TERMS 128u                 /* comparisons in one filter */
#define LIMIT_FILTER_DEPTH 16u                  /* parentheses */
#define LIMIT_ORDER_FIELDS 8u

/* Connections (server) */
#define LIMIT_CONNECTIONS 10000u
#define LIMIT_CONNECTIONS_PER_ADDRESS 400u      /* an office behind one address; idle, they take 13 MiB */
#define LIMIT_STREAMS 1000u                     /* concurrent streams of a connection */
#define LIMIT_HEADER_BYTES 16384u               /* name + value + 32 of every header, counted as it arrives */
#define LIMIT_OUTPUT_BYTES (256u << 10)         /* bytes waiting in a connection's output before frames stop */
#define LIMIT_STREAM_QUEUE_BYTES (1u << 20)     /* messages waiting in one stream before it is told to slow down */
#define LIMIT_STREAM_WINDOW_BYTES (256u << 10)  /* HTTP/2 window of a request: what an import may send while its last batch is dealt with */
#define LIMIT_REPLY_WINDOW_BYTES (1u << 20)     /* of a reply, to a client */
#define LIMIT_CONNECTION_WINDOW_BYTES (4u << 20)
#define LIMIT_HANDSHAKE_MS 10000u               /* accept to first request */
#define LIMIT_IDLE_MS (15u * 60u * 1000u)       /* no stream open */
#define LIMIT_STALL_MS 60000u                   /* replies wait and the peer takes less than LIMIT_STALL_BYTES of them */
#define LIMIT_STALL_BYTES 4096u
#define LIMIT_CONNECTION_QUEUE_BYTES (1u << 20) /* replies waiting in a connection, past which it starts no further call */
#define LIMIT_CONNECTION_WAITING_BYTES (8u << 20) /* whole requests waiting in a connection for their turn */
#define LIMIT_CONNECTION_READERS 4u             /* calls of one connection that readers have at a time: their replies are not waiting yet */
#define LIMIT_STRANGER_MIB 4u                   /* kept for all connections that have shown no token: open calls, unfinished requests, replies not taken */
#define LIMIT_STRANGER_MESSAGE_BYTES (32u << 10) /* longest request of one of them: they sign in */
#define LIMIT_STRANGER_CALLS 16u                /* at once on one of them */
#define LIMIT_STRANGER_REFUSALS 100u            /* calls worth nothing on one of them before it is cut off: without a valid token, malformed, one too many */
#define LIMIT_REQUEST_MIB 14u                   /* the same of all others; of either, an address may take half: a full request and 900 open calls beside it */
#define LIMIT_CONNECTION_OWN_BYTES 8192u        /* kept for each connection whatever others take: a small call or two */
#define LIMIT_ADDRESS_REPLY_BYTES (1u << 20)    /* an address that keeps so much more than it may starts no call at all, not even where no reply waits */
#define LIMIT_PRESSED_STALL_MS 5000u            /* LIMIT_STALL_MS where an address keeps more than it may */
#define LIMIT_PRESSED_STALL_BYTES (64u << 10)   /* LIMIT_STALL_BYTES there, of a connection where more waits */
#define LIMIT_CONNECTION_TURN_CALLS 64u         /* calls run for one connection before another's turn */
#define LIMIT_DEADLINE_MS (3600u * 1000u)       /* longest grpc-timeout honoured for a unary call */
#define LIMIT_DRAIN_MS 10000u                   /* SIGTERM until what is left is cut */
#define LIMIT_RESET_BURST 5000u                 /* RST_STREAMs of a peer before GOAWAY; honest clients cancel 1,500 at once */
#define LIMIT_RESET_PER_SECOND 500u
#define LIMIT_PROVOKED_RESET_BURST 1000u        /* RST_STREAMs that a peer has us send: as many as it may have streams, for they may all be one too many */
#define LIMIT_PROVOKED_RESET_PER_SECOND 100u
#define LIMIT_NUISANCE_BURST 1000u              /* frames that cost us more than the peer (SETTINGS, PING, empty DATA …) before GOAWAY; a WINDOW_UPDATE counts a tenth */
#define LIMIT_NUISANCE_PER_SECOND 100u
#define LIMIT_PING_INTERVAL_MS 9000u            /* PINGs of a peer that is sent nothing come no closer, grpc/proposal A8: clients ping every 10 s at most, less a second of jitter */
#define LIMIT_PING_STRIKES 2u                   /* closer ones before GOAWAY too_many_pings, A8 */
#define LIMIT_SETTINGS_MS 10000u                /* HTTP/2: until the peer's first SETTINGS */
#define LIMIT_HEADERS_MS 10000u                 /* first to last byte of a header block */
#define LIMIT_BODY_MS 120000u                   /* until a request message is whole: 4 MiB at 35 KiB a second */
#define LIMIT_LINGERING_MS 10000u               /* an answered call whose request still comes in */
#define LIMIT_CONNECTION_CALLS (1u << 28)       /* calls of one connection, then GOAWAY: HTTP/2 has 2^30 stream ids */
#define LIMIT_PIPELINED_BYTES (64u << 10)       /* HTTP/1.1: requests sent before the one at hand is answered */
#define LIMIT_CONNECTION_HELD_BYTES (64u << 20) /* kept for one connection by a server that counts them no other way */
#define LIMIT_REPLY_METADATA 16u                /* headers that a method may add to its reply */
#define LIMIT_STATUS_DETAILS_BYTES 3072u        /* violations in a status: clients refuse trailers past 8 KiB, and base64 adds a third */
#define LIMIT_ACCEPT_REST_MS 100u               /* out of file descriptors, the listener waits this long */
#define LIMIT_CONNECT_ADDRESS_MS 3000u          /* client: one address of the server, until the next is tried */
#define LIMIT_LINGER_MS 1000u                   /* after our last byte, waiting for the peer to close */
#define LIMIT_LINGER_BYTES (1u << 20)           /* that the peer sends meanwhile: what was on its way may come, a flood may not */

#define LIMIT_COMPRESS_BYTES (256u << 10)       /* a larger reply is not compressed: others wait meanwhile */
#define LIMIT_WEB_BYTES (64u << 20)             /* the web page's files, kept in memory */
#define LIMIT_ORIGINS 32u                       /* other sites whose pages may call */

/* Queues */
#define LIMIT_WRITER_QUEUE 8192u                /* calls waiting for the writer; past it RESOURCE_EXHAUSTED */
#define LIMIT_UNSIGNED_ENTRIES 1000u             /* records in the log after the last signed head: what a thief could cut off unseen */
#define LIMIT_UNSIGNED_SECONDS 600u             /* the same in time, where there are any */
#define LIMIT_WRITER_BATCH 512u                 /* calls in one commit: keeps p99 flat */
#define LIMIT_POOL_QUEUE 1024u                  /* calls waiting for a reader thread */
#define LIMIT_HASHER_STRANGERS 48u              /* sign-ins at or before a hasher, of addresses from which nobody has signed in lately */
#define LIMIT_HASHER_KNOWN 16u                  /* of others, and of who is signed in: a flood of strangers leaves them these places, some 2 s from the end */
#define LIMIT_HASHER_PER_ADDRESS 8u             /* of one address: more would be the wait of all others */
#define LIMIT_HASHER_QUEUE (LIMIT_HASHER_STRANGERS + LIMIT_HASHER_KNOWN)
#define LIMIT_IMPORT_ROWS 1000u                 /* rows in one message of an import */
#define LIMIT_IMPORT_NAMESAKES 1024u            /* resources of one title or external id that an import looks at; further ones are not found by it */

/* Store */
#define LIMIT_STORE_BYTES (64ull << 30)         /* address space kept for the map; the file grows as needed */
#define LIMIT_READERS 512u                      /* read transactions at once */
#define LIMIT_CHANGES 65536u                    /* changes of one commit record */
#define LIMIT_AMENDMENTS 65536u                 /* texts and states of the past that one erasure alters; its record then takes 3 MiB */
#define LIMIT_REQUEST_ID_SECONDS 86400u         /* how long a request id is remembered */

/* Signing in */
#define LIMIT_PASSWORD_CHARACTERS_MIN 8u
#define LIMIT_PASSWORD_CHARACTERS_MAX 256u
#define LIMIT_PASSWORD_MEMORY_MIB 64u           /* of argon2id, RFC 9106's second recommendation; two hashers have so much each */
#define LIMIT_PASSWORD_PASSES 3u
#define LIMIT_PASSWORD_WORK_MIB 35u             /* memory times passes at the least: 7 MiB 5 times, the cheapest that OWASP recommends */
#define LIMIT_SIGN_IN_FAILURES 10u              /* of one user from one address, until others do not count; NIST SP 800-63B allows 100 in all */
#define LIMIT_SIGN_IN_FAILURES_PER_USER 50u     /* from all addresses, and from one that the user is known at: 5 strangers' addresses at their best */
#define LIMIT_SIGN_IN_FAILURES_PER_ADDRESS 100u /* of all users: an office behind one address */
#define LIMIT_SIGN_IN_FAILURES_SECONDS 600u     /* until an empty allowance is full again, little by little: 1,440 guesses a day at one user from one address */
#define LIMIT_SIGN_IN_CELLS (1u << 16)          /* of each count of failures, two rows of 8 bytes: names beyond counting share them by chance */
#define LIMIT_SIGN_IN_KNOWN 8192u               /* pairs of user and address that have signed in lately */
#define LIMIT_SESSION_IDLE_SECONDS (12u * 3600u)
#define LIMIT_SESSION_SECONDS (30u * 86400u)
#define LIMIT_SESSION_SWEEP 1024u               /* sessions that are over are removed in one record, up to so many */
#define LIMIT_TOKENS_PER_USER 100u              /* API tokens that one user has */
#define LIMIT_TOKEN_KEPT_SECONDS (30u * 86400u) /* one that is over stays in the list, so that its user sees why a script was refused */
#define LIMIT_RESET_SECONDS 86400u              /* a one-time token for a new password: a working day, wherever its user is */
#define LIMIT_SIGN_IN_NAMES 8u                  /* of one user: those of issuers and of certificates */
#define LIMIT_ID_TOKEN_BYTES 16384u             /* an ID token as text: a few hundred groups fit */
#define LIMIT_ID_TOKEN_SECONDS 86400            /* one issued longer ago is refused whatever it says, so that used ones are remembered for a day at most */
#define LIMIT_ID_TOKEN_SKEW_SECONDS 60          /* that the issuer's clock and ours may differ */
#define LIMIT_ISSUER_KEYS 32u                   /* keys of an issuer; issuers have two or three */
#define LIMIT_ISSUER_BYTES (256u << 10)         /* its description, or its keys */
#define LIMIT_ISSUER_MS 5000u                   /* connecting to it and its whole answer */
#define LIMIT_BROWSER_SECONDS 300               /* kam login --oidc waits so long for its user to sign in there */
#define LIMIT_ISSUER_WAIT_MS 3000u              /* a sign-in whose token names a new key waits for it so long */
#define LIMIT_TOUCH_SECONDS 300u                /* a session's use is noted, and those that are over are removed, so often; or in a quarter of its idle time */

/* Client */
#define LIMIT_CONNECT_MS 5000u                  /* name look-up to end of handshake */
#define LIMIT_SILENCE_MS 30000                  /* a server that acknowledges nothing is gone; as long again until one that should say nothing is asked */
#define LIMIT_CLIENT_ATTEMPTS 4u                /* times a call is sent before it is given up */
#define LIMIT_RETRY_MS 100u                     /* first pause before sending or connecting again; doubles each time */
#define LIMIT_RETRY_MAX_MS 1000u                /* … up to this: a server that comes back is found soon */
#define LIMIT_CLIENT_CALL_MS 60000u             /* time-out of a call of the command line, where it names none */
#define LIMIT_CLIENT_ARENA_BYTES (1u << 30)     /* one command: a reply of LIMIT_REPLY_BYTES unpacked and printed */
#define LIMIT_IMPORT_BATCH_ROWS 500u            /* rows that the command line puts into one message */
#define LIMIT_CSV_CELL_BYTES 65536u             /* as ImportRow.cells */
#define LIMIT_CSV_COLUMNS 1024u                 /* as ImportStart.columns */
#define LIMIT_CONFIG_BYTES (1u << 20)           /* a configuration, token, password, map or --file file */

static_assert(LIMIT_CALL_ARENA_BYTES >= 16 * LIMIT_MESSAGE_BYTES, "decoding may grow a message 16 fold");
static_assert(2 * LIMIT_NAME_BYTES + 16 < LIMIT_KEY_BYTES, "name, index value and revision share a key");
