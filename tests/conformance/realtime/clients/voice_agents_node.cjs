// OpenAI's agents SDK for JavaScript over a WebSocket, by voice as it comes out of the box. Prints what an app would see as JSON.
const fs = require('node:fs');
const { RealtimeAgent, RealtimeSession, tool } = require('@openai/agents-realtime');
const { z } = require('zod');

const [base, key, wav] = process.argv.slice(2);
const QUESTION = fs.readFileSync(wav).subarray(44);
const ran = [];
const weather = tool({
  name: 'weather',
  description: "Today's weather in a city.",
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => {
    ran.push(city);
    return 'sunny';
  },
});

const agent = new RealtimeAgent({ name: 'guide', instructions: 'Be brief.', tools: [weather] });
const session = new RealtimeSession(agent, { transport: 'websocket', model: 'host' });

const errors = [];
const seen = [];
const waiting = [];
let sound = 0;
let interrupted = 0;
session.on('error', (error) => errors.push(String(error.error?.message ?? JSON.stringify(error))));
// The loudspeaker: plays what it is given, at the pace of the clock.
let began = 0;
let ends = 0;
session.on('audio', (event) => {
  sound += event.data.byteLength;
  const now = performance.now();
  if (now > ends) began = ends = now;
  ends += event.data.byteLength / 48;
});
/** Until all of it has been heard, or so many ms. */
async function played(ms) {
  const until = ms === undefined ? ends : began + ms;
  while (performance.now() < until) await new Promise((resolve) => setTimeout(resolve, until - performance.now()));
}
session.on('audio_interrupted', () => interrupted++);
session.on('transport_event', (event) => {
  if (event.type === 'error') errors.push(JSON.stringify(event));
  seen.push(event.type);
  waiting.shift()?.();
});

let read = 0;
async function until(type) {
  for (;;) {
    while (read === seen.length) await new Promise((resolve) => waiting.push(resolve));
    if (seen[read++] === type) return;
  }
}

/** Until the session has written down the whole of the last answer. */
async function written() {
  for (;;) {
    const last = session.history.filter((item) => item.type === 'message').at(-1);
    if (last?.role === 'assistant' && last.status === 'completed') return;
    await new Promise((resolve) => session.once('history_updated', resolve));
  }
}

function speak() {
  for (let at = 0; at < QUESTION.length; at += 9600) {
    const piece = QUESTION.subarray(at, at + 9600);
    session.sendAudio(piece.buffer.slice(piece.byteOffset, piece.byteOffset + piece.byteLength));
  }
}

async function main() {
  await session.connect({ apiKey: key, url: `${base.replace('http', 'ws')}/v1/realtime?model=host` });
  await until('session.updated');
  speak();
  await until('response.done');
  await played();
  speak();
  await until('response.done');
  await until('response.done');
  await played();
  speak();
  await until('response.done');
  await played(1500);
  speak(); // while the story is being heard
  await until('conversation.item.truncated');
  await until('response.done');
  session.sendMessage('Goodbye then.');
  await until('response.done');
  await written();
  const said = session.history
    .filter((item) => item.type === 'message')
    .map((item) => [item.role, item.content.map((part) => part.transcript ?? part.text ?? '').join(''), item.status]);
  session.close();
  console.log(JSON.stringify({ errors, ran, said, seen, sound, interrupted }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
