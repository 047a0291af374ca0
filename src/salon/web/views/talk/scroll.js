/** Keeps the newest words in sight, unless the reader has scrolled away from them. */

const NEAR = 48;

export class Follower {
  /**
   * @param {HTMLElement} scroller
   * @param {AbortSignal} signal
   * @param {(away: boolean) => void} onaway
   */
  constructor(scroller, signal, onaway) {
    this.scroller = scroller;
    this.onaway = onaway;
    /** Whether the end is kept in sight. */
    this.following = true;
    this.top = 0;
    this.frame = 0;
    scroller.addEventListener("scroll", () => this.scrolled(), { signal, passive: true });
    // The window may become smaller, or a keyboard appear.
    const observer = new ResizeObserver(() => this.grown());
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

  /** New words have come; they are laid out by the next frame. What the reader opens or edits is not followed. */
  grown() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      // What greets the reader is read from its beginning.
      if (this.following && !this.scroller.classList.contains("empty")) this.toEnd();
      else this.onaway(this.away);
    });
  }

  /** Go to the newest words and stay with them. */
  toEnd() {
    this.following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.top = this.scroller.scrollTop;
    this.onaway(false);
  }
}
