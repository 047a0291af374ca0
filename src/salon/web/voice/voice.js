/**
 * A call: the microphone, a line to the server, the conversation that is spoken, and in which state it is.
 *
 * It is made step by step (`stages`), each in its time, so that where it fails it can say what is wrong. WebRTC comes first; where no media gets through, the
 * same conversation is held over a WebSocket. A line that is lost is made again, and the server told what was said.
 */

import { Emitter } from "../emitter.js";
import { BrowserLine } from "./browser.js";
import { CallLine } from "./call.js";
import { HeardClock } from "./heard-clock.js";
import { Microphone, MicrophoneError } from "./microphone.js";
import { SpokenSession } from "./spoken.js";
import { PLANS, StageError, Stages } from "./stages.js";
import { WireLine } from "./wire.js";

/**
 * @typedef {"idle" | "preparing" | "listening" | "hearing" | "thinking" | "speaking" | "interrupted" | "failed"} State
 * @typedef {import("./stages.js").Stage} Stage
 * @typedef {"auto" | "webrtc" | "websocket"} Way
 * @typedef {"server" | "browser"} Speech who hears and speaks
 * @typedef {{ voice: string, welcome: string, eagerness: string, greets: boolean, pushToTalk: boolean, way: Way, microphone: string, speaker: string,
 *   speech: Speech, browserVoice: string, captions: boolean, ownLarge: boolean, language: string }} Settings
 * @typedef {{ stage: Stage, reason: string }} Failure
 * @typedef {CallLine | WireLine | BrowserLine} Line
 * @typedef {import("../model/conversation.js").Conversation} Conversation
 */

/** A line that was lost is made again for about a minute. */
const RETRIES = 8;
const LONGEST_WAIT_MS = 5_000;
const INTERRUPTED_MS = 1200;
/** A button that is let go of sooner was not held to say a word. */
const LEAST_HELD_MS = 250;
/** How often it is said how much was heard. */
const FOLLOW_MS = 60;

/** @extends {Emitter<{ state: State, stage: null, settings: null, level: number, stats: null, unheard: string, notice: string }>} */
export class Voice extends Emitter {
  /**
   * @param {object} surroundings
   * @param {() => string} surroundings.key
   * @param {import("./trace.js").VoiceTrace} surroundings.tap
   * @param {() => Promise<"fine" | "unauthorized" | "unreachable">} surroundings.diagnose
   * @param {(session: SpokenSession) => void} surroundings.begun the conversation is spoken from now on
   * @param {(session: SpokenSession) => void} surroundings.over
   * @param {(conversation: Conversation) => string} surroundings.welcome what is said first in it
   * @param {Settings} settings
   */
  constructor(surroundings, settings) {
    super();
    this.surroundings = surroundings;
    this.settings = settings;
    this.microphone = new Microphone();
    /** @type {SpokenSession | null} */
    this.session = null;
    /** @type {Conversation | null} */
    this.conversation = null;
    /** @type {State} */
    this.state = "idle";
    this.stages = new Stages();
    /** @type {Failure | null} */
    this.failure = null;
    /** @type {Line | null} */
    this.line = null;
    /** What the server says of itself: who hears, who speaks, with which voices. @type {any} */
    this.server = null;
    /** @type {import("./call.js").Stats | null} */
    this.stats = null;
    this.muted = false;
    this.talking = false;
    this.pressedAt = 0;
    /** What was said while the button was held is handed over, and not answered yet. */
    this.handed = false;
    /** Whether WebRTC was tried in vain. */
    this.fellBack = false;
    /** Whether the line carries nothing for now. */
    this.shaky = false;
    /** Whether a call that began in another tab has ended this one. */
    this.taken = false;
    this.others = "BroadcastChannel" in globalThis ? new BroadcastChannel("salon voice") : null;
    /** Why a microphone that is gone in the middle of a call does not come back. @type {import("./microphone.js").Trouble | ""} */
    this.trouble = "";
    /** Asked at the beginning of each turn for a picture to send along. @type {(() => import("../model/types.js").Picture | null) | null} */
    this.picture = null;
    this.attempts = 0;
    this.clock = new HeardClock();
    this.speaking = "";
    this.following = 0;
    this.run = 0;
    this.created = () => {};
    if (this.others) this.others.onmessage = ({ data }) => this.yield(String(data));
    this.stages.on("changed", () => this.emit("stage", null));
    this.microphone.on("level", (level) => this.emit("level", this.muted ? 0 : level));
    this.microphone.on("ended", () => void this.changeMicrophone(""));
    // One that is plugged in, or allowed, takes the place of the one that is gone.
    navigator.mediaDevices?.addEventListener("devicechange", () => this.trouble && void this.changeMicrophone(this.settings.microphone));
  }

  get active() {
    return this.state !== "idle" && this.state !== "failed";
  }

  /** Begin to speak a conversation. Call it from a click: browsers let a page listen and sound only then. @param {Conversation} conversation */
  async start(conversation) {
    if (this.active) return;
    this.run += 1;
    this.attempts = 0;
    this.failure = null;
    this.muted = false;
    this.fellBack = this.taken = false;
    this.trouble = "";
    this.listen();
    this.conversation = conversation;
    this.others?.postMessage(conversation.id);
    this.become("preparing");
    await this.connect(this.run);
  }

  /** @param {number} run */
  async connect(run) {
    try {
      this.stages.begin(PLANS[this.settings.speech === "browser" ? "browser" : this.way]);
      const stream = await this.stages.within(this.hearing());
      if (run !== this.run) return;
      this.session ??= this.take();
      await this.openLine(stream, run);
    } catch (error) {
      if (run === this.run) await this.missed(error);
    }
  }

  /** The line did not come about. One that was there before is tried for again. @param {unknown} error */
  async missed(error) {
    const stage = error instanceof MicrophoneError ? "microphone" : error instanceof StageError ? error.stage : this.stages.stage;
    if (this.attempts && stage !== "microphone" && this.attempts < RETRIES) return this.again();
    if (stage === "microphone" && error instanceof StageError) return this.fail(stage, this.microphone.asking ? "unanswered" : "stuck");
    this.fail(stage, error instanceof Error ? error.message : "");
  }

  /** How the sound goes. Where WebRTC was tried in vain, a line that is made again does not wait for it again. */
  get way() {
    return this.fellBack ? "websocket" : this.settings.way;
  }

  /** What is heard; nothing where the browser hears by itself. */
  async hearing() {
    if (this.settings.speech === "browser") return new MediaStream();
    const { stream } = this.microphone;
    return stream?.active ? stream : (await this.microphone.open(this.settings.microphone));
  }

  /** The conversation, to be spoken. */
  take() {
    const conversation = /** @type {Conversation} */ (this.conversation);
    const session = new SpokenSession(conversation, {
      send: (event) => this.line?.send(event) ?? false,
      wanted: () => this.wanted(),
      welcome: () => this.settings.welcome || this.surroundings.welcome(conversation),
      greets: () => this.settings.greets,
      picture: () => this.picture?.() ?? null,
      largest: () => this.line?.largest ?? 0,
      interrupt: () => this.interrupt(),
      stop: () => this.stop(),
    });
    this.surroundings.begun(session);
    return session;
  }

  /** @param {MediaStream} stream @param {number} run */
  async openLine(stream, run) {
    const { settings } = this;
    if (settings.speech === "browser") return this.use(new BrowserLine({ ...this.surroundings, settings }), stream, run);
    if (this.way !== "websocket") {
      try {
        return await this.use(new CallLine(this.surroundings), stream, run);
      } catch (error) {
        if (settings.way === "webrtc" || !(error instanceof StageError) || error.stage !== "media" || run !== this.run) throw error;
        this.fellBack = true;
        this.emit("notice", "websocket");
        this.stages.begin(PLANS.websocket);
      }
    }
    await this.use(new WireLine({ ...this.surroundings, microphone: this.microphone }), stream, run);
  }

  /** @param {Line} line @param {MediaStream} stream @param {number} run */
  async use(line, stream, run) {
    const { stages } = this;
    let opening = true;
    stages.reach("request");
    line.on("event", (event) => line === this.line && this.hear(event));
    line.on("reached", (stage) => opening && line === this.line && !this.server && stages.reach(stage));
    line.on("shaky", (shaky) => line === this.line && this.shake(shaky));
    line.on("lost", () => line === this.line && (opening ? stages.expire(new StageError(stages.stage, "")) : void this.lost()));
    line.on("stats", (stats) => ((this.stats = stats), this.emit("stats", null)));
    line.on("heard", ({ item, ms }) => this.session?.heardOf(item, ms));
    line.on("cut", ({ item, ms }) => this.session?.rewrite(item, ms));
    line.on("refused", (trouble) => line === this.line && this.fail(trouble === "network" ? "session" : "microphone", trouble));
    line.on("idle", () => line === this.line && this.quiet());
    line.on("playing", (response) => line === this.line && this.sounds(response));
    this.line = line;
    const created = new Promise((/** @type {(value?: unknown) => void} */ resolve) => (this.created = resolve));
    try {
      await stages.within(Promise.all([line.open(stream, this.conversation?.meta.model ?? ""), created]));
      opening = false;
    } catch (error) {
      line.close();
      if (this.line === line) this.line = null;
      throw error;
    }
    if (run !== this.run) return line.close();
    if (this.settings.speaker) await line.speakTo(this.settings.speaker).catch(() => {});
  }

  /** @param {any} event */
  hear(event) {
    if (event.type === "session.created") this.begin(event.session);
    // So little was said that it is nothing.
    if (event.error?.code === "input_audio_buffer_commit_empty") return this.unsaid();
    this.session?.heard(event);
    switch (event.type) {
      case "input_audio_buffer.speech_started":
        this.see(event.item_id);
        if (this.state === "speaking") this.become("interrupted");
        return this.become("hearing");
      case "input_audio_buffer.committed":
        if (this.handed) this.line?.send({ type: "response.create" });
        this.handed = false;
        return this.become("thinking");
      case "input_audio_buffer.speech_stopped":
        return this.become("thinking");
      case "response.created":
        if (this.state !== "speaking") this.become("thinking");
        return undefined;
      case "output_audio_buffer.started":
        return this.sounds(event.response_id);
      case "output_audio_buffer.stopped":
        return this.quiet();
      case "output_audio_buffer.cleared":
        return this.cleared();
      case "output_audio_buffer.salon.ducked":
        return this.clock.duck();
      case "output_audio_buffer.salon.unducked":
        return this.clock.unduck();
      case "response.done":
        // A turn in which nothing was understood, or an answer without sound.
        if (this.state === "thinking" && !this.speaking) this.become("listening");
        return undefined;
      case "conversation.item.input_audio_transcription.failed":
        this.emit("unheard", event.error?.message ?? "");
        return this.become("listening");
      case "conversation.item.input_audio_transcription.completed":
        if (!event.transcript && this.state === "thinking") this.become("listening");
    }
    return undefined;
  }

  /** @param {any} session */
  begin(session) {
    this.server = session.salon ?? {};
    this.attempts = 0;
    this.stages.end();
    this.created();
    this.listen();
    this.become("listening");
    this.emit("settings", null);
  }

  /** What the session is to be, beside what its conversation says. */
  wanted() {
    const { voice, eagerness, pushToTalk, speech } = this.settings;
    if (speech === "browser") return { output_modalities: ["text"] };
    const language = this.settings.language || (this.server?.asr_detects === false ? document.documentElement.lang : "");
    const detection = pushToTalk ? null : { type: "semantic_vad", eagerness };
    return {
      output_modalities: ["audio"],
      audio: { input: { turn_detection: detection, transcription: language ? { language } : {} }, ...(this.server?.voices?.includes(voice) ? { output: { voice } } : {}) },
    };
  }

  /** The settings have changed. */
  tell() {
    this.session?.update();
    this.listen();
  }

  /** What the camera or the screen shows goes with the turn that begins. @param {string} turn its item's id, once it is known */
  see(turn) {
    const picture = this.picture?.();
    if (picture) this.session?.see(turn, picture);
  }

  interrupt() {
    if (this.state !== "speaking" && this.state !== "thinking") return;
    this.line?.interrupt();
    this.cleared();
  }

  // --- push to talk

  press() {
    if (!this.active || this.talking) return;
    this.talking = true;
    this.pressedAt = performance.now();
    this.interrupt();
    this.line?.talk(true, true);
    this.listen();
    this.become("hearing");
  }

  release() {
    if (!this.talking) return;
    this.talking = false;
    this.listen();
    const meant = performance.now() - this.pressedAt >= LEAST_HELD_MS;
    const byServer = this.settings.speech === "server";
    if (meant && byServer) this.see("");
    this.handed = meant && byServer;
    this.line?.talk(false, meant);
    this.become(this.handed ? "thinking" : "listening");
  }

  unsaid() {
    this.handed = false;
    if (this.state === "thinking") this.become("listening");
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    this.listen();
    this.emit("settings", null);
  }

  /** Whether the microphone is heard now. */
  listen() {
    const mute = this.muted || (this.settings.pushToTalk && !this.talking);
    this.microphone.mute(mute);
    this.line?.listen(!mute);
  }

  /** @param {string} deviceId */
  async changeMicrophone(deviceId) {
    this.settings.microphone = deviceId;
    if (!this.active || this.settings.speech === "browser") return;
    try {
      await this.line?.replace(await this.microphone.open(deviceId));
      this.trouble = "";
      this.listen();
    } catch (error) {
      this.trouble = error instanceof MicrophoneError ? error.trouble : "unknown";
    }
    this.emit("settings", null);
  }

  // --- what is heard

  /** @param {string} response */
  sounds(response) {
    this.speaking = response;
    this.clock.start();
    this.session?.sounds();
    clearInterval(this.following);
    if (this.line instanceof CallLine) this.following = setInterval(() => this.session?.heardUntil(this.speaking, this.clock.ms), FOLLOW_MS);
    this.become("speaking");
  }

  quiet() {
    this.session?.quiet(this.speaking);
    this.hush();
    if (this.state === "speaking") this.become("listening");
  }

  /** Nothing is heard any more. */
  hush() {
    clearInterval(this.following);
    this.speaking = "";
  }

  cleared() {
    this.hush();
    if (this.state !== "speaking" && this.state !== "thinking") return;
    this.become("interrupted");
    const { run } = this;
    setTimeout(() => run === this.run && this.state === "interrupted" && this.become("listening"), INTERRUPTED_MS);
  }

  // --- the end

  /** Two calls in one browser would hear each other: the newer one goes on. @param {string} id its conversation */
  yield(id) {
    if (!this.active) return;
    this.taken = true;
    // Its words are kept by the other tab.
    if (this.conversation?.id === id) this.conversation.away = true;
    this.stop();
  }

  /** Nothing gets through, or again: what does not come is not heard. @param {boolean} shaky */
  shake(shaky) {
    if (this.shaky === shaky) return;
    this.shaky = shaky;
    if (shaky) this.clock.duck();
    else this.clock.unduck();
    this.emit("settings", null);
  }

  async lost() {
    this.line?.close();
    this.line = this.server = null;
    this.handed = this.shaky = false;
    this.hush();
    this.session?.lost();
    if (this.active) await this.again();
  }

  async again() {
    const { run } = this;
    this.attempts += 1;
    this.become("preparing");
    this.emit("stage", null);
    await new Promise((resolve) => {
      setTimeout(resolve, Math.min(400 * 2 ** (this.attempts - 1), LONGEST_WAIT_MS));
      addEventListener("online", resolve, { once: true });
    });
    if (run === this.run) await this.connect(run);
  }

  /** Hang up. */
  stop() {
    if (!this.active) return;
    this.run += 1;
    this.close();
    this.become("idle");
  }

  /** @param {Stage} stage @param {string} reason */
  fail(stage, reason) {
    const offline = stage !== "microphone" && !navigator.onLine;
    this.failure = offline ? { stage: "request", reason: "offline" } : { stage, reason };
    this.run += 1;
    this.close();
    this.become("failed");
  }

  close() {
    const { session } = this;
    this.stages.end();
    this.line?.close();
    this.line = null;
    this.session = this.server = null;
    this.hush();
    if (session) {
      session.over();
      this.surroundings.over(session);
    }
    this.talking = this.handed = this.shaky = false;
    this.stats = null;
    this.microphone.close();
  }

  /** @param {State} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }
}
