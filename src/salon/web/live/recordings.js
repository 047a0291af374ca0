/** Recordings on the server, and the switch that makes them. */

import { httpUrl } from "../realtime/place.js";
import { refusalOf } from "./refusal.js";

/** @typedef {{ file: string, room: string, began: string, bytes: number, running: boolean }} Recording */

export class Recordings {
  /** @param {() => string} key */
  constructor(key) {
    this.key = key;
  }

  /** The newest first. @returns {Promise<{ records: boolean, recordings: Recording[] }>} */
  async list() {
    return (await this.ask("v1/recordings", "GET")).json();
  }

  /** Begin or end one. Raises `Refusal`. @param {string} room @param {boolean} on */
  async record(room, on) {
    await this.ask(`v1/live/${room}/recording`, "POST", JSON.stringify({ on }));
  }

  /** Raises `Refusal`. @param {string} file */
  async remove(file) {
    await this.ask(`v1/recordings/${file}`, "DELETE");
  }

  /** An address that a video can play and a link can save. With a key the file has to be fetched first: a video sends none. @param {string} file */
  async address(file) {
    if (!this.key()) return httpUrl(`v1/recordings/${file}`);
    return URL.createObjectURL(await (await this.ask(`v1/recordings/${file}`, "GET")).blob());
  }

  /** @param {string} path @param {string} method @param {string} [body] */
  async ask(path, method, body) {
    const key = this.key();
    /** @type {Record<string, string>} */
    const headers = body ? { "Content-Type": "application/json" } : {};
    if (key) headers.Authorization = `Bearer ${key}`;
    const response = await fetch(httpUrl(path), { method, body, headers, cache: "no-store" });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }
}
