/** A call: everybody's picture, and what one can do. */

import { t } from "../../i18n/i18n.js";
import { MOST } from "../../peer/call.js";
import { isId } from "../../peer/peer.js";
import { askText } from "../../ui/dialog.js";
import { h, put } from "../../ui/dom.js";
import { icon } from "../../ui/icons.js";
import { openMenu } from "../../ui/menu.js";
import { idIn } from "./share.js";
import { memberTile, ownTile, qualityText } from "./tile.js";

/** @typedef {import("../../frame.js").Frame} Frame */
/** @typedef {import("../../peer/call.js").Call} Call */
/** @typedef {import("../../peer/devices.js").Kind} Kind */
/** @typedef {import("../../i18n/i18n.js").Key} Key */

/** @param {Frame} frame @param {Call} call @param {AbortSignal} signal */
export function buildStage(frame, call, signal) {
  const { devices } = call;
  const grid = h("div", { class: "tiles" });
  const clock = h("span", { class: "call-clock" });
  const detail = h("span", { class: "call-detail" });
  /** @type {Map<string, { tile: HTMLElement, member: import("../../peer/member.js").Member }>} */
  const tiles = new Map();

  const microphone = control("mic", "calls mute", () => devices.mute(!devices.muted));
  const camera = control("video", "calls camera off", () => attempt(() => devices.show(!devices.camera)));
  const screen = control("screen", "calls share", () => attempt(() => devices.share(!devices.screen)));
  const choose = control("gear", "calls devices", () => void chooseDevice());
  const bring = control("invite", "calls bring", () => askWhom());
  const end = control("hangup", "calls hang up", () => void call.hangUp());
  end.classList.add("hang-up");
  screen.hidden = !navigator.mediaDevices?.getDisplayMedia;
  choose.setAttribute("aria-haspopup", "menu");

  /** @param {() => Promise<void>} work */
  async function attempt(work) {
    try {
      await work();
    } catch (error) {
      // Whoever closes the browser's own question knows that.
      if (!(error instanceof DOMException && error.name === "NotAllowedError")) frame.toasts.show(t("calls no device"));
    }
  }

  async function chooseDevice() {
    const lines = [];
    for (const kind of /** @type {Kind[]} */ (["audio", "video"])) {
      const used = (kind === "audio" ? devices.microphone : devices.camera)?.getSettings().deviceId;
      const known = await devices.list(kind);
      if (known.length) lines.push({ heading: t(kind === "audio" ? "calls microphones" : "calls cameras") });
      for (const { deviceId, label } of known) {
        lines.push({ label: label || deviceId, checked: deviceId === used, run: () => void attempt(() => devices.choose(kind, deviceId)) });
      }
    }
    if (lines.length) openMenu(choose, lines, t("calls devices"));
    else frame.toasts.show(t("calls no device"));
  }

  function askWhom() {
    askText({
      title: t("calls bring"),
      label: t("calls id"),
      value: "",
      action: t("calls bring short"),
      onanswer: (text) => {
        const id = idIn(text);
        if (isId(id)) void call.invite(id);
        else frame.toasts.show(t("calls no id"));
      },
    });
  }

  function show() {
    for (const [id, { tile, member }] of tiles) {
      if (call.members.get(id) === member) continue;
      tile.remove();
      tiles.delete(id);
    }
    for (const [id, member] of call.members) {
      if (tiles.has(id)) continue;
      const tile = memberTile(member, signal);
      tiles.set(id, { tile, member });
      grid.append(tile);
    }
    grid.dataset.count = String(tiles.size);
    press(microphone, devices.muted || !devices.microphone, devices.muted ? "mic off" : "mic", devices.muted ? "calls unmute" : "calls mute");
    microphone.disabled = !devices.microphone;
    press(camera, !devices.camera, devices.camera ? "video" : "video off", devices.camera ? "calls camera off" : "calls camera on");
    press(screen, !!devices.screen, "screen", devices.screen ? "calls share end" : "calls share");
    bring.disabled = call.full;
    bring.title = call.full ? t("calls full", { most: MOST }) : t("calls bring");
    const [only] = call.members.values();
    put(detail, ...(call.members.size === 1 && only ? parted(qualityText(only)) : []));
  }

  function tick() {
    clock.textContent = call.began ? duration(Date.now() - call.began) : "";
  }

  call.on("changed", show, signal);
  const timer = setInterval(tick, 1000);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  show();
  tick();
  return h(
    "div",
    { class: "stage" },
    h("div", { class: "stage-pictures" }, grid, ownTile(call, signal)),
    h("div", { class: "call-line" }, clock, detail),
    h("div", { class: "call-controls", role: "toolbar", "aria-label": t("calls controls") }, microphone, camera, screen, choose, bring, end),
  );
}

/** A line of several figures, which breaks between them only. @param {string} text */
function parted(text) {
  return text.split(" · ").flatMap((part, index) => [index > 0 && " · ", h("span", null, part)]);
}

/** @param {string} name @param {Key} label @param {() => void} run */
function control(name, label, run) {
  return h("button", { type: "button", class: "call-control", "aria-label": t(label), title: t(label), onclick: run }, icon(name));
}

/** @param {HTMLButtonElement} button @param {boolean} pressed @param {string} name @param {Key} label */
function press(button, pressed, name, label) {
  button.setAttribute("aria-pressed", String(pressed));
  if (button.dataset.icon === name && button.title === t(label)) return;
  button.dataset.icon = name;
  button.title = t(label);
  button.setAttribute("aria-label", button.title);
  put(button, icon(name));
}

/** @param {number} milliseconds */
function duration(milliseconds) {
  const whole = Math.floor(milliseconds / 1000);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return (parts[0] ? parts : parts.slice(1)).map((part, index) => (index ? String(part).padStart(2, "0") : part)).join(":");
}
