/** All transfers of this page: offers them, asks what is to be taken, and connects again what was cut off. */

import { Emitter } from "../emitter.js";
import { ownName, random } from "../peer/identity.js";
import { salonOf, shortText } from "../peer/peer.js";
import { backoff } from "../realtime/backoff.js";
import { Incoming } from "./incoming.js";
import { MOST_BYTES, MOST_FILES, isTransferId, sha256 } from "./manifest.js";
import { Outgoing } from "./outgoing.js";
import * as sending from "./sending.js";
import { Refusal } from "./transit.js";
import { comeBy, reach } from "./ways.js";

/** @typedef {import("../peer/peer.js").Peer} Peer */
/** @typedef {import("../peer/signaling.js").Message} Message */
/** @typedef {import("../peer/link.js").Link} Link */
/** @typedef {import("./places.js").Places} Places */
/** @typedef {import("./store.js").Store} Store */
/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {import("./transfer.js").Transfer} Transfer */
/** @typedef {{ entries: Entry[], files: Blob[], handles: FileSystemHandle[] }} Picked */
/** @typedef {{ transfer: Incoming, name: string, byServer: boolean, link: Link, message: Message }} Offer `name`: who offers it; `byServer`: it will not come directly */

const PATIENCE_MS = 20_000;
// Time for a direct path, and then for the way through the server.
const OPEN_MS = 45_000;
// So long a sender looks for a receiver that is gone.
const SEARCH_MS = 15 * 60_000;
const MOST_OFFERS = 8;
const MOST_KNOWN = 100;
const KNOWN = "salon.files";

/** @extends {Emitter<{ changed: null, offered: Offer, withdrawn: Offer }>} */
export class Transfers extends Emitter {
  /** @param {Peer} peer @param {Places} places */
  constructor(peer, places) {
    super();
    this.peer = peer;
    this.places = places;
    /** The newest last. @type {Transfer[]} */
    this.all = [];
    /** @type {Set<Offer>} */
    this.offers = new Set();
    peer.on("data", (message) => void this.hear(message));
  }

  /** What earlier pages of this browser have begun, or not saved. */
  async recall() {
    const { storage } = this.places;
    for (const { kept, have } of storage ? await storage.list() : []) {
      if (!isTransferId(kept?.id) || !Array.isArray(kept.entries)) continue;
      const transfer = new Incoming({ ...kept, count: 0, total: 0, names: [], store: /** @type {Store} */ (storage) });
      transfer.keep(kept.entries, have);
      this.add(transfer);
    }
    for (const { id, other, entries, handles, server } of await sending.recall()) {
      const transfer = new Outgoing({ id, other, entries, files: [], handles });
      transfer.byServer = server;
      transfer.become("kept");
      this.follow(transfer);
    }
  }

  /** `server`: not directly, whatever paths there are. @param {string} other @param {Picked} picked @param {{ server?: boolean }} [options] */
  async send(other, { entries, files, handles }, { server = false } = {}) {
    const id = await idFor(entries);
    // The same again goes on.
    this.all = this.all.filter((each) => each.id !== id || each.way !== "out" || each.state !== "kept");
    const transfer = new Outgoing({ id, other, entries, files, handles });
    transfer.byServer = server;
    void sending.remember({ id, other, entries, handles, server, at: Date.now() });
    this.follow(transfer);
    await this.drive(transfer);
  }

  /** Go on with what an earlier page began; false where these are other files. @param {Outgoing} transfer @param {Picked} picked */
  resume(transfer, { entries, files }) {
    if (JSON.stringify(entries) !== JSON.stringify(transfer.entries)) return false;
    transfer.files = files;
    transfer.become("waiting");
    void this.drive(transfer);
    return true;
  }

  /** Once more what came to nothing. @param {Outgoing} transfer */
  again(transfer) {
    const { other, entries, files, handles, byServer } = transfer;
    this.all = this.all.filter((each) => each !== transfer);
    return this.send(other, { entries, files, handles }, { server: byServer });
  }

  /** What is over need not be known to the next page. @param {Outgoing} transfer */
  follow(transfer) {
    this.add(transfer);
    transfer.on("changed", () => transfer.isOver && void sending.forget(transfer.id));
  }

  /** @param {Outgoing} transfer */
  async drive(transfer) {
    const until = performance.now() + SEARCH_MS;
    for (let attempt = 0; !transfer.isOver && performance.now() < until; attempt += 1) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, backoff(Math.min(attempt, 4), false)));
      if (transfer.isOver) return;
      await this.attempt(transfer);
      if (transfer.pipe === null && transfer.moved > 0) attempt = 0;
      // Nobody was there from the beginning: that is an answer.
      if (!transfer.isOver && transfer.state === "asking") return transfer.end("absent");
    }
    // Not now; whoever comes back later is sent the rest.
    if (!transfer.isOver) transfer.become("kept");
  }

  /** One connection, until it is over. @param {Outgoing} transfer */
  async attempt(transfer) {
    const { id, count, total, names, byServer } = transfer;
    const link = this.peer.link({ other: transfer.other, type: "data", connectionId: `dc_${random(16)}`, ours: false, patience: PATIENCE_MS, policy: byServer ? "relay" : "all" });
    const salon = { files: id, name: ownName.get(), count, total, names, ...(byServer && { server: true }) };
    link.extra = { label: "salon-files", serialization: "raw", reliable: true, metadata: { salon } };
    link.on("said", ({ kind, reason }) => kind === "reject" && transfer.end(shortText(reason, 20) || "declined"));
    try {
      const way = await reach(link, { bytes: total - transfer.moved, byServer, gone: goneOf(link, transfer), accepted: () => transfer.become("connecting") });
      if (way && !transfer.isOver) {
        // Whoever found no path once does not wait for one again.
        transfer.byServer = link.detached;
        link.on("gone", () => way.pipe.close());
        transfer.use(way);
        await transfer.run(way.pipe);
        // The last words have to go out before the line is cut.
        await new Promise((resolve) => setTimeout(resolve, transfer.isOver ? 1_000 : 0));
        way.pipe.close();
      } else if (transfer.isOver) link.say({ kind: "close", reason: "cancelled" });
    } catch (error) {
      link.say({ kind: "close", reason: "lost" });
      if (error instanceof Refusal && !error.later) transfer.end(error.why);
    }
    link.close();
  }

  /** @param {Message} message */
  async hear(message) {
    const { src, payload } = message;
    const salon = salonOf(message);
    const policy = salon?.server === true ? "relay" : "all";
    const link = this.peer.link({ other: src, type: "data", connectionId: payload.connectionId, ours: salon !== null, patience: PATIENCE_MS, policy });
    const refuse = (/** @type {string} */ reason) => {
      link.say({ kind: "reject", reason });
      link.close();
    };
    // Data of other programs is not for this page.
    if (!salon || !isTransferId(salon.files)) return link.close();
    const { files: id, count, total } = salon;
    const sound = Number.isSafeInteger(count) && count >= 1 && count <= MOST_FILES && Number.isSafeInteger(total) && total >= 0 && total <= MOST_BYTES;
    if (!sound) return refuse("broken");
    const known = this.all.find((each) => each.id === id && each.way === "in");
    if (known?.state === "done") return refuse("there already");
    if (known instanceof Incoming && !known.isOver && known.other === src) return void this.connect(known, link, message);
    if (known && !known.isOver && known.pipe) return refuse("busy");
    if (this.offers.size >= MOST_OFFERS || [...this.offers].some(({ transfer }) => transfer.id === id)) return refuse("busy");
    const names = Array.isArray(salon.names) ? salon.names.slice(0, 3).map((name) => shortText(name, 120)).filter(Boolean) : [];
    const name = shortText(salon.name);
    // Begun earlier, and its sender comes by another id: it goes on, but not unasked.
    const goesOn = known instanceof Incoming && !known.isOver;
    const transfer = goesOn ? known : new Incoming({ id, other: src, name, count, total, names, store: this.places.memory });
    const offer = { transfer, name, byServer: policy === "relay", link, message };
    this.offers.add(offer);
    const withdraw = () => {
      if (!this.offers.delete(offer)) return;
      link.close();
      this.emit("withdrawn", offer);
    };
    link.on("gone", withdraw);
    link.on("said", ({ kind }) => kind === "close" && withdraw());
    link.say({ kind: "ringing" });
    this.emit("offered", offer);
  }

  /** @param {Offer} offer @param {Store} store where it goes */
  accept(offer, store) {
    if (!this.offers.delete(offer)) return;
    const { transfer, name, link } = offer;
    Object.assign(transfer, { store, name, other: link.other });
    this.emit("withdrawn", offer);
    if (!this.all.includes(transfer)) this.add(transfer);
    void this.connect(transfer, link, offer.message);
  }

  /** @param {Offer} offer */
  decline(offer) {
    if (!this.offers.delete(offer)) return;
    offer.link.say({ kind: "reject", reason: "declined" });
    offer.link.close();
    this.emit("withdrawn", offer);
  }

  /** @param {Incoming} transfer @param {Link} link @param {Message} message */
  async connect(transfer, link, message) {
    transfer.become("connecting");
    // The other end is told that this is a page of Salon, also where nobody was asked.
    link.extra = { salon: { files: transfer.id } };
    const timer = setTimeout(() => link.emit("gone", "lost"), OPEN_MS);
    link.on("gone", () => {
      clearTimeout(timer);
      link.close();
      if (!transfer.isOver && !transfer.pipe) transfer.become("waiting");
    });
    link.on("said", ({ kind }) => kind === "close" && !transfer.pipe && link.emit("gone", "lost"));
    await comeBy(link, message.payload.sdp, goneOf(link, transfer), (way) => {
      clearTimeout(timer);
      if (transfer.isOver) return way.pipe.close();
      transfer.use(way);
      transfer.run(way.pipe);
      const { onclose } = way.pipe;
      way.pipe.onclose = () => {
        onclose();
        link.close();
      };
      link.on("gone", () => onclose());
      transfer.on("changed", () => transfer.isOver && setTimeout(() => (way.pipe.close(), link.close()), 2_000));
    });
  }

  /** @param {Transfer} transfer */
  add(transfer) {
    this.all.push(transfer);
    transfer.on("changed", () => this.emit("changed", null));
    this.emit("changed", null);
  }

  /** Forget it, and what came of it. It is there until it would not be back after a reload. @param {Transfer} transfer */
  async forget(transfer) {
    if (!transfer.isOver) transfer.cancel();
    if (transfer.way === "out") await sending.forget(transfer.id);
    else if (transfer instanceof Incoming) await transfer.store.remove(transfer.id).catch(() => {});
    this.all = this.all.filter((each) => each !== transfer);
    this.emit("changed", null);
  }
}

/** Resolves when nothing more can come of a connection. @param {Link} link @param {Transfer} transfer @returns {Promise<void>} */
function goneOf(link, transfer) {
  return new Promise((resolve) => {
    link.on("gone", () => resolve());
    transfer.on("changed", () => transfer.isOver && resolve());
  });
}

/**
 * The same files sent again are the same transfer, also after a reload: then it goes on. Nobody else knows its id.
 *
 * @param {Entry[]} entries
 */
async function idFor(entries) {
  const print = (await sha256(new TextEncoder().encode(JSON.stringify(entries)))).slice(0, 32);
  try {
    /** @type {Record<string, string>} */
    const known = JSON.parse(localStorage.getItem(KNOWN) ?? "{}");
    const id = known[print] ?? random(26);
    delete known[print];
    const kept = Object.entries({ ...known, [print]: id }).slice(-MOST_KNOWN);
    localStorage.setItem(KNOWN, JSON.stringify(Object.fromEntries(kept)));
    return id;
  } catch {
    return random(26);
  }
}
