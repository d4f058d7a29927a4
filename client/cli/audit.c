/* SPDX-License-Identifier: Apache-2.0
 *
 * kam audit head, key and verify: the signed end of the record, to be kept elsewhere, and whether the record still holds it.
 */
#include "client/cli/cli.h"

#include "common/schema/json.h"
#include "kam/v1/audit.pb-c.h"

#include <stdio.h>

static bool get_head(struct cli *cli, const struct schema_method *method, ProtobufCMessage **ret_head, struct status *st)
{
	Kam__V1__GetAuditHeadRequest request = KAM__V1__GET_AUDIT_HEAD_REQUEST__INIT;
	return cli_call(cli, method, &request.base, &cli->arena, ret_head, NULL, st);
}

bool audit_head_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.AuditService/GetAuditHead");
	ProtobufCMessage *head;
	return get_head(cli, method, &head, st) && output_message(cli, method->output, head, st);
}

bool audit_key_run(struct cli *cli, struct status *st)
{
	ProtobufCMessage *head;
	if (!get_head(cli, cli_own_method(cli, "/kam.v1.AuditService/GetAuditHead"), &head, st)) {
		return false;
	}
	printf("%s\n", text_clean(((const Kam__V1__AuditHead *)head)->public_key, &cli->arena));
	return output_check(st);
}

bool audit_verify_run(struct cli *cli, struct status *st)
{
	const struct schema_method *method = cli_own_method(cli, "/kam.v1.AuditService/VerifyAudit");
	const char *path = args_text(&cli->args, "head");
	Kam__V1__VerifyAuditRequest request = KAM__V1__VERIFY_AUDIT_REQUEST__INIT;
	ProtobufCMessage *reply;
	struct bytes text;
	if (path) {
		const struct schema_type *type = schema_type_of(cli->schema, &kam__v1__audit_head__descriptor);
		if (!cli_read_file(cli, path, &text, st)) {
			return false;
		}
		request.head = (void *)json_read(cli->schema, type, text, &cli->arena, st);
		if (!request.head) {
			return false;
		}
	}
	return cli_call(cli, method, &request.base, &cli->arena, &reply, NULL, st) && output_message(cli, method->output, reply, st);
}
