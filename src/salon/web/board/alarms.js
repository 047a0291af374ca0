/** Thresholds: above or below a value, told once each time it is crossed. */

/** @typedef {{ key: string, above: boolean, limit: number }} Alarm */
/** @typedef {{ alarm: Alarm, value: number, at: number }} Ringing */

const MOST = 100;

export class Alarms {
  /** @param {Alarm[]} alarms */
  constructor(alarms = []) {
    /** @type {Alarm[]} */
    this.alarms = [];
    /** Alarms whose condition holds now: they ring again only after it has not. @type {Set<Alarm>} */
    this.ringing = new Set();
    for (const alarm of alarms) this.add(alarm);
  }

  /** False where it is none, is there already, or there are too many. @param {Alarm} alarm */
  add({ key, above, limit }) {
    if (!key || !Number.isFinite(limit) || this.alarms.length >= MOST) return false;
    if (this.alarms.some((each) => each.key === key && each.above === above && each.limit === limit)) return false;
    this.alarms.push({ key, above, limit });
    return true;
  }

  /** @param {Alarm} alarm */
  remove(alarm) {
    this.alarms = this.alarms.filter((each) => each !== alarm);
    this.ringing.delete(alarm);
  }

  /** Which alarms begin to ring. @param {Iterable<import("./board.js").Row>} rows @returns {Ringing[]} */
  check(rows) {
    /** @type {Ringing[]} */
    const rings = [];
    if (!this.alarms.length) return rings;
    for (const { key, value, at } of rows) {
      for (const alarm of this.alarms) {
        if (alarm.key !== key) continue;
        const holds = alarm.above ? value >= alarm.limit : value <= alarm.limit;
        if (holds && !this.ringing.has(alarm)) rings.push({ alarm, value, at });
        if (holds) this.ringing.add(alarm);
        else this.ringing.delete(alarm);
      }
    }
    return rings;
  }

  /** Whether one of this key's alarms holds now. @param {string} key */
  rings(key) {
    for (const alarm of this.ringing) if (alarm.key === key) return true;
    return false;
  }
}
