/** Asks for the server's API key. */

import { t } from "../i18n/i18n.js";
import { showDialog } from "../ui/dialog.js";
import { h, put } from "../ui/dom.js";

/**
 * @param {boolean} wrong a key was given before and is not accepted
 * @param {(key: string, remember: boolean) => Promise<"fine" | "unauthorized" | "unreachable">} ongiven
 */
export function askKey(wrong, ongiven) {
  if (document.getElementById("api-key")) return;
  const input = h("input", {
    id: "api-key",
    class: "field",
    type: "password",
    autocomplete: "current-password",
    spellcheck: "false",
    required: true,
    autofocus: true,
    "aria-describedby": "api-key-problem",
  });
  const remember = h("input", { type: "checkbox" });
  const problem = h("p", { class: "problem-text", id: "api-key-problem", role: "alert" }, wrong ? t("key wrong") : "");
  const submit = h("button", { type: "submit", class: "button primary" }, t("key use"));
  showDialog({
    title: t("key title"),
    closable: false,
    content: (close) => [
      h(
        "form",
        {
          onsubmit: async (/** @type {Event} */ event) => {
            event.preventDefault();
            const key = input.value.trim();
            if (!key) return;
            submit.disabled = true;
            const answer = await ongiven(key, remember.checked);
            submit.disabled = false;
            if (answer === "fine") return close();
            put(problem, t(answer === "unauthorized" ? "key wrong" : "unreachable text"));
            input.select();
          },
        },
        h("p", null, t("key text")),
        h("label", { class: "labelled" }, h("span", null, t("key label")), input),
        problem,
        h("label", { class: "checked" }, remember, h("span", null, t("key remember"))),
        h("div", { class: "dialog-actions" }, submit),
      ),
    ],
  });
}
