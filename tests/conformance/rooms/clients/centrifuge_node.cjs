// npm centrifuge, as a program uses it. Arguments: address, token, the token that follows it. Prints what it saw, as JSON.
const { Centrifuge } = require("centrifuge");
const WebSocket = require("ws");

const [address, token, nextToken] = process.argv.slice(2);
const options = { websocket: WebSocket, minReconnectDelay: 50, maxReconnectDelay: 200 };
const facts = {};

function once(emitter, event, good = () => true) {
  return new Promise((resolve) => {
    const listen = (context) => {
      if (good(context)) {
        emitter.off(event, listen);
        resolve(context);
      }
    };
    emitter.on(event, listen);
  });
}

async function main() {
  let refreshed = 0;
  const client = new Centrifuge(address, {
    ...options,
    token,
    data: { device: "the secret of this device" },
    getToken: async () => {
      refreshed += 1;
      return nextToken;
    },
  });
  client.connect();
  const connected = await once(client, "connected");
  facts.connected = connected.data;

  const chat = client.newSubscription("lobby/chat", { joinLeave: true });
  const said = [];
  chat.on("publication", (context) => said.push(context.data));
  chat.subscribe();
  await chat.ready();
  for (let number = 0; number < 5; number += 1) await chat.publish({ number });
  const page = await chat.history({ limit: 2 });
  const rest = await chat.history({ limit: 10, since: { offset: page.publications[1].offset, epoch: page.epoch } });
  const newest = await chat.history({ limit: 1, reverse: true });
  facts.pages = [page, rest, newest].map((each) => each.publications.map((publication) => publication.data.number));
  facts.author = page.publications[0].info.user;
  const presence = await chat.presence();
  facts.presence = Object.values(presence.clients).map((info) => [info.user, info.connInfo, info.chanInfo.kind]);
  facts.stats = await chat.presenceStats();

  // Somebody else comes and goes.
  const other = new Centrifuge(address, { ...options, token });
  const theirs = other.newSubscription("lobby/chat");
  const came = once(chat, "join", (context) => context.info.client !== connected.client);
  theirs.subscribe();
  other.connect();
  facts.joined = (await came).info.user;
  const gone = once(chat, "leave");
  other.disconnect();
  facts.left = (await gone).info.user;

  // A feed, a state, a signal, remote calls.
  const feed = client.newSubscription("lobby/feed", { data: { rate: 20 } });
  const prices = [];
  feed.on("publication", (context) => prices.push([context.tags.key, context.data.price]));
  feed.subscribe();
  await feed.ready();
  for (let price = 1; price <= 30; price += 1) await feed.publish({ key: "a", price });
  await once(feed, "publication", (context) => context.data.price === 30);
  const figures = (await client.rpc("figures", { channel: "lobby/feed" })).data;
  facts.feed = { newest: prices.at(-1), counted: figures.delivered + figures.conflated, fewer: prices.length < 30 };
  await client.rpc("rate", { channel: "lobby/feed", rate: null });

  const state = client.newSubscription("lobby/state");
  const entries = {};
  let version = -1;
  state.on("publication", ({ data }) => {
    if (data.type === "snapshot") for (const key of Object.keys(entries)) delete entries[key];
    Object.assign(entries, data.entries ?? data.set);
    for (const key of data.removed ?? []) delete entries[key];
    version = data.version;
  });
  state.subscribe();
  await state.ready();
  await state.publish({ set: { a: 1, b: { deep: [2] } } });
  await state.publish({ set: { a: 3 }, remove: ["b"] });
  while (version < 2) await once(state, "publication");
  facts.state = { ...entries };

  const signal = client.newSubscription("lobby/signal");
  signal.subscribe();
  await signal.ready();
  const heard = once(signal, "publication");
  await signal.publish({ to: connected.client, id: "1", data: { sdp: "…" } });
  facts.signal = (await heard).data;
  const sent = { channel: "lobby/chat", data: { once: true }, idempotency_key: "7" };
  const places = [await client.rpc("publish", sent), await client.rpc("publish", sent)];
  facts.idempotent = places[0].data.offset === places[1].data.offset;
  await client.send({ nobody: "listens" });
  facts.denied = await client.publish("other/chat", {}).catch((error) => error.code);

  // The network is cut, and much is said meanwhile.
  const whole = once(chat, "publication", (context) => context.data.end === true);
  const recovered = once(chat, "subscribed");
  const stateBack = once(state, "subscribed");
  const clientBack = once(client, "connected");
  said.length = 0;
  client.publish("lobby/control", "cut").catch(() => {});
  const back = await recovered;
  await whole;
  await stateBack;
  facts.recovery = {
    wasRecovering: back.wasRecovering,
    recovered: back.recovered,
    said: said.map((data) => data.away ?? data.end),
    same: (await clientBack).client === connected.client,
    state: entries.away,
  };

  // A position that is too old, or of another life, is told.
  const lost = client.newSubscription("lobby/short", { since: { offset: 1, epoch: "another life" } });
  const told = once(lost, "subscribed");
  lost.subscribe();
  const { wasRecovering, recovered: good } = await told;
  facts.gap = [wasRecovering, good];

  // The token ends and is renewed; the next one allows more.
  const later = client.newSubscription("later/chat");
  const allowed = once(later, "subscribed");
  const attempt = () => later.subscribe();
  later.on("unsubscribed", () => setTimeout(attempt, 100));
  attempt();
  await allowed;
  facts.refreshed = refreshed >= 1;

  // Ended from the server.
  const ended = once(feed, "unsubscribed");
  client.publish("lobby/control", "unsubscribe").catch(() => {});
  facts.unsubscribed = (await ended).code;
  const kicked = once(client, "disconnected");
  client.publish("lobby/control", "kick").catch(() => {});
  facts.kicked = (await kicked).code;

  const wrong = new Centrifuge(address, { ...options, token: "wrong" });
  const refused = once(wrong, "disconnected");
  wrong.connect();
  facts.refused = (await refused).code;
  console.log(JSON.stringify(facts));
  process.exit(0);
}

main().catch((error) => {
  console.error(error, JSON.stringify(facts));
  process.exit(1);
});
