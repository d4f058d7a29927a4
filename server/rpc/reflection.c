/* SPDX-License-Identifier: Apache-2.0
 *
 * grpc.reflection v1 and v1alpha, which are the same on the wire: one handler on v1's structs serves both. A file comes with all it imports, so that a client can build its types from one
 * answer; clients pass over files they have.
 */
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "grpc/reflection/v1alpha/reflection.pb-c.h"
#include "server/rpc/server.h"

#include <stdio.h>

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;

static bool send(struct call *call, Response *response)
{
	struct bytes packed = schema_pack(&response->base, call->arena);
	uint8_t *room = packed.data ? buf_extend(&call->reply, packed.size) : NULL;
	if (!room) {
		return status_fail(call->status, STATUS_RESOURCE_EXHAUSTED, "CALL_MEMORY", "the answer needs more memory than a call may use");
	}
	memcpy(room, packed.data, packed.size);
	call->replied = true;
	return true;
}

static bool answer_error(struct call *call, Response *response, const char *what, const char *name)
{
	Grpc__Reflection__V1__ErrorResponse *error = arena_alloc(call->arena, sizeof *error);
	if (!error) {
		return false;
	}
	grpc__reflection__v1__error_response__init(error);
	error->error_code = STATUS_NOT_FOUND;
	error->error_message = arena_printf(call->arena, "%s \"%.200s\" is not known here", what, name);
	response->message_response_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_ERROR_RESPONSE;
	response->error_response = error;
	return send(call, response);
}

/* Adds a file behind those it needs; each once. */
static void add_file(struct call *call, const struct schema_file *file, const struct schema_file **files, size_t *count)
{
	for (size_t i = 0; i < *count; i++) {
		if (files[i] == file) {
			return;
		}
	}
	files[(*count)++] = file;
	for (size_t i = 0; i < file->dependencies_count; i++) {
		const struct schema_file *needed = schema_file_find(call->engine->schema, file->dependencies[i]);
		if (needed) {
			add_file(call, needed, files, count);
		}
	}
}

static bool answer_file(struct call *call, Response *response, const struct schema_file *file)
{
	size_t count = 0, all = schema_files_count(call->engine->schema);
	const struct schema_file **files = arena_calloc(call->arena, all, sizeof *files);
	Grpc__Reflection__V1__FileDescriptorResponse *answer = arena_alloc(call->arena, sizeof *answer);
	if (!files || !answer) {
		return false;
	}
	add_file(call, file, files, &count);
	grpc__reflection__v1__file_descriptor_response__init(answer);
	answer->file_descriptor_proto = arena_calloc(call->arena, count, sizeof *answer->file_descriptor_proto);
	for (size_t i = 0; answer->file_descriptor_proto && i < count; i++) {
		answer->file_descriptor_proto[answer->n_file_descriptor_proto++] =
			(ProtobufCBinaryData){files[i]->bytes.size, (uint8_t *)(uintptr_t)files[i]->bytes.data};
	}
	response->message_response_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_FILE_DESCRIPTOR_RESPONSE;
	response->file_descriptor_response = answer;
	return send(call, response);
}

static bool answer_services(struct call *call, Response *response)
{
	size_t count = schema_services_count(call->engine->schema);
	Grpc__Reflection__V1__ListServiceResponse *answer = arena_alloc(call->arena, sizeof *answer);
	Grpc__Reflection__V1__ServiceResponse *services = arena_calloc(call->arena, count, sizeof *services);
	if (!answer || !services) {
		return false;
	}
	grpc__reflection__v1__list_service_response__init(answer);
	answer->service = arena_calloc(call->arena, count, sizeof *answer->service);
	for (size_t i = 0; answer->service && i < count; i++) {
		grpc__reflection__v1__service_response__init(&services[i]);
		services[i].name = (char *)(uintptr_t)schema_service_at(call->engine->schema, i);
		answer->service[answer->n_service++] = &services[i];
	}
	response->message_response_case = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_LIST_SERVICES_RESPONSE;
	response->list_services_response = answer;
	return send(call, response);
}

static bool reflect(struct call *call)
{
	const struct schema *schema = call->engine->schema;
	Response response = GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__INIT;
	Request *request = (void *)(uintptr_t)call->request; /* v1alpha's struct has the same layout: the same file under another package */
	const struct schema_file *file = NULL;
	static_assert(sizeof(Request) == sizeof(Grpc__Reflection__V1alpha__ServerReflectionRequest), "v1 and v1alpha are the same message");
	if (!request) {
		return true;
	}
	Request as_v1 = *request;
	as_v1.base.descriptor = &grpc__reflection__v1__server_reflection_request__descriptor;
	response.valid_host = as_v1.host;
	response.original_request = &as_v1;
	switch (as_v1.message_request_case) {
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_BY_FILENAME:
		file = schema_file_find(schema, as_v1.file_by_filename);
		return file ? answer_file(call, &response, file) : answer_error(call, &response, "the file", as_v1.file_by_filename);
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_FILE_CONTAINING_SYMBOL:
		file = schema_file_of_symbol(schema, as_v1.file_containing_symbol);
		return file ? answer_file(call, &response, file) : answer_error(call, &response, "the symbol", as_v1.file_containing_symbol);
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_LIST_SERVICES:
		return answer_services(call, &response);
	case GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_ALL_EXTENSION_NUMBERS_OF_TYPE:
		return answer_error(call, &response, "the type", as_v1.all_extension_numbers_of_type);
	default:
		return answer_error(call, &response, "the extension or request", "");
	}
}

static const struct method_row methods[] = {
	{"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", reflect, NULL},
	{"/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", reflect, NULL},
};

const struct domain domain_reflection = {.methods = methods, .methods_count = sizeof methods / sizeof methods[0]};
