import assert from "node:assert/strict";
import { test } from "node:test";
import { apply, newAnswer, textOf } from "../../../src/salon/web/realtime/answers.js";
import { backoff } from "../../../src/salon/web/realtime/backoff.js";
import { httpUrl, realtimeUrl } from "../../../src/salon/web/realtime/place.js";
import { redact, redactProtocols, redactUrl } from "../../../src/salon/web/realtime/redact.js";

test("secrets and bulk are hidden, the rest is not", () => {
  const shown = redact({
    session: { salon: { resume_token: "abc", tools: ["key"] }, client_secret: { value: "x" }, max_tokens: 5 },
    api_key: "sk-1",
    Authorization: "Bearer x",
    total_tokens: 3,
    image_url: `data:image/png;base64,${"A".repeat(5000)}`,
    text: "b".repeat(3000),
  });
  assert.equal(shown.session.salon.resume_token, "•••");
  assert.deepEqual(shown.session.salon.tools, ["key"]);
  assert.equal(shown.session.max_tokens, 5);
  assert.equal(shown.api_key, "•••");
  assert.equal(shown.Authorization, "•••");
  assert.equal(shown.total_tokens, 3);
  assert.equal(shown.image_url, "data:image/png;base64,… (5000 characters)");
  assert.ok(shown.text.length < 2100);
});

test("what is inside a secret is hidden as well", () => {
  assert.deepEqual(redact({ client_secret: { value: "ek_1" } }), { client_secret: { value: "•••" } });
});

test("an address and its subprotocols show no secret", () => {
  assert.equal(redactUrl("ws://a/v1/realtime?model=b&resume=secret&last_event_id=e"), "/v1/realtime?model=b&resume=•••&last_event_id=e");
  assert.equal(redactUrl("ws://a/v1/realtime?model=b&resume=new"), "/v1/realtime?model=b&resume=new");
  assert.deepEqual(redactProtocols(["realtime", "openai-insecure-api-key.sk-1"]), ["realtime", "openai-insecure-api-key.•••"]);
});

test("addresses are relative to the page", () => {
  assert.equal(realtimeUrl({ model: "a b" }, "https://h:1/salon/?q#x"), "wss://h:1/salon/v1/realtime?model=a+b");
  assert.equal(realtimeUrl({ model: "a" }, "http://h/"), "ws://h/v1/realtime?model=a");
  assert.equal(httpUrl("v1/ui/config", "http://h/salon/"), "http://h/salon/v1/ui/config");
});

test("waiting doubles, is bounded, and is drawn by lot", () => {
  assert.deepEqual([0, 1, 2].map((attempt) => backoff(attempt, false, 1)), [400, 800, 1600]);
  assert.equal(backoff(0, false, 0), 200);
  assert.equal(backoff(50, false, 1), 20_000);
  assert.ok(backoff(0, true, 0) > backoff(0, false, 1));
});

const R = "resp_1";
const message = (id, text, salon) => ({ id, type: "message", role: "assistant", status: "completed", content: [{ type: "output_text", text }], salon });

function play(...events) {
  const answer = newAnswer("answer_1");
  for (const event of events) apply(answer, event);
  return answer;
}

test("an answer grows from its deltas and ends with its figures", () => {
  const answer = play(
    { type: "response.created", response: { id: R } },
    { type: "response.salon.reasoning.delta", response_id: R, delta: "hm" },
    { type: "response.output_item.added", response_id: R, item: { id: "i1", type: "message", content: [] } },
    { type: "response.output_text.delta", response_id: R, item_id: "i1", delta: "a" },
    { type: "response.output_text.delta", response_id: R, item_id: "i1", delta: "b" },
    { type: "response.output_item.done", response_id: R, item: message("i1", "ab", { references: [{ index: 1, url: "https://a.b", title: "A" }] }) },
    {
      type: "response.done",
      response: {
        id: R,
        status: "completed",
        output: [message("i1", "ab")],
        usage: { input_tokens: 3, output_tokens: 2 },
        salon: { first_token_ms: 10, duration_ms: 20, model: "m" },
      },
    },
  );
  assert.equal(textOf(answer), "ab");
  assert.equal(answer.reasoning, "hm");
  assert.equal(answer.status, "done");
  assert.equal(answer.parts[0].references.length, 1);
  assert.deepEqual(answer.figures, { model: "m", firstMs: 10, durationMs: 20, input: 3, output: 2 });
});

test("a tool call has its output, and words come after it", () => {
  const call = { id: "c", type: "function_call", call_id: "call_1", name: "weather" };
  const answer = play(
    { type: "response.created", response: { id: R } },
    { type: "response.output_item.added", response_id: R, item: { ...call, arguments: "" } },
    { type: "response.function_call_arguments.delta", response_id: R, item_id: "c", delta: "{}" },
    { type: "response.output_item.done", response_id: R, item: { ...call, arguments: "{}", status: "completed" } },
  );
  assert.equal(answer.parts[0].state, "running");
  const output = { id: "o", type: "function_call_output", call_id: "call_1" };
  apply(answer, { type: "conversation.item.added", item: { ...output, output: '{"error":{"code":"tool_failed"}}' } });
  assert.equal(answer.parts[0].state, "failed");
  apply(answer, { type: "conversation.item.done", item: { ...output, output: '{"sky":"sunny"}' } });
  assert.equal(answer.parts[0].state, "done");
  apply(answer, { type: "response.output_text.delta", response_id: R, item_id: "i2", delta: "sunny" });
  assert.deepEqual(answer.parts.map(({ kind }) => kind), ["call", "text"]);
});

test("text that a filter withdraws is gone", () => {
  const answer = play(
    { type: "response.created", response: { id: R } },
    { type: "response.output_text.delta", response_id: R, item_id: "i1", delta: "bad" },
    {
      type: "response.done",
      response: { id: R, status: "incomplete", status_details: { reason: "content_filter" }, output: [message("i1", "")] },
    },
  );
  assert.equal(textOf(answer), "");
  assert.equal(answer.status, "incomplete");
  assert.equal(answer.problem.code, "content_filter");
});
