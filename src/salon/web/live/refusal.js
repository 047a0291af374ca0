/** What a server says when it does not do what it was asked: problem details (RFC 9457). */

export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {string} code Salon's, empty where another server answers
   * @param {string} detail a sentence for people
   * @param {number} retryAfter seconds; 0 where the server says none
   */
  constructor(status, code, detail, retryAfter) {
    super(detail || `HTTP ${status}`);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may do better later. A taken name is left to the person who asks for it. */
  get passes() {
    return this.code === "broadcast_not_live" || [408, 425, 429].includes(this.status) || this.status >= 500;
  }
}

/** The session that took over has the name: trying again would only throw that one out. */
export const REPLACED = "replaced";

/** @param {Response} response one that is not ok */
export async function refusalOf(response) {
  /** @type {any} */
  const problem = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("Retry-After") ?? 0);
  const said = problem?.code ? problem : (problem?.error ?? {});
  return new Refusal(
    response.status,
    String(said.code ?? ""),
    String(said.detail ?? said.message ?? ""),
    Number.isFinite(seconds) ? seconds : 0,
  );
}
