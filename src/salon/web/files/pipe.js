/**
 * A way for texts and bytes to the other end, in order, that does not take more than it can carry: who sends waits.
 *
 * @typedef {object} Pipe
 * @property {(data: string | Uint8Array<ArrayBuffer>) => void} send
 * @property {() => Promise<void>} room returns when more may be sent; throws when it is closed
 * @property {number} largest bytes of one piece
 * @property {number} window blocks that may be on the way
 * @property {(data: unknown) => void} onmessage
 * @property {() => void} onclose
 * @property {() => void} ontampered something came that the other end did not send
 * @property {() => void} close
 */

// Small marks do well: what waits here is memory, and an abort loses it.
const HIGH = 1024 * 1024;
const LOW = 256 * 1024;
const LARGEST = 64 * 1024;
const WINDOW = 4;

export class Closed extends Error {}

/** Over a data channel, from browser to browser. @implements {Pipe} */
export class ChannelPipe {
  /** @param {RTCDataChannel} channel an open one @param {number} largest what the other end takes at once */
  constructor(channel, largest) {
    this.channel = channel;
    this.largest = Math.min(LARGEST, largest);
    this.window = WINDOW;
    this.isOver = false;
    /** @type {(data: unknown) => void} */
    this.onmessage = () => {};
    this.onclose = () => {};
    // DTLS lets nothing through that was changed.
    this.ontampered = () => {};
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW;
    /** @type {() => void} */
    this.wake = () => {};
    channel.onbufferedamountlow = () => this.wake();
    channel.onmessage = ({ data }) => this.onmessage(data);
    channel.onclose = () => this.over();
  }

  /** @param {string | Uint8Array<ArrayBuffer>} data */
  send(data) {
    if (this.channel.readyState !== "open") throw new Closed();
    this.channel.send(/** @type {any} */ (data));
  }

  async room() {
    while (this.channel.readyState === "open" && this.channel.bufferedAmount > HIGH) {
      await new Promise((/** @type {(value: void) => void} */ resolve) => (this.wake = resolve));
    }
    if (this.channel.readyState !== "open") throw new Closed();
  }

  close() {
    this.channel.close();
    // Where the other end is gone, its channel never says that it has closed.
    this.over();
  }

  over() {
    if (this.isOver) return;
    this.isOver = true;
    this.wake();
    this.onclose();
  }
}
