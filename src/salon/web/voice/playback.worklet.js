/**
 * Runs in the audio thread: plays what it is given, and says what was heard of it.
 *
 * In: `{play: Int16Array, item}` after what is there already, `{flush: true}` forgets all that was not heard, `{gain}` goes there in 40 ms.
 * Out: `{item, samples}` heard of an item so far, some fifty times a second; `{idle: true}` when there is nothing left.
 */

const REPORT = 480;
const GLIDE = 960;

class Playback extends AudioWorkletProcessor {
  constructor() {
    super();
    /** @type {{ item: string, pcm: Int16Array, at: number }[]} */
    this.queue = [];
    /** Samples heard of the item that plays. */
    this.heard = 0;
    this.item = "";
    this.gain = 1;
    this.wanted = 1;
    this.since = 0;
    this.playing = false;
    this.port.onmessage = (/** @type {MessageEvent} */ { data }) => this.hear(data);
  }

  /** @param {any} message */
  hear({ play, item, flush, gain }) {
    if (flush) {
      this.report();
      this.queue = [];
      this.playing = false;
      this.gain = this.wanted = 1;
      this.port.postMessage({ flushed: true });
    }
    if (gain !== undefined) this.wanted = gain;
    if (play) this.queue.push({ item, pcm: play, at: 0 });
  }

  /** @param {Float32Array[][]} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, [channels]) {
    const [samples] = channels;
    for (let index = 0; index < samples.length; index += 1) {
      const block = this.queue[0];
      if (!block) {
        samples[index] = 0;
        continue;
      }
      if (block.item !== this.item) {
        this.report();
        this.item = block.item;
        this.heard = 0;
      }
      this.playing = true;
      if (this.gain !== this.wanted) this.gain = this.gain < this.wanted ? Math.min(this.wanted, this.gain + 1 / GLIDE) : Math.max(this.wanted, this.gain - 1 / GLIDE);
      samples[index] = (block.pcm[block.at] / 32768) * this.gain;
      block.at += 1;
      this.heard += 1;
      this.since += 1;
      if (block.at === block.pcm.length) this.queue.shift();
    }
    for (const channel of channels.slice(1)) channel.set(samples);
    if (this.since >= REPORT) this.report();
    if (this.playing && !this.queue.length) {
      this.playing = false;
      this.report();
      this.port.postMessage({ idle: true });
    }
    return true;
  }

  report() {
    this.since = 0;
    if (this.item) this.port.postMessage({ item: this.item, samples: this.heard });
  }
}

registerProcessor("salon-playback", Playback);
