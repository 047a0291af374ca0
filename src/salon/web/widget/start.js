/** The widget: a button at the corner of somebody's page, and the conversation behind it. Everything is inside a shadow root. */

import { MarkdownStream } from "../markdown/stream.js";
import { h, put, svg } from "../ui/dom.js";
import { isComposing } from "../ui/keys.js";
import { STYLE } from "./style.js";
import { Visitor } from "./visit.js";
import { isWord, speaker } from "./words.js";

/** @typedef {import("../chat/room.js").ChatRoom} ChatRoom */
/** @typedef {import("../chat/timeline.js").Message} Message */
/** @typedef {{ base: string, title: string, lang: string, greeting: string, name: string }} Options */

const OPEN = "M4 4.5h12A1.5 1.5 0 0 1 17.5 6v7a1.5 1.5 0 0 1-1.5 1.5H9l-4 3v-3H4A1.5 1.5 0 0 1 2.5 13V6A1.5 1.5 0 0 1 4 4.5Z";
const STARS = [1, 2, 3, 4, 5];

/** @param {Options} options */
export function start(options) {
  const host = document.createElement("div");
  host.setAttribute("data-salon-widget", "");
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  root.append(new Widget(options).root);
  document.body.append(host);
}

class Widget {
  /** @param {Options} options */
  constructor({ base, title, lang, greeting, name }) {
    const { say, lang: spoken } = speaker(lang);
    this.say = say;
    this.visitor = new Visitor(base, name);
    /** @type {ChatRoom | null} */
    this.room = null;
    /** @type {Promise<void> | null} */
    this.entering = null;
    this.unread = 0;
    this.frame = 0;
    /** @type {Map<string, { root: HTMLElement, stream: MarkdownStream }>} */
    this.views = new Map();
    this.count = h("span", { class: "count", hidden: true });
    this.launch = h(
      "button",
      { type: "button", class: "launch", "aria-label": say("open"), "aria-expanded": "false", onclick: () => this.toggle(this.panel.hidden) },
      svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" }, svg("path", { d: OPEN })),
      this.count,
    );
    this.greeting = h("li", { class: "said" }, greeting || say("greeting"));
    this.list = h("ol", { class: "list", role: "log", "aria-live": "polite" }, this.greeting);
    this.line = h("p", { class: "line", role: "status" });
    this.asks = h("div", { class: "asks" });
    this.field = h("textarea", { rows: 1, placeholder: say("write"), "aria-label": say("write"), maxlength: 4000, dir: "auto" });
    const form = h("form", null, this.field, h("button", { type: "submit", class: "send", "aria-label": say("send") }, "↑"));
    this.panel = h(
      "section",
      { class: "panel", hidden: true, role: "dialog", "aria-label": title || say("title") },
      h("header", { class: "head" }, h("h2", null, title || say("title")), h("button", { type: "button", "aria-label": say("close"), onclick: () => this.toggle(false) }, "×")),
      h("div", { class: "scroll", tabindex: 0 }, this.list),
      this.line,
      this.asks,
      form,
    );
    this.root = h("div", { class: "widget", lang: spoken }, this.panel, this.launch);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
      event.preventDefault();
      this.send();
    });
    this.field.addEventListener("input", () => this.field.value.trim() && this.room?.type());
    this.panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.toggle(false);
    });
    // Who has been here before is connected at once, so as to see an answer that came meanwhile.
    if (this.visitor.visit) void this.enter();
  }

  /** @param {boolean} open */
  toggle(open) {
    this.panel.hidden = !open;
    this.launch.setAttribute("aria-expanded", String(open));
    if (!open) return this.launch.focus();
    this.field.focus();
    void this.enter();
    this.changed();
  }

  /** Come into the room, once, however many ask. @returns {Promise<void>} */
  enter() {
    if (this.room) return Promise.resolve();
    this.entering ??= this.come().finally(() => (this.entering = null));
    return this.entering;
  }

  async come() {
    try {
      const room = await this.visitor.enter();
      this.room = room;
      const changed = () => this.changed();
      for (const name of /** @type {const} */ (["messages", "grown", "typing", "state"])) room.on(name, changed);
      this.visitor.client?.on("state", changed);
      room.on("heard", () => {
        if (this.panel.hidden) this.unread += 1;
        changed();
      });
      put(this.line);
      changed();
    } catch {
      put(this.line, this.say("unavailable"), " ", h("button", { type: "button", onclick: () => void this.enter() }, this.say("again")));
    }
  }

  async send() {
    const text = this.field.value.trim();
    if (!text) return;
    await this.enter();
    if (!this.room) return;
    this.field.value = "";
    void this.room.say(text).catch(() => {});
  }

  changed() {
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    const { room } = this;
    if (!room) return;
    const all = room.timeline.all.filter(({ deleted }) => !deleted);
    put(this.list, this.greeting, ...all.map((message) => this.message(room, message)));
    this.showLine(room);
    this.showAsks(room, all);
    if (!this.panel.hidden) {
      this.unread = 0;
      room.markRead();
    }
    this.count.hidden = this.unread === 0;
    put(this.count, String(this.unread));
  }

  /** @param {ChatRoom} room @param {Message} message */
  message(room, message) {
    if (message.type === "notice") {
      const known = isWord(message.notice) ? this.say(message.notice, { name: message.name }) : "";
      return h("li", { class: "notice", hidden: !known }, known);
    }
    let view = this.views.get(message.id);
    const mine = message.user === room.me().user;
    if (!view) {
      view = { root: h("li", { class: "said" }), stream: new MarkdownStream({ copy: "⧉", copied: "✓", code: "", table: "" }) };
      this.views.set(message.id, view);
      put(view.root, !mine && h("p", { class: "by" }, message.name), view.stream.root);
    }
    view.root.classList.toggle("mine", mine);
    view.root.classList.toggle("pending", !message.offset);
    view.stream.update(room.wordsOf(message) || (message.growing ? "…" : ""), !message.growing);
    return view.root;
  }

  /** @param {ChatRoom} room */
  showLine(room) {
    const state = this.visitor.client?.state;
    const away = state === "waiting" || state === "offline" || state === "refused" || state === "unauthorized";
    const typing = room.typing.map((name) => `${name} ${this.say("typing")}`).join(" ");
    put(this.line, away ? this.say("offline") : typing);
  }

  /** What can be asked now: a person, or, when it is over, how it was. @param {ChatRoom} room @param {Message[]} all */
  showAsks(room, all) {
    const at = all.findLastIndex(({ type }) => type === "notice");
    const spoke = all.findLastIndex(({ type, user }) => type === "message" && user === room.me().user);
    let last = at < 0 ? "" : all[at].notice;
    // Who speaks again when it was over begins anew.
    if ((last === "closed" || last === "rated") && spoke > at) last = "";
    if (last === "closed") {
      put(
        this.asks,
        h("span", null, this.say("rate")),
        h("span", { class: "stars" }, ...STARS.map((stars) => h("button", { type: "button", "aria-label": this.say("stars", { stars }), onclick: () => this.rate(room, stars) }, "★"))),
      );
    } else if (last === "rated") put(this.asks, h("span", null, this.say("thanks")));
    else if (last === "handed over") put(this.asks, h("span", null, this.say(all[at].attended ? "asked" : "unattended")));
    else if (last === "taken" || last === "transferred") put(this.asks);
    else put(this.asks, h("button", { type: "button", onclick: () => void room.tell({ type: "person", id: "person", name: this.visitor.name }).catch(() => {}) }, this.say("person")));
  }

  /** @param {ChatRoom} room @param {number} stars */
  rate(room, stars) {
    void room.tell({ type: "rate", id: "rate", stars }).catch(() => {});
  }
}
