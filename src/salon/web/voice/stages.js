/** The stages in which a call begins: how far it got, and that none of them takes for ever. */

import { Emitter } from "../emitter.js";

/** @typedef {"microphone" | "request" | "media" | "session"} Stage */

/** By which a call begins, for each way that it can go. @type {Record<"auto" | "webrtc" | "websocket" | "browser", Stage[]>} */
export const PLANS = {
  auto: ["microphone", "request", "media", "session"],
  webrtc: ["microphone", "request", "media", "session"],
  websocket: ["microphone", "request", "session"],
  browser: ["request", "session"],
};
/** How long each may take. The first waits for a person, who has to find the browser's question. @type {Record<Stage, number>} */
export const LIMITS = { microphone: 60_000, request: 10_000, media: 8_000, session: 8_000 };
/** A stage that takes so long is explained while it goes on. @type {Record<Stage, number>} */
export const SLOW = { microphone: 1_500, request: 3_000, media: 3_000, session: 3_000 };

/** What did not come about, and why: `late` where nothing came of it in its time. */
export class StageError extends Error {
  /** @param {Stage} stage @param {string} message */
  constructor(stage, message) {
    super(message);
    this.stage = stage;
  }
}

/** @extends {Emitter<{ changed: null }>} */
export class Stages extends Emitter {
  constructor() {
    super();
    /** Those there are, in their order. @type {Stage[]} */
    this.plan = [];
    /** @type {Stage} */
    this.stage = "microphone";
    /** Whether this one takes long. */
    this.slow = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** @type {(error: StageError) => void} */
    this.expire = () => {};
  }

  /** @param {Stage[]} plan */
  begin(plan) {
    this.plan = plan;
    this.reach(plan[0]);
  }

  /** It got so far. @param {Stage} stage */
  reach(stage) {
    clearTimeout(this.timer);
    this.stage = stage;
    this.slow = false;
    this.timer = setTimeout(() => {
      this.slow = true;
      this.timer = setTimeout(() => this.expire(new StageError(stage, "late")), LIMITS[stage] - SLOW[stage]);
      this.emit("changed", null);
    }, SLOW[stage]);
    this.emit("changed", null);
  }

  /**
   * What `work` gives, or a `StageError` as soon as the stage it got to has had its time.
   *
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T>}
   */
  async within(work) {
    const late = new Promise((_, reject) => (this.expire = reject));
    return Promise.race([work, /** @type {Promise<never>} */ (late)]);
  }

  /** It is there, or given up. */
  end() {
    clearTimeout(this.timer);
    this.slow = false;
    this.expire = () => {};
  }
}
