/**
 * A spoken conversation: the microphone, a line to the server, what was said, and in which state it is.
 *
 * It is made step by step (`stage`), so that where it fails it can say what is wrong. WebRTC comes first; where no media gets through, the
 * same conversation is held over a WebSocket. A line that is lost is made again, and the server told what was said.
 */

import { Emitter } from "../emitter.js";
import { newId } from "../model/ids.js";
import { CallLine, LineError } from "./call.js";
import { Microphone, MicrophoneError } from "./microphone.js";
import { Transcript, heardLength } from "./transcript.js";
import { WireLine } from "./wire.js";

/**
 * @typedef {"idle" | "preparing" | "listening" | "hearing" | "thinking" | "speaking" | "interrupted" | "failed"} State
 * @typedef {"microphone" | "request" | "media" | "session"} Stage
 * @typedef {"auto" | "webrtc" | "websocket"} Way
 * @typedef {{ model: string, voice: string, instructions: string, eagerness: string, greets: boolean, pushToTalk: boolean, way: Way, microphone: string, speaker: string }} Settings
 * @typedef {{ stage: Stage, reason: string }} Failure
 */

const RETRIES = 4;
const INTERRUPTED_MS = 1200;

/** @extends {Emitter<{ state: State, stage: null, settings: null, level: number, stats: null, problem: string, notice: string }>} */
export class Voice extends Emitter {
  /**
   * @param {object} surroundings
   * @param {() => string} surroundings.key
   * @param {import("./trace.js").VoiceTrace} surroundings.tap
   * @param {() => Promise<"fine" | "unauthorized" | "unreachable">} surroundings.diagnose
   * @param {Settings} settings
   */
  constructor(surroundings, settings) {
    super();
    this.surroundings = surroundings;
    this.settings = settings;
    this.microphone = new Microphone();
    this.transcript = new Transcript();
    /** @type {State} */
    this.state = "idle";
    /** @type {Stage} */
    this.stage = "microphone";
    /** @type {Failure | null} */
    this.failure = null;
    /** @type {CallLine | WireLine | null} */
    this.line = null;
    /** What the server says of itself: who hears, who speaks, with which voices. @type {any} */
    this.server = null;
    /** @type {{ rtt: number | null, loss: number | null, kind: string } | null} */
    this.stats = null;
    this.muted = false;
    this.talking = false;
    /** Asked at the beginning of each turn for a picture to send along. @type {(() => string) | null} */
    this.picture = null;
    /** What is said first. */
    this.welcome = () => "";
    this.attempts = 0;
    /** When the answer that is heard began, and how much of it was paused. */
    this.began = 0;
    this.paused = 0;
    this.duckedAt = 0;
    this.speaking = "";
    this.run = 0;
    this.microphone.on("level", (level) => this.emit("level", this.muted ? 0 : level));
    this.microphone.on("ended", () => void this.changeMicrophone(""));
  }

  get active() {
    return this.state !== "idle" && this.state !== "failed";
  }

  /** Begin. Call it from a click: browsers let a page listen and sound only then. */
  async start() {
    if (this.active) return;
    this.run += 1;
    this.attempts = 0;
    this.failure = null;
    this.become("preparing");
    await this.connect(this.run);
  }

  /** @param {number} run */
  async connect(run) {
    const { settings } = this;
    try {
      this.reach("microphone");
      const stream = this.microphone.stream ?? (await this.microphone.open(settings.microphone));
      if (run !== this.run) return;
      await this.openLine(stream, run);
    } catch (error) {
      if (run !== this.run) return;
      if (error instanceof MicrophoneError) this.fail("microphone", error.trouble);
      else if (error instanceof LineError) this.fail(error.stage, error.message);
      else this.fail(this.stage, error instanceof Error ? error.message : "");
    }
  }

  /** @param {MediaStream} stream @param {number} run */
  async openLine(stream, run) {
    const { settings } = this;
    if (settings.way !== "websocket") {
      try {
        return await this.take(new CallLine(this.surroundings), stream, run);
      } catch (error) {
        if (settings.way === "webrtc" || !(error instanceof LineError) || error.stage !== "media" || run !== this.run) throw error;
        this.emit("notice", "websocket");
      }
    }
    await this.take(new WireLine({ ...this.surroundings, microphone: this.microphone }), stream, run);
  }

  /** @param {CallLine | WireLine} line @param {MediaStream} stream @param {number} run */
  async take(line, stream, run) {
    this.reach("request");
    line.on("event", (event) => line === this.line && this.hear(event));
    line.on("lost", () => line === this.line && void this.lost());
    line.on("stats", (stats) => ((this.stats = stats), this.emit("stats", null)));
    line.on("heard", ({ item, ms }) => this.transcript.heard(item, ms));
    line.on("idle", () => line === this.line && this.quiet());
    line.on("playing", (response) => line === this.line && this.sounds(response));
    this.line = line;
    try {
      await line.open(stream, this.settings.model);
    } catch (error) {
      line.close();
      if (this.line === line) this.line = null;
      throw error;
    }
    if (run !== this.run) return line.close();
    if (this.settings.speaker) await line.speakTo(this.settings.speaker).catch(() => {});
    if (!this.server) this.reach("session");
  }

  /** @param {any} event */
  hear(event) {
    this.transcript.hear(event, Date.now());
    switch (event.type) {
      case "session.created":
        return this.begin(event.session);
      case "input_audio_buffer.speech_started":
        this.see();
        if (this.state === "speaking") this.become("interrupted");
        return this.become("hearing");
      case "input_audio_buffer.speech_stopped":
      case "input_audio_buffer.committed":
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
        this.duckedAt = performance.now();
        return undefined;
      case "output_audio_buffer.salon.unducked":
        if (this.duckedAt) this.paused += performance.now() - this.duckedAt;
        this.duckedAt = 0;
        return undefined;
      case "response.done":
        // A turn in which nothing was understood, or an answer without sound.
        if (this.state === "thinking" && !this.speaking) this.become("listening");
        return undefined;
      case "conversation.item.input_audio_transcription.completed":
        if (!event.transcript && this.state === "thinking") this.become("listening");
        return undefined;
      case "error":
        if (event.error?.code !== "response_cancel_not_active") this.emit("problem", event.error?.message ?? "");
        return undefined;
    }
    return undefined;
  }

  /** @param {any} session */
  begin(session) {
    this.server = session.salon ?? {};
    this.attempts = 0;
    this.tell();
    const before = this.transcript.entries;
    for (const entry of before) this.remember(entry);
    this.become("listening");
    this.emit("settings", null);
    if (!before.length && this.settings.greets) this.greet();
  }

  /** The welcome is said as it stands; without one the model begins. */
  greet() {
    const say = this.welcome();
    if (say) this.line?.send({ type: "response.create", response: { salon: { say } } });
    else if (this.server.tts) this.line?.send({ type: "response.create" });
  }

  /** What the session is to be. It may change at any time. */
  tell() {
    const { voice, instructions, eagerness, pushToTalk } = this.settings;
    const detection = pushToTalk ? null : { type: "semantic_vad", eagerness };
    this.line?.send({
      type: "session.update",
      session: {
        type: "realtime",
        output_modalities: ["audio"],
        ...(instructions ? { instructions } : {}),
        audio: { input: { turn_detection: detection, transcription: {} }, ...(voice ? { output: { voice } } : {}) },
      },
    });
    this.listen();
  }

  /** What was said on a line that is lost. @param {import("./transcript.js").Entry} entry */
  remember(entry) {
    if (entry.kind === "user" && !entry.text) return;
    const text = entry.kind === "agent" && entry.status === "interrupted" ? entry.text.slice(0, heardLength(entry)) : entry.text;
    if (!text) return;
    const content = entry.kind === "user" ? { type: "input_text", text } : { type: "output_text", text };
    this.line?.send({ type: "conversation.item.create", item: { type: "message", role: entry.kind === "user" ? "user" : "assistant", content: [content] } });
  }

  /** Write instead of speaking, in the same conversation. @param {string} text */
  write(text) {
    const id = newId("item");
    const picture = this.picture?.() ?? "";
    const content = [{ type: "input_text", text }, ...(picture ? [{ type: "input_image", image_url: picture }] : [])];
    if (this.state === "speaking") this.interrupt();
    if (!this.line?.send({ type: "conversation.item.create", item: { id, type: "message", role: "user", content } })) return false;
    this.transcript.write(id, text, picture, Date.now());
    this.line.send({ type: "response.create" });
    return true;
  }

  /** What the camera or the screen shows goes with the turn that begins. */
  see() {
    const url = this.picture?.();
    if (url) this.line?.send({ type: "conversation.item.create", item: { type: "message", role: "user", content: [{ type: "input_image", image_url: url }] } });
  }

  /** Stop the answer. */
  interrupt() {
    this.line?.interrupt();
    this.cleared();
  }

  // --- push to talk

  press() {
    if (!this.active || this.talking) return;
    this.talking = true;
    if (this.state === "speaking" || this.state === "thinking") this.interrupt();
    this.line?.send({ type: "input_audio_buffer.clear" });
    this.see();
    this.listen();
    this.become("hearing");
  }

  release() {
    if (!this.talking) return;
    this.talking = false;
    this.listen();
    this.line?.send({ type: "input_audio_buffer.commit" });
    this.line?.send({ type: "response.create" });
    this.become("thinking");
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    this.listen();
    this.emit("settings", null);
  }

  /** Whether the microphone is heard now. */
  listen() {
    this.microphone.mute(this.muted || (this.settings.pushToTalk && !this.talking));
  }

  /** @param {string} deviceId */
  async changeMicrophone(deviceId) {
    this.settings.microphone = deviceId;
    if (!this.microphone.stream) return;
    try {
      await this.line?.replace(await this.microphone.open(deviceId));
      this.listen();
    } catch (error) {
      this.emit("problem", error instanceof Error ? error.message : "");
    }
  }

  // --- what is heard

  /** @param {string} response */
  sounds(response) {
    this.speaking = response;
    this.began = performance.now();
    this.paused = this.duckedAt = 0;
    this.become("speaking");
  }

  quiet() {
    this.follow(true);
    this.speaking = "";
    if (this.state === "speaking") this.become("listening");
  }

  cleared() {
    this.speaking = "";
    if (this.state !== "speaking" && this.state !== "thinking") return;
    this.become("interrupted");
    const { run } = this;
    setTimeout(() => run === this.run && this.state === "interrupted" && this.become("listening"), INTERRUPTED_MS);
  }

  /** Of a call, how much was heard follows from the time; called for each picture. @param {boolean} [whole] */
  follow(whole = false) {
    if (!(this.line instanceof CallLine) || !this.speaking) return;
    const answer = this.transcript.answer(this.speaking);
    if (!answer) return;
    const paused = this.paused + (this.duckedAt ? performance.now() - this.duckedAt : 0);
    this.transcript.heard(answer.item, whole ? Infinity : performance.now() - this.began - paused);
  }

  // --- the end

  async lost() {
    const { run } = this;
    this.line?.close();
    this.line = null;
    this.speaking = "";
    if (!this.active) return;
    this.attempts += 1;
    if (this.attempts > RETRIES) return this.fail("media", "");
    this.become("preparing");
    await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** (this.attempts - 1)));
    if (run === this.run) await this.connect(run);
  }

  /** Hang up. */
  stop() {
    this.run += 1;
    this.close();
    this.become("idle");
  }

  /** @param {Stage} stage @param {string} reason */
  fail(stage, reason) {
    this.failure = { stage, reason };
    this.run += 1;
    this.close();
    this.become("failed");
  }

  close() {
    this.line?.close();
    this.line = null;
    this.server = null;
    this.speaking = "";
    this.talking = false;
    this.stats = null;
    this.microphone.close();
  }

  /** @param {Stage} stage */
  reach(stage) {
    this.stage = stage;
    this.emit("stage", null);
  }

  /** @param {State} state */
  become(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }
}
