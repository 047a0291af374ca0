// The official JavaScript client over `ws`. It speaks TLS only. Prints what it saw as JSON.
const { OpenAI } = require('openai');
const { OpenAIRealtimeWS } = require('openai/realtime/ws');

const [base, key] = process.argv.slice(2);
const client = new OpenAI({ apiKey: key, baseURL: `${base}/v1` });
const realtime = new OpenAIRealtimeWS({ model: 'host', options: { rejectUnauthorized: false } }, client);

const events = [];
const errors = [];
const waiting = [];
realtime.on('event', (event) => {
  events.push(event);
  waiting.shift()?.();
});
realtime.on('error', (error) => errors.push({ code: error.error?.code ?? null, message: error.message }));

let read = 0;
async function until(type) {
  const heard = [];
  for (;;) {
    while (read === events.length) await new Promise((resolve) => waiting.push(resolve));
    heard.push(events[read++]);
    if (heard.at(-1).type === type) return heard;
  }
}

const user = (text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] });
const types = (heard) => heard.map((event) => event.type);
const text = (heard) => heard.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('');

async function turn(said) {
  realtime.send({ type: 'conversation.item.create', item: user(said) });
  realtime.send({ type: 'response.create' });
  return until('rate_limits.updated');
}

async function main() {
  await until('session.created');
  realtime.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['text'],
      tools: [
        {
          type: 'function',
          name: 'weather',
          description: "Today's weather in a city.",
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      ],
    },
  });
  await until('session.updated');
  const hello = await turn('Hello');
  const asked = await turn('What is the weather?');
  const call = asked.at(-2).response.output[0];
  realtime.send({
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id: call.call_id, output: 'sunny' },
  });
  realtime.send({ type: 'response.create' });
  const answered = await until('rate_limits.updated');
  realtime.send({ type: 'response.cancel' });
  await until('error');
  realtime.close();
  const facts = { types: types(hello), text: text(hello), asked: types(asked), call, answered: text(answered), errors };
  console.log(JSON.stringify(facts));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
