// SPDX-License-Identifier: Apache-2.0
// Connect for Node (connect-node): interop_connect.mjs connect|connect-json|grpc|grpc-web 2|1.1 (the protocol, and the version of HTTP).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { compressionGzip, createConnectTransport, createGrpcTransport, createGrpcWebTransport } from "@connectrpc/connect-node";

const { INTEROP_HOST, INTEROP_PORT, INTEROP_CA, INTEROP_SET, INTEROP_CASES, KAM_TEST_PATIENCE = "1" } = process.env;
const [protocol, httpVersion] = process.argv.slice(2);
const create = { connect: createConnectTransport, "connect-json": createConnectTransport, grpc: createGrpcTransport, "grpc-web": createGrpcWebTransport };
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(INTEROP_SET)));
const service = (name) => registry.getService(`grpc.testing.${name}`);
const timeout = { timeoutMs: 20000 * Number(KAM_TEST_PATIENCE) };

// gzip that counts, for the client does not tell whether a message came compressed.
let inflated = 0;
const gzip = { ...compressionGzip, decompress: (...words) => { inflated += 1; return compressionGzip.decompress(...words); } };

function clientOf(options = {}, name = "TestService") {
  return createClient(service(name), create[protocol]({
    baseUrl: `https://${INTEROP_HOST}:${INTEROP_PORT}`, httpVersion, nodeOptions: { ca: readFileSync(INTEROP_CA) }, acceptCompression: [gzip],
    useBinaryFormat: protocol !== "connect-json", ...options,
  }));
}
const plain = clientOf();
const zipping = clientOf({ sendCompression: compressionGzip, compressMinBytes: 0 });

const requestSizes = [27182, 8, 1828, 45904], responseSizes = [31415, 9, 2653, 58979];
const payload = (size) => ({ body: new Uint8Array(size) });
const largeRequest = (fields) => ({ responseSize: 314159, payload: payload(271828), ...fields });
const outputRequest = (size, ...sizes) => ({ payload: payload(size), responseParameters: sizes.map((one) => ({ size: one })) });
const initialName = "x-grpc-test-echo-initial", trailingName = "x-grpc-test-echo-trailing-bin";
const specialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
const streams = httpVersion === "2"; // from the client

async function* each(items) {
  yield* items;
}

async function all(replies) {
  const found = [];
  for await (const reply of replies) { found.push(reply); }
  return found;
}

function expectSizes(replies, ...sizes) {
  assert.deepEqual(replies.map((reply) => reply.payload.body.length), sizes);
  assert.ok(replies.every((reply) => reply.payload.body.every((byte) => byte === 0)));
}

// The error that a call must end with; a function where the call is one of several.
async function expectError(code, given) {
  const call = typeof given === "function" ? given() : given;
  const error = await (call[Symbol.asyncIterator] ? all(call) : call).then(() => null, (thrown) => thrown);
  assert.ok(error instanceof ConnectError, String(error ?? "it succeeded"));
  assert.equal(Code[error.code], Code[code], error.message);
  return error;
}

const cases = {
  async empty_unary() {
    assert.equal((await plain.emptyCall({}, timeout)).$typeName, "grpc.testing.Empty");
  },

  async large_unary() {
    expectSizes([await plain.unaryCall(largeRequest(), timeout)], 314159);
  },

  async client_compressed_unary() {
    const asSaid = largeRequest({ expectCompressed: { value: true } }), notAsSaid = largeRequest({ expectCompressed: { value: false } });
    await expectError(Code.InvalidArgument, plain.unaryCall(asSaid, timeout));
    expectSizes([await zipping.unaryCall(asSaid, timeout)], 314159);
    expectSizes([await plain.unaryCall(notAsSaid, timeout)], 314159);
    await expectError(Code.InvalidArgument, zipping.unaryCall(notAsSaid, timeout));
  },

  async server_compressed_unary() {
    for (const value of [true, false]) {
      inflated = 0;
      expectSizes([await plain.unaryCall(largeRequest({ responseCompressed: { value } }), timeout)], 314159);
      assert.equal(inflated, Number(value));
    }
  },

  async client_streaming() {
    const reply = await plain.streamingInputCall(each(requestSizes.map((size) => ({ payload: payload(size) }))), timeout);
    assert.equal(reply.aggregatedPayloadSize, 74922);
  },

  async client_compressed_streaming() {
    const requests = [27182, 45904].map((size) => ({ payload: payload(size), expectCompressed: { value: true } }));
    await expectError(Code.InvalidArgument, plain.streamingInputCall(each(requests.slice(0, 1)), timeout));
    // This client compresses all messages of a transport or none; interop_raw_grpc.py mixes them.
    assert.equal((await zipping.streamingInputCall(each(requests), timeout)).aggregatedPayloadSize, 73086);
  },

  async server_streaming() {
    expectSizes(await all(plain.streamingOutputCall(outputRequest(0, ...responseSizes), timeout)), ...responseSizes);
  },

  async server_compressed_streaming() {
    const responseParameters = [{ size: 31415, compressed: { value: true } }, { size: 92653, compressed: { value: false } }];
    inflated = 0;
    expectSizes(await all(plain.streamingOutputCall({ responseParameters }, timeout)), 31415, 92653);
    assert.equal(inflated, 1);
  },

  async ping_pong() {
    let answered = () => {};
    async function* requests() {
      for (const [i, size] of requestSizes.entries()) {
        const next = new Promise((resolve) => { answered = resolve; });
        yield outputRequest(size, responseSizes[i]);
        await next;
      }
    }
    const replies = [];
    for await (const reply of plain.fullDuplexCall(requests(), timeout)) {
      replies.push(reply);
      answered();
    }
    expectSizes(replies, ...responseSizes);
  },

  async empty_stream() {
    expectSizes(await all(plain.fullDuplexCall(each([]), timeout)));
  },

  async custom_metadata() {
    const trailing = Uint8Array.from([0x0a, 0x0b, 0x0a, 0x0b, 0x0a, 0x0b]);
    let before, after;
    const options = {
      ...timeout, headers: { [initialName]: "test_initial_metadata_value", [trailingName]: encodeBinaryHeader(trailing) },
      onHeader: (headers) => { before = headers; }, onTrailer: (headers) => { after = headers; },
    };
    const stream = () => (streams ? plain.fullDuplexCall(each([outputRequest(271828, 314159)]), options)
                                  : plain.streamingOutputCall(outputRequest(271828, 314159), options));
    for (const call of [async () => [await plain.unaryCall(largeRequest(), options)], () => all(stream())]) {
      before = after = null;
      expectSizes(await call(), 314159);
      assert.equal(before.get(initialName), "test_initial_metadata_value");
      assert.deepEqual(decodeBinaryHeader(after.get(trailingName)), trailing);
    }
  },

  async error_metadata() {
    const options = { ...timeout, headers: { [trailingName]: "q6ur" } };
    const status = { responseStatus: { code: 9, message: "not now" } };
    for (const call of [() => plain.unaryCall(status, options), () => plain.streamingOutputCall(status, options)]) {
      assert.equal((await expectError(Code.FailedPrecondition, call)).metadata.get(trailingName), "q6ur");
    }
  },

  async status_code_and_message() {
    const request = { responseStatus: { code: 2, message: "test status message" } };
    const stream = () => (streams ? plain.fullDuplexCall(each([request]), timeout) : plain.streamingOutputCall(request, timeout));
    for (const call of [() => plain.unaryCall(request, timeout), stream]) {
      assert.equal((await expectError(Code.Unknown, call)).rawMessage, "test status message");
    }
  },

  async special_status_message() {
    const error = await expectError(Code.Unknown, plain.unaryCall({ responseStatus: { code: 2, message: specialMessage } }, timeout));
    assert.equal(error.rawMessage, specialMessage);
  },

  async every_code() {
    for (let code = 1; code <= 16; code++) {
      await expectError(code, plain.unaryCall({ responseStatus: { code, message: "as asked" } }, timeout));
      await expectError(code, plain.streamingOutputCall({ responseStatus: { code, message: "as asked" } }, timeout));
    }
  },

  async unimplemented_method() {
    await expectError(Code.Unimplemented, plain.unimplementedCall({}, timeout));
  },

  async unimplemented_service() {
    await expectError(Code.Unimplemented, clientOf({}, "UnimplementedService").unimplementedCall({}, timeout));
  },

  async cancel_after_begin() {
    const control = new AbortController();
    async function* never() {
      await new Promise((resolve) => { control.signal.addEventListener("abort", resolve); });
      yield* [];
    }
    const call = plain.streamingInputCall(never(), { signal: control.signal });
    control.abort();
    await expectError(Code.Canceled, call);
  },

  async cancel_after_first_response() {
    const control = new AbortController();
    const slow = { responseParameters: [{ size: 31415 }, { size: 9, intervalUs: 60000000 }] };
    const call = streams ? plain.fullDuplexCall(each([slow]), { signal: control.signal })
                         : plain.streamingOutputCall(slow, { signal: control.signal });
    const replies = call[Symbol.asyncIterator]();
    expectSizes([(await replies.next()).value], 31415);
    control.abort();
    await expectError(Code.Canceled, replies.next());
  },

  async timeout_on_sleeping_server() {
    const sleeping = { responseParameters: [{ size: 1, intervalUs: 60000000 }] };
    const call = streams ? plain.fullDuplexCall(each([sleeping]), { timeoutMs: 20 }) : plain.streamingOutputCall(sleeping, { timeoutMs: 20 });
    await expectError(Code.DeadlineExceeded, call);
  },

  async cacheable_unary() {
    let before;
    const client = clientOf({ useHttpGet: true }); // of the three protocols only Connect has it
    const reply = await client.cacheableUnaryCall({ payload: payload(300) }, { ...timeout, onHeader: (headers) => { before = headers; } });
    assert.ok(reply.payload.body.length > 0);
    assert.match(before.get("cache-control"), /max-age/);
  },

  async half_duplex() {
    const requests = responseSizes.map((size) => outputRequest(0, size, size + 1));
    expectSizes(await all(plain.halfDuplexCall(each(requests), timeout)), ...responseSizes.flatMap((size) => [size, size + 1]));
  },

  async error_details() {
    const error = await expectError(Code.InvalidArgument, plain.unaryCall({ responseSize: -1 }, timeout));
    const [info] = error.findDetails(registry.getMessage("google.rpc.ErrorInfo"));
    const [request] = error.findDetails(registry.getMessage("google.rpc.BadRequest"));
    assert.equal(info.reason, "FIELD_INVALID");
    assert.equal(request.fieldViolations[0].field, "response_size");
  },

  async paused_streaming() {
    const started = performance.now();
    const responseParameters = responseSizes.map((size) => ({ size, intervalUs: 20000 }));
    expectSizes(await all(plain.streamingOutputCall({ responseParameters }, timeout)), ...responseSizes);
    assert.ok(performance.now() - started >= 80);
  },

  async many_at_once() {
    const count = protocol === "connect-json" ? 20 : 100; // base64 takes its time under sanitizers
    const replies = await Promise.all(Array.from({ length: count }, () => plain.unaryCall(largeRequest(), timeout)));
    expectSizes(replies, ...replies.map(() => 314159));
  },
};

for (const name of INTEROP_CASES.split(" ")) {
  try {
    await cases[name]();
    console.log(`ok: ${name}`);
  } catch (error) {
    console.log(`failed: ${name}: ${String(error.message ?? error).replace(/\s+/g, " ").slice(0, 300)}`);
  }
}
process.exit(0);
