/** What went wrong with an answer, in plain words, and what to do next. */

import { isKey, t } from "../../i18n/i18n.js";
import { h } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { showSettings } from "./settings.js";

/** @typedef {import("../../model/types.js").Answer} Answer */

/** Codes of the server (`salon.base.errors`) that mean the same to a reader. @type {Record<string, string>} */
const KINDS = {
  inference_rate_limit_exceeded: "rate",
  provider_quota_exhausted: "quota",
  insufficient_quota: "quota",
  provider_auth_failed: "auth",
  provider_overloaded: "busy",
  provider_unreachable: "down",
  provider_timeout: "slow",
  provider_bad_answer: "broken",
  provider_rejected_request: "rejected",
  context_length_exceeded: "long",
  content_filter: "filtered",
  max_output_tokens: "length",
};

/** Where the same question may well be answered next time. */
const RETRYABLE = new Set(["rate", "busy", "down", "slow", "broken", "unknown", "cut", "length"]);

/**
 * @param {Answer} answer
 * @param {import("../../page.js").Page} page
 * @param {() => void} retry
 */
export function problemCard(answer, page, retry) {
  const { status, problem } = answer;
  if (status !== "failed" && status !== "incomplete" && status !== "cut") return null;
  const kind = status === "cut" ? "cut" : (KINDS[problem?.code ?? ""] ?? "unknown");
  const key = `problem ${kind}`;
  const next = `${key} next`;
  return h(
    "div",
    { class: status === "failed" ? "problem" : "problem mild", role: status === "failed" ? "alert" : null },
    icon(status === "failed" ? "alert" : "info"),
    h(
      "div",
      null,
      h("p", { class: "problem-title" }, isKey(key) ? t(key) : t("problem unknown")),
      isKey(next) && h("p", null, t(next)),
      problem?.message && h("p", { class: "faint" }, problem.message),
      h(
        "div",
        { class: "problem-actions" },
        RETRYABLE.has(kind) && h("button", { type: "button", class: "button small", onclick: retry }, icon("retry"), t("retry")),
        kind === "long" &&
          h("button", { type: "button", class: "button small", onclick: () => page.go("") }, icon("plus"), t("new conversation")),
        kind === "rejected" &&
          h("button", { type: "button", class: "button small", onclick: () => showSettings(page) }, icon("sliders"), t("settings")),
      ),
    ),
  );
}
