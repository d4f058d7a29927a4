/* SPDX-License-Identifier: Apache-2.0
 *
 * service.h - grpc.testing.TestService, as gRPC's interop-test-descriptions.md asks of a server. The context of its events is a struct connection.
 */
#pragma once

#include "common/rpc/rpc.h"

extern const struct rpc_server_events service_events;
