/** Runs in the audio thread: the microphone's samples as 16-bit PCM, 20 ms at a time, with how loud they were. */

const FRAME = 480;

class Capture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.frame = new Int16Array(FRAME);
    this.length = 0;
    this.square = 0;
  }

  /** @param {Float32Array[][]} inputs */
  process([[samples]]) {
    // Without a source there is no channel; that is silence too, and the node stays.
    if (!samples) return true;
    for (const sample of samples) {
      const bounded = Math.max(-1, Math.min(1, sample));
      this.frame[this.length] = bounded < 0 ? bounded * 32768 : bounded * 32767;
      this.square += bounded * bounded;
      this.length += 1;
      if (this.length === FRAME) this.send();
    }
    return true;
  }

  send() {
    const pcm = this.frame;
    this.port.postMessage({ pcm, level: Math.sqrt(this.square / FRAME) }, [pcm.buffer]);
    this.frame = new Int16Array(FRAME);
    this.length = 0;
    this.square = 0;
  }
}

registerProcessor("salon-capture", Capture);
