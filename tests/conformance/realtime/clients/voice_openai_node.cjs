// The official JavaScript client over `ws`, by voice. It speaks TLS only. Prints what it saw as JSON.
const fs = require('node:fs');
const { OpenAI } = require('openai');
const { OpenAIRealtimeWS } = require('openai/realtime/ws');

const [base, key, wav] = process.argv.slice(2);
const QUESTION = fs.readFileSync(wav).subarray(44);
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

function speak() {
  for (let at = 0; at < QUESTION.length; at += 9600)
    realtime.send({ type: 'input_audio_buffer.append', audio: QUESTION.subarray(at, at + 9600).toString('base64') });
}

const joined = (heard, type) => heard.map((event) => (event.type === type ? event.delta : '')).join('');

async function main() {
  await until('session.created');
  realtime.send({
    type: 'session.update',
    session: {
      type: 'realtime',
      output_modalities: ['audio'],
      audio: {
        input: { transcription: { model: 'whisper-1' }, turn_detection: { type: 'server_vad' } },
      },
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
  speak();
  const turn = await until('rate_limits.updated');
  speak();
  const call = (await until('rate_limits.updated')).at(-2).response.output[0];
  realtime.send({
    type: 'conversation.item.create',
    item: { type: 'function_call_output', call_id: call.call_id, output: 'sunny' },
  });
  realtime.send({ type: 'response.create' });
  const told = await until('rate_limits.updated');
  speak();
  const story = (await until('rate_limits.updated')).at(-2).response.output[0];
  speak();
  await until('input_audio_buffer.speech_started');
  realtime.send({ type: 'conversation.item.truncate', item_id: story.id, content_index: 0, audio_end_ms: 1500 });
  await until('conversation.item.truncated');
  realtime.send({ type: 'conversation.item.retrieve', item_id: story.id });
  const kept = (await until('conversation.item.retrieved')).at(-1).item;
  realtime.close();
  console.log(
    JSON.stringify({
      errors,
      types: turn.map((event) => event.type),
      heard: turn.find((event) => event.type.endsWith('transcription.completed')).transcript,
      transcript: joined(turn, 'response.output_audio_transcript.delta'),
      sound: Buffer.concat(
        turn.filter((event) => event.type === 'response.output_audio.delta').map((event) => Buffer.from(event.delta, 'base64')),
      ).length,
      call,
      told: joined(told, 'response.output_audio_transcript.delta'),
      kept,
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
