/** How long an answer has been heard over a call, where the browser plays: the time since it began, without the pauses. */

export class HeardClock {
  constructor() {
    this.began = 0;
    this.duckedAt = 0;
  }

  start() {
    this.began = performance.now();
    this.duckedAt = 0;
  }

  /** Somebody speaks: it is quiet until that is understood. */
  duck() {
    this.duckedAt = performance.now();
  }

  /** It goes on where it was. */
  unduck() {
    this.began += this.duckedAt ? performance.now() - this.duckedAt : 0;
    this.duckedAt = 0;
  }

  get ms() {
    return (this.duckedAt || performance.now()) - this.began;
  }
}
