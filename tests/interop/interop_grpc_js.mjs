// SPDX-License-Identifier: Apache-2.0
// gRPC for Node (@grpc/grpc-js, pure JavaScript). It hides whether a message came compressed; interop_raw_grpc.py looks at that.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const { INTEROP_HOST, INTEROP_PORT, INTEROP_CA, INTEROP_SET, INTEROP_CASES, KAM_TEST_PATIENCE = "1" } = process.env;
const timeoutMs = 20000 * Number(KAM_TEST_PATIENCE);
const set = loader.loadFileDescriptorSetFromBuffer(readFileSync(INTEROP_SET), { keepCase: true, longs: String, enums: String, defaults: true });
const { grpc: { testing }, google } = grpc.loadPackageDefinition(set);
const credentials = grpc.credentials.createSsl(readFileSync(INTEROP_CA));
const clientOf = (Service, options) => new Service(`${INTEROP_HOST}:${INTEROP_PORT}`, credentials, options);
const plain = clientOf(testing.TestService);
const gzip = clientOf(testing.TestService, { "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip });
const { INVALID_ARGUMENT, UNIMPLEMENTED, UNKNOWN, CANCELLED, DEADLINE_EXCEEDED } = grpc.status;

const requestSizes = [27182, 8, 1828, 45904], responseSizes = [31415, 9, 2653, 58979];
const payload = (size) => ({ body: Buffer.alloc(size) });
const largeRequest = (fields) => ({ response_size: 314159, payload: payload(271828), ...fields });
const wanted = (...sizes) => sizes.map((size) => ({ size }));
const initialName = "x-grpc-test-echo-initial", trailingName = "x-grpc-test-echo-trailing-bin";
const specialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
const options = () => ({ deadline: Date.now() + timeoutMs });

// What came of one call, whatever its kind: replies, metadata before and after, the final status.
function watch(call) {
  const outcome = { messages: [], initial: null, status: null };
  const ended = new Promise((resolve) => {
    call.on("metadata", (metadata) => { outcome.initial = metadata; });
    call.on("status", (status) => { outcome.status = status; resolve(outcome); });
    call.on("data", (message) => outcome.messages.push(message));
    call.on("error", () => {});
  });
  return { outcome, ended };
}

// A call with one reply; `feed` gets the writable call where the client streams.
function single(client, method, request, metadata = new grpc.Metadata(), feed = null) {
  const replies = [];
  const done = (error, reply) => { if (!error) { replies.push(reply); } };
  const call = feed ? client[method](metadata, options(), done) : client[method](request, metadata, options(), done);
  const { ended } = watch(call);
  if (feed) { feed(call); }
  return ended.then((outcome) => ({ ...outcome, messages: replies }));
}

function duplex(method, requests, metadata = new grpc.Metadata()) {
  const call = plain[method](metadata, options());
  const { ended } = watch(call);
  for (const request of requests) { call.write(request); }
  call.end();
  return ended;
}

function expectSizes(outcome, ...sizes) {
  assert.equal(outcome.status.code, 0, outcome.status.details);
  assert.deepEqual(outcome.messages.map((message) => message.payload.body.length), sizes);
  assert.ok(outcome.messages.every((message) => message.payload.body.every((byte) => byte === 0)));
}

function expectCode(outcome, code) {
  assert.equal(outcome.status.code, code, outcome.status.details);
  return outcome.status;
}

const cases = {
  async empty_unary() {
    const outcome = await single(plain, "EmptyCall", {});
    expectCode(outcome, 0);
    assert.deepEqual(outcome.messages, [{}]);
  },

  async large_unary() {
    expectSizes(await single(plain, "UnaryCall", largeRequest()), 314159);
  },

  async client_compressed_unary() {
    const asSaid = largeRequest({ expect_compressed: { value: true } }), notAsSaid = largeRequest({ expect_compressed: { value: false } });
    expectCode(await single(plain, "UnaryCall", asSaid), INVALID_ARGUMENT);
    expectSizes(await single(gzip, "UnaryCall", asSaid), 314159);
    expectSizes(await single(plain, "UnaryCall", notAsSaid), 314159);
    expectCode(await single(gzip, "UnaryCall", notAsSaid), INVALID_ARGUMENT);
  },

  async server_compressed_unary() {
    for (const value of [true, false]) {
      expectSizes(await single(plain, "UnaryCall", largeRequest({ response_compressed: { value } })), 314159);
    }
  },

  async client_streaming() {
    const outcome = await single(plain, "StreamingInputCall", null, undefined, (call) => {
      for (const size of requestSizes) { call.write({ payload: payload(size) }); }
      call.end();
    });
    assert.equal(outcome.messages[0].aggregated_payload_size, 74922);
  },

  async client_compressed_streaming() {
    const send = (...sizes) => (call) => {
      for (const size of sizes) { call.write({ payload: payload(size), expect_compressed: { value: true } }); }
      call.end();
    };
    expectCode(await single(plain, "StreamingInputCall", null, undefined, send(27182)), INVALID_ARGUMENT);
    // This client compresses all messages of a channel or none; interop_raw_grpc.py mixes them.
    const outcome = await single(gzip, "StreamingInputCall", null, undefined, send(27182, 45904));
    assert.equal(outcome.messages[0].aggregated_payload_size, 73086);
  },

  async server_streaming() {
    const request = { response_parameters: wanted(...responseSizes) };
    expectSizes(await watch(plain.StreamingOutputCall(request, options())).ended, ...responseSizes);
  },

  async server_compressed_streaming() {
    const request = { response_parameters: [{ size: 31415, compressed: { value: true } }, { size: 92653, compressed: { value: false } }] };
    expectSizes(await watch(plain.StreamingOutputCall(request, options())).ended, 31415, 92653);
  },

  async ping_pong() {
    const call = plain.FullDuplexCall(options());
    const { outcome, ended } = watch(call);
    for (const [i, size] of requestSizes.entries()) {
      const answered = new Promise((resolve) => { call.once("data", resolve); call.once("status", resolve); });
      call.write({ payload: payload(size), response_parameters: wanted(responseSizes[i]) });
      await answered;
      assert.equal(outcome.messages.length, i + 1);
    }
    call.end();
    expectSizes(await ended, ...responseSizes);
  },

  async empty_stream() {
    expectSizes(await duplex("FullDuplexCall", []));
  },

  async custom_metadata() {
    const metadata = new grpc.Metadata();
    const trailing = Buffer.from("0a0b0a0b0a0b", "hex");
    metadata.set(initialName, "test_initial_metadata_value");
    metadata.set(trailingName, trailing);
    const request = { payload: payload(271828), response_parameters: wanted(314159) };
    for (const outcome of [await single(plain, "UnaryCall", largeRequest(), metadata), await duplex("FullDuplexCall", [request], metadata)]) {
      expectSizes(outcome, 314159);
      assert.deepEqual(outcome.initial.get(initialName), ["test_initial_metadata_value"]);
      assert.deepEqual(outcome.status.metadata.get(trailingName), [trailing]);
    }
  },

  async status_code_and_message() {
    const request = { response_status: { code: UNKNOWN, message: "test status message" } };
    for (const outcome of [await single(plain, "UnaryCall", request), await duplex("FullDuplexCall", [request])]) {
      assert.equal(expectCode(outcome, UNKNOWN).details, "test status message");
    }
  },

  async special_status_message() {
    const outcome = await single(plain, "UnaryCall", { response_status: { code: UNKNOWN, message: specialMessage } });
    assert.equal(expectCode(outcome, UNKNOWN).details, specialMessage);
  },

  async unimplemented_method() {
    expectCode(await single(plain, "UnimplementedCall", {}), UNIMPLEMENTED);
  },

  async unimplemented_service() {
    const client = clientOf(testing.UnimplementedService);
    expectCode(await single(client, "UnimplementedCall", {}), UNIMPLEMENTED);
    client.close();
  },

  async cancel_after_begin() {
    expectCode(await single(plain, "StreamingInputCall", null, undefined, (call) => call.cancel()), CANCELLED);
  },

  async cancel_after_first_response() {
    const call = plain.FullDuplexCall(options());
    const { outcome, ended } = watch(call);
    call.write({ payload: payload(27182), response_parameters: wanted(31415) });
    call.on("data", () => call.cancel());
    expectCode(await ended, CANCELLED);
    assert.deepEqual(outcome.messages.map((message) => message.payload.body.length), [31415]);
  },

  async timeout_on_sleeping_server() {
    const call = plain.FullDuplexCall({ deadline: Date.now() + 1 });
    const { ended } = watch(call);
    call.write({ payload: payload(27182) });
    expectCode(await ended, DEADLINE_EXCEEDED);
  },

  async cacheable_unary() {
    const outcome = await single(plain, "CacheableUnaryCall", {});
    assert.ok(outcome.messages[0].payload.body.length > 0);
    assert.match(outcome.initial.get("cache-control")[0], /max-age/);
  },

  async half_duplex() {
    const outcome = await duplex("HalfDuplexCall", responseSizes.map((size) => ({ response_parameters: wanted(size, size + 1) })));
    expectSizes(outcome, ...responseSizes.flatMap((size) => [size, size + 1]));
  },

  async error_details() {
    const status = expectCode(await single(plain, "UnaryCall", { response_size: -1 }), INVALID_ARGUMENT);
    const bytes = status.metadata.get("grpc-status-details-bin")[0];
    // proto-loader gives no decoder for a message alone; a bytes field of the same shape does: the texts lie in it as they are.
    for (const text of [status.details, "google.rpc.ErrorInfo", "FIELD_INVALID", "google.rpc.BadRequest", "response_size"]) {
      assert.ok(bytes.includes(text), text);
    }
  },

  async paused_streaming() {
    const started = performance.now();
    const request = { response_parameters: responseSizes.map((size) => ({ size, interval_us: 20000 })) };
    expectSizes(await watch(plain.StreamingOutputCall(request, options())).ended, ...responseSizes);
    assert.ok(performance.now() - started >= 80);
  },

  async many_at_once() {
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => single(plain, "UnaryCall", largeRequest())));
    for (const outcome of outcomes) { expectSizes(outcome, 314159); }
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
