// SPDX-License-Identifier: Apache-2.0
// Connect for Node (connect-node): node connect_client.mjs grpc|grpcweb|connect. Types come from the descriptor set, no code is generated.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { create, createFileRegistry, fromBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";

const { KAM_ADDRESS, KAM_CA, KAM_USER, KAM_PASSWORD, KAM_NAME, KAM_SET, KAM_TEST_PATIENCE = "1" } = process.env;
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(KAM_SET)));
let token = "";
const signed = (next) => (request) => {
  if (token) { request.header.set("authorization", `Bearer ${token}`); }
  return next(request);
};
const options = {
  baseUrl: `https://${KAM_ADDRESS}`,
  httpVersion: "2",
  nodeOptions: { ca: readFileSync(KAM_CA) },
  interceptors: [signed],
};
const transports = { grpc: createGrpcTransport, grpcweb: createGrpcWebTransport, connect: createConnectTransport };
const transport = transports[process.argv[2]](options);
const client = (name) => createClient(registry.getService(`kam.v1.${name}`), transport);
const Account = registry.getMessage("kam.v1.Account");
const accounts = client("AccountService");
const timeout = { timeoutMs: 30000 * Number(KAM_TEST_PATIENCE) };

const session = await client("SessionService").signIn({ user: KAM_USER, password: KAM_PASSWORD }, timeout);
token = session.token;
console.log("ok: sign in");

const made = await accounts.createAccount({ accountId: KAM_NAME, account: create(Account, { displayName: "Grün & Söhne", region: "EMEA" }) }, timeout);
assert.equal(made.name, `accounts/${KAM_NAME}`);
console.log("ok: create");

let revision;
const read = await accounts.getAccount({ name: made.name }, { ...timeout, onHeader: (headers) => { revision = headers.get("kam-revision"); } });
assert.deepEqual(toJson(Account, read), toJson(Account, made));
assert.match(revision, /^\d+$/);
console.log("ok: read");

const page = await accounts.listAccounts({ filter: 'region = "EMEA"', pageSize: 10 }, timeout);
assert.deepEqual(page.accounts.map((account) => account.name), [made.name]);
console.log("ok: list");

const ended = new AbortController();
const events = client("WatchService").watch({ fromRevision: BigInt(revision), collections: ["accounts"] }, { signal: ended.signal });
console.log("ok: watch");

const change = { name: made.name, displayName: "Grün", etag: made.etag };
const updated = await accounts.updateAccount({ account: change, updateMask: { paths: ["display_name"] } }, timeout);
assert.equal(updated.displayName, "Grün");
assert.equal(updated.region, "EMEA");
console.log("ok: update");

setTimeout(() => ended.abort(new Error("no change arrived")), timeout.timeoutMs).unref();
let seen;
for await (const event of events) {
  if (event.changes.length) {
    seen = event.changes[0];
    break;
  }
}
assert.equal(seen.name, made.name);
assert.equal(seen.resource.typeUrl, "type.googleapis.com/kam.v1.Account");
assert.equal(fromBinary(Account, seen.resource.value).displayName, "Grün");
console.log("ok: change arrived");

const refused = await accounts.updateAccount({ account: change }, timeout).catch((error) => error);
assert.ok(refused instanceof ConnectError, String(refused));
assert.equal(refused.code, Code.Aborted);
console.log("ok: stale etag");
process.exit(0);
