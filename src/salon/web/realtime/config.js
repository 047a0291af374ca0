/** Asks the server what it is and whom it offers to talk with. */

import { credential } from "../model/preferences.js";
import { httpUrl } from "./place.js";

/** @typedef {import("../model/types.js").Config} Config */
/** @typedef {{ state: "ready", config: Config } | { state: "unauthorized" } | { state: "unreachable", message: string }} ConfigAnswer */

const PATIENCE_MS = 10_000;

/** @param {string} key @returns {Promise<ConfigAnswer>} */
export async function fetchConfig(key) {
  try {
    const response = await fetch(httpUrl("v1/ui/config"), {
      headers: key ? { Authorization: `Bearer ${key}` } : {},
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.status === 401 || response.status === 403) return { state: "unauthorized" };
    if (!response.ok) return { state: "unreachable", message: `HTTP ${response.status}` };
    return { state: "ready", config: await response.json() };
  } catch (error) {
    return { state: "unreachable", message: error instanceof Error ? error.message : "" };
  }
}

/** Why a connection was not accepted: to a page, refusals look alike. */
export async function diagnose() {
  const answer = await fetchConfig(credential.get());
  return answer.state === "ready" ? "fine" : answer.state;
}
