// A small server of logs and states in the Centrifuge protocol, in memory, over sockets that can be cut at every place.

export class Server {
  constructor() {
    this.logs = new Map();
    this.kept = new Map();
    this.sockets = new Set();
    this.connects = [];
    this.ttl = 0;
    this.pingSeconds = 25;
    this.refusals = [];
    this.epoch = "e1";
    // Called with each command; may cut.
    this.before = () => false;
    this.after = () => false;
    this.twice = () => false;
  }

  open = (url) => {
    const socket = new Socket(this, url);
    this.sockets.add(socket);
    queueMicrotask(() => {
      if (socket.readyState !== 0) return;
      socket.readyState = 1;
      socket.onopen?.();
    });
    return socket;
  };

  log(channel) {
    if (!this.logs.has(channel)) this.logs.set(channel, []);
    return this.logs.get(channel);
  }

  add(channel, data, key = "", user = "house") {
    const name = `${channel} ${key}`;
    if (key && this.kept.has(name)) return this.kept.get(name);
    const log = this.log(channel);
    const offset = (log.at(-1)?.offset ?? 0) + 1;
    const pub = { data, offset, info: { user, client: user } };
    log.push(pub);
    if (key) this.kept.set(name, offset);
    for (const socket of this.sockets) {
      if (!socket.channels.has(channel)) continue;
      socket.push({ channel, pub });
      if (this.twice()) socket.push({ channel, pub });
    }
    return offset;
  }

  cut(code = 1006, reason = "") {
    for (const socket of [...this.sockets]) socket.end(code, reason);
  }

  heard(socket, command) {
    const { id } = command;
    if (!id) return;
    const answer = (method, result) => socket.say({ id, [method]: result });
    if (command.connect) {
      this.connects.push(command.connect);
      const refused = this.refusals.shift();
      if (refused) return void socket.say({ id, error: refused });
      const user = command.connect.data?.user ?? "";
      socket.user = user;
      answer("connect", { client: `c-${user}`, version: "t", ping: this.pingSeconds, pong: true, data: { user }, ...(this.ttl ? { expires: true, ttl: this.ttl } : {}) });
    } else if (command.subscribe) {
      const { channel, recover, offset, epoch } = command.subscribe;
      const log = this.log(channel);
      socket.channels.add(channel);
      const newest = log.at(-1)?.offset ?? this.top ?? 0;
      const missed = log.filter((pub) => pub.offset > offset);
      const whole = recover && epoch === this.epoch && missed.length === newest - offset;
      answer("subscribe", {
        recoverable: true,
        positioned: true,
        epoch: this.epoch,
        offset: newest,
        ...(recover ? { was_recovering: true, ...(whole ? { recovered: true, publications: missed } : {}) } : {}),
      });
    } else if (command.rpc?.method === "publish") {
      const { channel, data, idempotency_key: key } = command.rpc.data;
      if (data?.forbidden) return void socket.say({ id, error: { code: 103, message: "no" } });
      if (this.busy > 0) {
        this.busy -= 1;
        return void socket.say({ id, error: { code: 111, message: "slow down", temporary: true } });
      }
      const offset = this.add(channel, data, key, socket.user);
      answer("rpc", { data: { offset, epoch: this.epoch } });
    } else if (command.history) {
      const log = this.log(command.history.channel);
      answer("history", { publications: log.slice(0, command.history.limit), epoch: this.epoch, offset: log.at(-1)?.offset ?? 0 });
    } else if (command.refresh) {
      this.refreshed = command.refresh.token;
      answer("refresh", { client: "c", version: "t", expires: true, ttl: this.ttl });
    } else if (command.unsubscribe) {
      socket.channels.delete(command.unsubscribe.channel);
      answer("unsubscribe", {});
    }
  }
}

class Socket {
  constructor(server, url) {
    this.server = server;
    this.url = url;
    this.readyState = 0;
    this.channels = new Set();
    this.protocol = "";
    this.extensions = "";
    this.said = [];
    this.deaf = false;
  }

  send(text) {
    this.said.push(text);
    queueMicrotask(() => {
      if (this.readyState !== 1) return;
      for (const line of text.split("\n")) {
        const command = JSON.parse(line);
        if (this.server.before(command)) return this.end(1006, "");
        if (this.deaf) return;
        this.server.heard(this, command);
        if (this.server.after(command)) return this.end(1006, "");
      }
    });
  }

  say(frame) {
    this.deliver(JSON.stringify(frame));
  }

  push(push) {
    this.deliver(JSON.stringify({ push }));
  }

  deliver(data) {
    queueMicrotask(() => this.readyState === 1 && !this.deaf && this.onmessage?.({ data }));
  }

  close(code, reason) {
    this.end(code, reason);
  }

  end(code, reason) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.server.sockets.delete(this);
    queueMicrotask(() => this.onclose?.({ code, reason, wasClean: code !== 1006 }));
  }
}
