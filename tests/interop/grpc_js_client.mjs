// SPDX-License-Identifier: Apache-2.0
// gRPC for Node (@grpc/grpc-js, pure JavaScript), which reads proto/ when it starts.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const { KAM_ADDRESS, KAM_CA, KAM_USER, KAM_PASSWORD, KAM_NAME, KAM_PROTO, KAM_TEST_PATIENCE = "1" } = process.env;
const files = readdirSync(`${KAM_PROTO}/kam/v1`).map((name) => `kam/v1/${name}`);
const definition = loader.loadSync(files, { includeDirs: [KAM_PROTO, "/usr/include"], keepCase: true, longs: String, enums: String, arrays: true });
const { kam } = grpc.loadPackageDefinition(definition);
const credentials = grpc.credentials.createSsl(readFileSync(KAM_CA));
const sessions = new kam.v1.SessionService(KAM_ADDRESS, credentials);
const accounts = new kam.v1.AccountService(KAM_ADDRESS, credentials);
const watch = new kam.v1.WatchService(KAM_ADDRESS, credentials);
const metadata = new grpc.Metadata();
const timeoutMs = 30000 * Number(KAM_TEST_PATIENCE);
const deadline = () => ({ deadline: Date.now() + timeoutMs });

// One unary call; resolves to the reply and the headers.
function call(client, method, request) {
  return new Promise((resolve, reject) => {
    let headers;
    client[method](request, metadata, deadline(), (error, reply) => (error ? reject(error) : resolve([reply, headers])))
      .on("metadata", (received) => { headers = received; });
  });
}

const [session] = await call(sessions, "SignIn", { user: KAM_USER, password: KAM_PASSWORD });
metadata.set("authorization", `Bearer ${session.token}`);
console.log("ok: sign in");

const [made] = await call(accounts, "CreateAccount", { account_id: KAM_NAME, account: { display_name: "Grün & Söhne", region: "EMEA" } });
assert.equal(made.name, `accounts/${KAM_NAME}`);
console.log("ok: create");

const [read, headers] = await call(accounts, "GetAccount", { name: made.name });
assert.deepEqual(read, made);
const revision = headers.get("kam-revision")[0];
assert.match(revision, /^\d+$/);
console.log("ok: read");

const [page] = await call(accounts, "ListAccounts", { filter: 'region = "EMEA"', page_size: 10 });
assert.deepEqual(page.accounts.map((account) => account.name), [made.name]);
console.log("ok: list");

const stream = watch.Watch({ from_revision: revision, collections: ["accounts"] }, metadata);
const arrived = new Promise((resolve, reject) => {
  stream.on("data", (event) => { if (event.changes.length) { resolve(event); } });
  stream.on("error", reject);
  setTimeout(() => reject(new Error("no change arrived")), timeoutMs).unref();
});
console.log("ok: watch");

const change = { name: made.name, display_name: "Grün", etag: made.etag };
const [updated] = await call(accounts, "UpdateAccount", { account: change, update_mask: { paths: ["display_name"] } });
assert.equal(updated.display_name, "Grün");
assert.equal(updated.region, "EMEA");
console.log("ok: update");

const event = await arrived;
assert.equal(event.changes[0].name, made.name);
assert.equal(event.changes[0].operation, "OPERATION_UPDATE");
stream.removeAllListeners("error").on("error", () => {});
stream.cancel();
console.log("ok: change arrived");

const refused = await call(accounts, "UpdateAccount", { account: change }).catch((error) => error);
assert.equal(refused.code, grpc.status.ABORTED);
console.log("ok: stale etag");
process.exit(0);
