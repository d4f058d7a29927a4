// SPDX-License-Identifier: Apache-2.0
// Steady calls by @grpc/grpc-js, which retries UNAVAILABLE as its service config says. What load.c says of its lines holds here too.
//
//     load.mjs SERVER CA TOKEN PREFIX CALLS-PER-SECOND SECONDS-PER-CALL
//
// KAM_TREE names the project's folder: what Node needs is installed for the interop tests.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const tree = process.env.KAM_TREE;
const require = createRequire(`${tree}/tests/interop/`);
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [address, ca, token, prefix, rate, patience] = process.argv.slice(2);
const definition = loader.loadSync(["kam/v1/account.proto", "kam/v1/watch.proto"],
  { includeDirs: [`${tree}/proto`, "/usr/include"], keepCase: true, longs: String, arrays: true });
const { kam } = grpc.loadPackageDefinition(definition);
const policy = { loadBalancingConfig: [], methodConfig: [{ name: [{}],
  retryPolicy: { maxAttempts: 5, initialBackoff: "0.1s", maxBackoff: "2s", backoffMultiplier: 2, retryableStatusCodes: ["UNAVAILABLE"] } }] };
const options = { "grpc.service_config": JSON.stringify(policy), "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 500 };
const credentials = grpc.credentials.createSsl(readFileSync(ca));
const accounts = new kam.v1.AccountService(address, credentials, options);
const watches = new kam.v1.WatchService(address, credentials, options);
const metadata = new grpc.Metadata({ waitForReady: true }); // that of the service config is not heard
metadata.set("authorization", `Bearer ${token}`);

const acknowledged = [], failed = [], seen = [];
let started = 0, outstanding = 0, revision = "0", ready = false, sawEnd;
const end = new Promise((resolve) => { sawEnd = resolve; });

function watch() {
  const stream = watches.Watch({ from_revision: revision, collections: ["accounts"] }, metadata);
  stream.on("data", (response) => {
    revision = response.revision;
    if (!ready) {
      ready = true;
      begin();
    }
    for (const { name } of response.changes) {
      if (name.startsWith(`accounts/${prefix}-`)) {
        seen.push(name);
      }
      if (name === `accounts/${prefix}-end`) {
        sawEnd();
      }
    }
  });
  stream.on("error", (error) => {
    if (error.code !== grpc.status.UNAVAILABLE) {
      failed.push(`watch: ${error.message}`);
    }
    setTimeout(watch, 50);
  });
}

function call(method, request, name) {
  outstanding++;
  return new Promise((resolve) => {
    accounts[method](request, metadata, { deadline: Date.now() + patience * 1000 }, (error) => {
      outstanding--;
      if (error) {
        failed.push(`${name ?? "read"}: ${error.message}`);
      } else if (name) {
        acknowledged.push(`accounts/${name}`);
      }
      resolve();
    });
  });
}

const create = (name) => call("CreateAccount", { account_id: name, account: { display_name: name }, request_id: name }, name);

function one() {
  const number = started++;
  if (number % 3 === 0 || acknowledged.length === 0) {
    create(`${prefix}-${number}`);
  } else {
    call("GetAccount", { name: acknowledged[number % acknowledged.length] });
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function begin() {
  let stop = false;
  process.stdin.on("end", () => { stop = true; }).resume();
  process.stdout.write("ready\n");
  const first = Date.now();
  while (!stop) {
    for (; started < (Date.now() - first) / 1000 * rate; ) {
      one();
    }
    await pause(5);
  }
  const calls = started;
  while (outstanding > 0) {
    await pause(10);
  }
  await create(`${prefix}-end`);
  const late = setTimeout(() => { failed.push("the watch did not come to the end"); sawEnd(); }, patience * 1000);
  await end;
  clearTimeout(late);
  const lines = [`calls ${calls}`, ...failed.map((text) => `failed ${text}`), ...acknowledged.map((name) => `acknowledged ${name}`),
    ...seen.map((name) => `saw ${name}`)];
  process.stdout.write(`${lines.join("\n")}\n`, () => process.exit(0));
}

watch();
