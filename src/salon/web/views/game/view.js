/** The Game view: an arena for many, to play or to watch. */

import { Game } from "../../arena/game.js";
import { t } from "../../i18n/i18n.js";
import { newId } from "../../model/ids.js";
import { credential } from "../../model/preferences.js";
import { Recorder } from "../../realtime/recorder.js";
import { RoomsClient } from "../../rooms/client.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { inspectButton, viewHead } from "../head.js";
import { buildInspector } from "../inspector/inspector.js";
import { Controls } from "./controls.js";
import { buildStage, colourOfPlayer } from "./stage.js";

/** @typedef {import("../../frame.js").Frame} Frame */

const NAME = "salon.game.name";
const BEST = 10;
const FIGURES_MS = 500;

/** @param {Frame} frame @param {AbortSignal} signal @returns {import("../registry.js").Built} */
export function build(frame, signal) {
  const recorder = new Recorder();
  // The one is seen by everybody, the other is the secret by which a seat is found again.
  const [user, device] = [newId("player"), newId("device")];
  const client = new RoomsClient({ token: credential.get, data: () => ({ user, device }), tap: recorder });
  const canvas = h("canvas", { class: "arena", role: "img", "aria-label": t("game picture") });
  const stage = h("div", { class: "arena-stage", tabindex: 0, "aria-label": t("game stage") }, canvas);
  const controls = new Controls(stage, signal);
  const game = new Game(client, () => controls.wanted);
  const picture = buildStage(canvas, game);
  const banner = h("div", { class: "banner", role: "status", hidden: true });
  const board = h("ol", { class: "scores", "aria-label": t("game scores") });
  const figures = h("dl", { class: "game-figures", hidden: true });
  const name = h("input", { class: "field", maxlength: 20, required: true, value: kept(), placeholder: t("game name"), "aria-label": t("game name"), autocomplete: "nickname" });
  const start = h(
    "form",
    { class: "game-start", onsubmit: join },
    h("h2", null, t("game title")),
    h("p", { class: "faint" }, t("game about")),
    h("div", { class: "game-join" }, name, h("button", { class: "button primary" }, icon("play"), t("game play"))),
    h("ul", { class: "game-help" }, h("li", null, t("game help keys")), h("li", null, t("game help touch")), h("li", null, t("game help pad"))),
  );
  const leave = h("button", { type: "button", class: "button small", hidden: true, onclick: watch }, t("game watch"));
  const numbers = h(
    "button",
    { type: "button", class: "icon-button", "aria-label": t("game figures"), title: t("game figures"), "aria-pressed": "false", onclick: toggleFigures },
    icon("sliders"),
  );
  let last = performance.now();
  let frameWanted = 0;
  let patches = 0;

  /** @param {Event} event */
  function join(event) {
    event.preventDefault();
    const text = name.value.trim();
    if (!text) return;
    keep(text);
    game.join(text);
    start.hidden = true;
    leave.hidden = false;
    stage.focus();
  }

  function watch() {
    game.leave();
    start.hidden = false;
    leave.hidden = true;
  }

  function toggleFigures() {
    figures.hidden = !figures.hidden;
    numbers.setAttribute("aria-pressed", String(!figures.hidden));
  }

  /** @param {number} now */
  function run(now) {
    frameWanted = requestAnimationFrame(run);
    game.advance(Math.min(now - last, 1000));
    last = now;
    picture.draw(now);
  }

  function showScores() {
    const best = [...game.players.values()].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1));
    const mine = game.me;
    const shown = best.slice(0, BEST);
    if (mine && !shown.includes(mine)) shown.push(mine);
    const dark = getComputedStyle(stage).colorScheme.includes("dark") && matchMedia("(prefers-color-scheme: dark)").matches;
    put(
      board,
      ...shown.map((player) => {
        const dot = h("span", { class: "score-dot" });
        // A colour of the game, not of the theme.
        dot.style.background = colourOfPlayer(player.colour, dark);
        return h(
          "li",
          { value: best.indexOf(player) + 1, class: player === mine ? "mine" : "" },
          dot,
          h("span", { class: "score-name" }, player.name),
          h("span", { class: "score" }, String(player.score)),
        );
      }),
    );
  }

  function showState() {
    const open = client.state === "open" && game.subscription.state === "subscribed";
    const text = game.refusal ? t("game refused", { message: game.refusal }) : open ? "" : t(client.state === "connecting" ? "game waiting" : "game lost");
    banner.hidden = !text;
    put(banner, text);
  }

  function showFigures() {
    showScores();
    const rate = ((game.patches - patches) * 1000) / FIGURES_MS;
    patches = game.patches;
    if (figures.hidden) return;
    const ms = (/** @type {number} */ value) => (Number.isFinite(value) ? `${Math.round(value)} ms` : "–");
    put(
      figures,
      ...[
        [t("game ping"), ms(game.ping)],
        [t("game jitter"), ms(game.time.late)],
        [t("game patches"), `${Math.round(rate)} /s`],
        [t("game ahead"), String(game.own.waiting.length)],
        [t("game corrections"), `${game.own.corrections} (${game.own.largest.toFixed(1)})`],
        [t("game players"), String(game.players.size)],
        [t("game version"), String(game.mirror.version)],
      ].flatMap(([label, value]) => [h("dt", null, label), h("dd", null, value)]),
    );
  }

  game.on("state", showState, signal);
  frame.preferences.on("changed", picture.dress, signal);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", picture.dress, { signal });
  const timer = setInterval(showFigures, FIGURES_MS);
  client.connect();
  frameWanted = requestAnimationFrame(run);
  signal.addEventListener(
    "abort",
    () => {
      cancelAnimationFrame(frameWanted);
      clearInterval(timer);
      game.close();
      client.disconnect("view left");
    },
    { once: true },
  );
  frame.on("rekeyed", () => client.connect(), signal);
  frame.entitle(t("view game"));
  showState();
  return {
    main: h("main", { class: "game" }, viewHead(frame, t("view game"), leave, numbers, inspectButton(frame, signal)), banner, h("div", { class: "game-field" }, stage, start, board, figures)),
    inspector: buildInspector(frame, { recorder, title: t("inspector"), lanes: [t("lane page"), t("lane server")], file: "salon-game.json" }, signal),
    focus: () => (start.hidden ? stage : name).focus(),
  };
}

function kept() {
  try {
    return localStorage.getItem(NAME) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} name */
function keep(name) {
  try {
    localStorage.setItem(NAME, name);
  } catch {
    // It counts for this visit.
  }
}
