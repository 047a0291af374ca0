/** The last values of one key with their times: a ring, so that a board that runs for days holds no more than one that runs for minutes. */

export class Series {
  /** @param {number} capacity */
  constructor(capacity) {
    this.capacity = capacity;
    this.times = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.length = 0;
    this.next = 0;
  }

  /** What is older than the newest, or as old, replaces nothing and is left out. @param {number} time @param {number} value */
  push(time, value) {
    if (this.length && time <= this.time(this.length - 1)) return;
    this.times[this.next] = time;
    this.values[this.next] = value;
    this.next = (this.next + 1) % this.capacity;
    if (this.length < this.capacity) this.length += 1;
  }

  /** @param {number} index 0 is the oldest */
  time(index) {
    return this.times[this.at(index)];
  }

  /** @param {number} index */
  value(index) {
    return this.values[this.at(index)];
  }

  /** @param {number} index */
  at(index) {
    return (this.next - this.length + index + this.capacity) % this.capacity;
  }

  /** The first index whose time is not before `time`. @param {number} time */
  from(time) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Lowest and highest value from `first` on; null where there is none.
   * @param {number} [first]
   * @returns {[number, number] | null}
   */
  range(first = 0) {
    if (first >= this.length) return null;
    let low = Infinity;
    let high = -Infinity;
    for (let index = first; index < this.length; index += 1) {
      const value = this.value(index);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  /**
   * At most two points for each of `columns` columns, so that no peak is lost however many points there are.
   *
   * @param {number} start
   * @param {number} end
   * @param {number} columns
   * @returns {[time: number, value: number][]}
   */
  thinned(start, end, columns) {
    // One point before the start, so that the line comes in from the edge.
    const first = Math.max(0, this.from(start) - 1);
    const count = this.length - first;
    if (count <= 2 * columns) {
      return Array.from({ length: count }, (_, index) => [this.time(first + index), this.value(first + index)]);
    }
    const width = (end - start) / columns;
    /** @type {[number, number][]} */
    const points = [];
    let index = first;
    while (index < this.length) {
      const column = Math.floor((this.time(index) - start) / width);
      let low = index;
      let high = index;
      for (; index < this.length && Math.floor((this.time(index) - start) / width) === column; index += 1) {
        if (this.value(index) < this.value(low)) low = index;
        if (this.value(index) > this.value(high)) high = index;
      }
      for (const each of low === high ? [low] : [Math.min(low, high), Math.max(low, high)]) points.push([this.time(each), this.value(each)]);
    }
    return points;
  }
}
