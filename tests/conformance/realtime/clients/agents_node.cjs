// OpenAI's agents SDK for JavaScript over a WebSocket, talking by text. Prints what an app would see as JSON.
const { RealtimeAgent, RealtimeSession, tool } = require('@openai/agents-realtime');
const { z } = require('zod');

const [base, key] = process.argv.slice(2);
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
const session = new RealtimeSession(agent, {
  transport: 'websocket',
  model: 'host',
  config: { outputModalities: ['text'] },
});

const errors = [];
const seen = [];
const waiting = [];
session.on('error', (error) => errors.push(String(error.error?.message ?? JSON.stringify(error))));
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

async function main() {
  await session.connect({ apiKey: key, url: `${base}/v1/realtime?model=host` });
  session.sendMessage('Hello');
  await until('response.done');
  session.sendMessage('What did I say first?');
  await until('response.done');
  session.sendMessage('What is the weather?');
  await until('response.done');
  await until('response.done');
  session.sendMessage('Tell me a long story');
  await until('response.output_text.delta');
  // session.interrupt() is for speech only: without audio it sends nothing.
  session.transport.sendEvent({ type: 'response.cancel' });
  await until('response.done');
  session.sendMessage('Hello again');
  await until('response.done');
  const said = session.history
    .filter((item) => item.type === 'message')
    .map((item) => [item.role, item.content.map((part) => part.text ?? part.transcript ?? '').join(''), item.status]);
  const calls = session.history
    .filter((item) => item.type === 'function_call')
    .map((item) => [item.name, item.arguments, item.status, item.output]);
  session.close();
  console.log(JSON.stringify({ errors, ran, said, calls, seen }));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
