import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { baseURI: "http://127.0.0.1:8000/" };
const WEB = new URL("../../../src/salon/web/live/", import.meta.url);
const { restarted, shownSdp, toFragment } = await import(new URL("fragment.js", WEB));
const { iceServersOf } = await import(new URL("link.js", WEB));
const { isRoom, newRoom, watchUrl, whipUrl } = await import(new URL("names.js", WEB));
const { EventParser } = await import(new URL("events.js", WEB));
const { figuresOf } = await import(new URL("stats.js", WEB));
const { waitFor } = await import(new URL("lasting.js", WEB));
const { Refusal } = await import(new URL("refusal.js", WEB));
const { layersOf } = await import(new URL("whip.js", WEB));

const SDP = ["v=0", "a=group:BUNDLE 0 1", "a=ice-options:trickle", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", "a=ice-ufrag:abcd", "a=ice-pwd:secret", "a=candidate:old", "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=mid:1", "a=ice-ufrag:abcd", "a=ice-pwd:secret", ""].join("\r\n");

test("a fragment speaks for the first section", () => {
  const lines = toFragment(SDP, ["candidate:1 1 udp 1 192.0.2.1 9 typ host"], true).trim().split("\r\n");
  assert.deepEqual(lines, [
    "a=group:BUNDLE 0 1", "a=ice-options:trickle", "a=ice-ufrag:abcd", "a=ice-pwd:secret", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0",
    "a=candidate:1 1 udp 1 192.0.2.1 9 typ host", "a=end-of-candidates",
  ]);
});

test("a restart puts new credentials and candidates in the old answer", () => {
  const answer = restarted(SDP, "a=ice-ufrag:new\r\na=ice-pwd:fresh\r\nm=audio 9 x 0\r\na=mid:0\r\na=candidate:2\r\n");
  assert.equal(answer.match(/a=ice-ufrag:new/g).length, 2);
  assert.equal(answer.match(/a=ice-pwd:fresh/g).length, 2);
  assert.ok(answer.indexOf("a=candidate:2") < answer.indexOf("m=video"));
  assert.ok(!answer.includes("candidate:old"));
  assert.equal(restarted(SDP, "a=ice-ufrag:new\r\n"), "");
});

test("no password of ICE is shown", () => {
  assert.ok(!shownSdp(SDP).includes("secret"));
  assert.ok(!shownSdp(SDP).includes("abcd"));
});

test("ICE servers are read from Link headers, commas in quotes included", () => {
  const header = '<stun:s.example>; rel="ice-server", <turn:t.example?transport=udp>; rel="ice-server"; username="1:a,b"; credential="p\\"q"; credential-type="password", </x>; rel="next"';
  assert.deepEqual(iceServersOf(header), [{ urls: "stun:s.example" }, { urls: "turn:t.example?transport=udp", username: "1:a,b", credential: 'p"q' }]);
  assert.deepEqual(iceServersOf(null), []);
});

test("names are what an address can hold as it is", () => {
  for (const good of ["studio", "a.b~c-d_e", newRoom()]) assert.ok(isRoom(good), good);
  for (const bad of ["", "events", ".", "..", "a b", "a/b", "直播", "x".repeat(129)]) assert.ok(!isRoom(bad), bad);
  assert.equal(watchUrl("studio", "https://x.example/salon/#/talk"), "https://x.example/salon/#/live/studio");
  assert.equal(whipUrl("studio", "https://x.example/salon/"), "https://x.example/salon/whip/studio");
});

test("events are cut out of a stream wherever it is cut", () => {
  const text = ": hello\n\nevent: snapshot\ndata: {\"a\":1}\n\nevent: ended\r\ndata: {}\r\n\r\n";
  for (let at = 0; at <= text.length; at += 1) {
    const seen = [];
    const parser = new EventParser((name, data) => seen.push([name, data]));
    parser.push(text.slice(0, at));
    parser.push(text.slice(at));
    assert.deepEqual(seen, [["snapshot", '{"a":1}'], ["ended", "{}"]], `cut at ${at}`);
  }
});

test("figures are what happened between two readings", () => {
  const reading = (timestamp, bytesReceived, packetsReceived, packetsLost, framesDecoded, totalProcessingDelay) => [
    { id: "v", type: "inbound-rtp", kind: "video", timestamp, bytesReceived, packetsReceived, packetsLost, framesDecoded, totalProcessingDelay, frameWidth: 640, frameHeight: 360, framesPerSecond: 29.7, jitter: 0.004, codecId: "c" },
    { id: "c", type: "codec", mimeType: "video/VP8" },
    { id: "t", type: "transport", selectedCandidatePairId: "p" },
    { id: "p", type: "candidate-pair", currentRoundTripTime: 0.02, localCandidateId: "l" },
    { id: "l", type: "local-candidate", protocol: "udp" },
  ];
  const found = figuresOf(reading(2000, 200_000, 190, 10, 60, 3.0), reading(1000, 100_000, 100, 0, 30, 1.5));
  assert.deepEqual(
    [found.bitRate, found.width, found.frameRate, found.rtt, found.loss, found.jitter, found.codecs, found.transport, found.latency],
    [800_000, 640, 30, 20, 0.1, 4, ["VP8"], "UDP", 60],
  );
  assert.equal(figuresOf(reading(1000, 1, 1, 0, 1, 1), []).latency, null);
});

test("who is asked to wait does, and a thousand do not come at once", () => {
  const absent = new Refusal(409, "broadcast_not_live", "", 2);
  assert.equal(waitFor(absent, 5, 0), 2000);
  assert.equal(waitFor(absent, 5, 1), 3000);
  assert.ok(absent.passes);
  assert.ok(!new Refusal(409, "broadcast_taken", "", 30).passes);
  assert.ok(!new Refusal(409, "replaced", "", 0).passes);
  assert.ok(new Refusal(503, "over_capacity", "", 10).passes);
});

test("layers go from the smallest to the largest, and a screen has one", () => {
  const layers = layersOf(2_000_000, false);
  assert.deepEqual(layers.map(({ rid }) => rid), ["l", "m", "h"]);
  assert.equal(layers[2].maxBitrate, 2_000_000);
  assert.equal(layersOf(3_000_000, true).length, 1);
});
