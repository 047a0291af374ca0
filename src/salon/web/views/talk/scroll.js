/** Keeps the newest words in sight, unless the reader has scrolled away from them. */

const NEAR = 48;

export class Follower {
  /**
   * @param {HTMLElement} scroller
   * @param {HTMLElement} content
   * @param {AbortSignal} signal
   * @param {(away: boolean) => void} onaway
   */
  constructor(scroller, content, signal, onaway) {
    this.scroller = scroller;
    this.onaway = onaway;
    /** Whether the end is kept in sight. */
    this.following = true;
    this.top = 0;
    scroller.addEventListener("scroll", () => this.scrolled(), { signal, passive: true });
    const observer = new ResizeObserver(() => this.grown());
    observer.observe(content);
    observer.observe(scroller);
    signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  }

  get away() {
    const { scrollHeight, clientHeight, scrollTop } = this.scroller;
    return scrollHeight - clientHeight - scrollTop > NEAR;
  }

  scrolled() {
    const { scrollTop } = this.scroller;
    // Only a reader scrolls upwards.
    if (scrollTop < this.top - 1 && this.away) this.following = false;
    if (!this.away) this.following = true;
    this.top = scrollTop;
    this.onaway(this.away);
  }

  grown() {
    // What greets the reader is read from its beginning.
    if (this.following && !this.scroller.classList.contains("empty")) this.toEnd();
    else this.onaway(this.away);
  }

  /** Go to the newest words and stay with them. */
  toEnd() {
    this.following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.top = this.scroller.scrollTop;
    this.onaway(false);
  }
}
