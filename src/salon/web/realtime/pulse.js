/**
 * Notices a connection that is open in name only: after sleep, or behind a network that forgot it. A page cannot send a ping, so
 * when an answer is due and nothing is heard, it asks for something that is always answered.
 */

const SILENCE_MS = 15_000;
const ANSWER_MS = 8_000;

export class Pulse {
  /**
   * @param {import("./session.js").Way} connection
   * @param {() => boolean} expects whether something should be heard
   */
  constructor(connection, expects) {
    this.connection = connection;
    this.expects = expects;
    this.timer = 0;
    connection.on("event", () => this.beat());
  }

  /** Something was heard or said: start counting anew. */
  beat() {
    this.stop();
    if (this.connection.state === "open" && this.expects()) this.timer = setTimeout(() => this.ask(), SILENCE_MS);
  }

  ask() {
    if (!this.connection.send({ type: "session.update", session: { type: "realtime" } })) return;
    this.timer = setTimeout(() => this.connection.reset(), ANSWER_MS);
  }

  stop() {
    clearTimeout(this.timer);
  }
}
