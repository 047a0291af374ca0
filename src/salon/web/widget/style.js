/** How the widget looks, inside its shadow: the page around it is neither seen nor touched. */

export const STYLE = `
:host { all: initial; position: fixed; z-index: 2147483000; right: 20px; bottom: 20px; color-scheme: light dark; }
* { box-sizing: border-box; margin: 0; }
.widget {
  --ground: light-dark(#fbfaf7, #171614); --surface: light-dark(#fff, #201f1c); --sunken: light-dark(#f3f1ec, #2b2925);
  --line: light-dark(#e5e1d8, #34322d); --ink: light-dark(#1e1c19, #edebe6); --faint: light-dark(#6b665e, #a19c92);
  --accent: light-dark(#0b6b61, #52c7b6); --on-accent: light-dark(#fff, #06211d); --soft: light-dark(#e1f0ed, #1b3531);
  color: var(--ink); font: 400 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
}
[hidden] { display: none !important; }
button, textarea { color: inherit; font: inherit; }
button { padding: 0; border: 0; background: none; cursor: pointer; }
button:focus-visible, textarea:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.launch { display: grid; position: relative; width: 58px; height: 58px; place-items: center; border-radius: 50%; background: var(--accent);
  color: var(--on-accent); box-shadow: 0 6px 24px rgb(0 0 0 / 24%); }
.launch svg { width: 28px; height: 28px; fill: none; stroke: currentcolor; stroke-width: 1.7; stroke-linejoin: round; stroke-linecap: round; }
.count { position: absolute; top: -3px; right: -3px; min-width: 22px; padding: 0 6px; border-radius: 11px; background: light-dark(#a8261c, #ff9d92);
  color: var(--ground); font-size: 12px; font-weight: 700; line-height: 22px; text-align: center; }
.panel { display: flex; position: absolute; right: 0; bottom: 72px; width: 372px; height: min(600px, calc(100dvh - 120px)); flex-direction: column;
  overflow: hidden; border: 1px solid var(--line); border-radius: 18px; background: var(--ground); box-shadow: 0 18px 60px rgb(0 0 0 / 28%); }
.head { display: flex; min-height: 56px; padding: 8px 10px 8px 18px; align-items: center; background: var(--accent); color: var(--on-accent); }
.head h2 { flex: 1; font-size: 16px; font-weight: 650; }
.head button { width: 36px; height: 36px; border-radius: 8px; font-size: 20px; line-height: 1; }
/* From the bottom: what grows last is in sight, until its reader scrolls. */
.scroll { display: flex; flex: 1; min-height: 0; flex-direction: column-reverse; overflow-y: auto; overscroll-behavior: contain; }
.list { display: flex; padding: 16px; flex: none; flex-direction: column; gap: 8px; list-style: none; }
.said { max-width: 86%; padding: 8px 13px; align-self: flex-start; border-radius: 16px 16px 16px 5px; background: var(--sunken); overflow-wrap: anywhere; }
.said.mine { align-self: flex-end; border-radius: 16px 16px 5px; background: var(--soft); }
.said.pending { opacity: .6; }
.said .by { color: var(--faint); font-size: 12px; font-weight: 600; }
.said p + p, .said ul, .said ol, .said pre, .said table { margin-top: 6px; }
.said ul, .said ol { padding-left: 20px; }
.said pre { overflow-x: auto; white-space: pre-wrap; font-size: 13px; }
.said h3, .said h4, .said h5, .said h6 { font-size: 15px; }
.said a { color: var(--accent); }
.notice { align-self: center; color: var(--faint); font-size: 13px; text-align: center; }
.line { min-height: 20px; padding: 0 18px; color: var(--faint); font-size: 12.5px; }
.line button, .asks button { color: var(--accent); font-weight: 600; text-decoration: underline; text-underline-offset: .2em; }
.asks { display: flex; min-height: 30px; padding: 4px 18px; gap: 12px; align-items: center; justify-content: space-between; font-size: 13.5px; }
.stars { display: flex; gap: 2px; }
.stars button { width: 32px; height: 32px; border-radius: 8px; color: light-dark(#8a5a00, #e8b75a); font-size: 22px; line-height: 1; text-decoration: none; }
form { display: flex; margin: 0 12px 12px; padding: 5px; gap: 4px; align-items: flex-end; border: 1px solid var(--line); border-radius: 18px; background: var(--surface); }
form:focus-within { border-color: var(--accent); }
textarea { flex: 1; min-width: 0; max-height: 120px; padding: 7px 10px; border: 0; outline: 0; background: none; font-size: 16px; resize: none; }
textarea:focus-visible { outline: 0; }
.send { display: grid; flex: none; width: 36px; height: 36px; place-items: center; border-radius: 50%; background: var(--accent); color: var(--on-accent); font-size: 18px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 480px) {
  .panel { position: fixed; inset: 0; width: auto; height: auto; padding-bottom: env(safe-area-inset-bottom); border: 0; border-radius: 0; }
  .panel:not([hidden]) + .launch { display: none; }
  .head button, .send, .stars button { width: 44px; height: 44px; }
  .asks button { min-height: 44px; }
}
`;
