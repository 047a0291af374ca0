/** A sound while somebody calls: two soft tones, made here, for the page loads no files for it. */

const EVERY_MS = 2_400;

/** @returns {() => void} stops it */
export function startRinging() {
  const context = new AudioContext();
  const sound = () => {
    for (const [at, pitch] of [[0, 660], [0.22, 880]]) {
      const tone = new OscillatorNode(context, { frequency: pitch });
      const loudness = new GainNode(context, { gain: 0 });
      const start = context.currentTime + at;
      loudness.gain.setValueAtTime(0, start);
      loudness.gain.linearRampToValueAtTime(0.12, start + 0.03);
      loudness.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
      tone.connect(loudness).connect(context.destination);
      tone.start(start);
      tone.stop(start + 0.7);
    }
  };
  // Before the first click in the page a browser plays nothing; the dialog is there all the same.
  sound();
  const timer = setInterval(sound, EVERY_MS);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
