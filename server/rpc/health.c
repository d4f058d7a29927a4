/* SPDX-License-Identifier: Apache-2.0
 *
 * grpc.health.v1: "" and every service of the contract are SERVING until the server is told to stop. Unknown services: Check says NOT_FOUND, Watch SERVICE_UNKNOWN
 * (health.proto).
 */
#include "grpc/health/v1/health.pb-c.h"
#include "server/rpc/server.h"

static atomic_bool serving;

void health_set_serving(bool now)
{
	atomic_store(&serving, now);
}

static bool is_known(const struct schema *schema, const char *service)
{
	bool known = *service == '\0';
	for (size_t i = 0; i < schema_services_count(schema) && !known; i++) {
		known = strcmp(schema_service_at(schema, i), service) == 0;
	}
	return known;
}

static bool reply(struct call *call, int status)
{
	Grpc__Health__V1__HealthCheckResponse response = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;
	response.status = (Grpc__Health__V1__HealthCheckResponse__ServingStatus)status;
	return call_reply(call, &response.base);
}

enum { SERVING = 1, NOT_SERVING = 2, SERVICE_UNKNOWN = 3 };

static int now(void)
{
	return atomic_load(&serving) ? SERVING : NOT_SERVING;
}

static bool check(struct call *call)
{
	const Grpc__Health__V1__HealthCheckRequest *request = (const void *)call->request;
	if (!is_known(call->engine->schema, request->service)) {
		return status_fail(call->status, STATUS_NOT_FOUND, "SERVICE_UNKNOWN", "no service is called \"%.100s\"", request->service);
	}
	return reply(call, now());
}

/* state is the last status sent. */
static bool pump(struct call *call)
{
	int *sent = call->stream->state;
	if (*sent == now() || *sent == SERVICE_UNKNOWN) {
		return true;
	}
	*sent = now();
	return reply(call, *sent) && (call->send(call), true);
}

static bool watch(struct call *call)
{
	const Grpc__Health__V1__HealthCheckRequest *request = (const void *)call->request;
	int *sent = arena_calloc(&call->stream->arena, 1, sizeof *sent);
	if (!sent) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "out of memory");
	}
	*sent = is_known(call->engine->schema, request->service) ? now() : SERVICE_UNKNOWN;
	call->stream->state = sent;
	call->stream->pump = pump;
	call->stream->pump_at_stop = true; /* strangers may have many of these open: they must not cost every commit a run */
	return reply(call, *sent) && (call->send(call), true);
}

static const struct method_row methods[] = {
	{"/grpc.health.v1.Health/Check", check, NULL},
	{"/grpc.health.v1.Health/Watch", watch, NULL},
};

const struct domain domain_health = {.methods = methods, .methods_count = sizeof methods / sizeof methods[0]};
