/** How two pages come to a pipe between them: directly where that is possible, else through the server. */

import { verificationCode } from "../peer/code.js";
import { qualityOf } from "../peer/quality.js";
import { ChannelPipe, Closed } from "./pipe.js";
import { drawKey, keeps, promiseOf, sealWith } from "./seal.js";
import { askForPipe, openTransit } from "./transit.js";

/** @typedef {import("../peer/link.js").Link} Link */
/** @typedef {import("./pipe.js").Pipe} Pipe */

/**
 * `turn`: relayed by a TURN server; `server`: by Salon itself.
 * @typedef {"" | "direct" | "turn" | "server"} Path
 * @typedef {{ path: Path, code: string }} About `code`: the same on both sides if nobody stands between
 * @typedef {{ pipe: Pipe, about: Promise<About> }} Way
 */

const LABEL = "salon-files";
// ICE that has found nothing in so long, with the answer there, finds nothing.
const DIRECT_MS = 8_000;

/**
 * For who sends. Null when it is over before there is a way. Throws `Refusal` where the server carries nothing, and `Closed`.
 *
 * @param {Link} link
 * @param {object} options
 * @param {number} options.bytes how many are to go
 * @param {boolean} options.byServer whether to go through the server whatever paths there are
 * @param {Promise<void>} options.gone
 * @param {() => void} options.accepted the other side takes the files
 * @returns {Promise<Way | null>}
 */
export async function reach(link, { bytes, byServer, gone, accepted }) {
  const channel = link.pc.createDataChannel(LABEL);
  const open = new Promise((/** @type {(value: "direct") => void} */ resolve) => (channel.onopen = () => resolve("direct")));
  const pathless = noPath(link, byServer, accepted).then(() => /** @type {const} */ ("server"));
  await link.start();
  const how = await Promise.race([open, pathless, gone]);
  if (how === "direct") return direct(link, channel);
  return how === "server" ? throughServer(link, bytes, gone) : null;
}

/** Resolves when the other side has answered and there is no path to it. @param {Link} link @param {boolean} unwanted @param {() => void} accepted @returns {Promise<void>} */
function noPath({ pc }, unwanted, accepted) {
  return new Promise((resolve) => {
    let candidates = 0;
    let timer = 0;
    const look = () => {
      if (!pc.remoteDescription || pc.signalingState !== "stable") return;
      if (!timer) accepted();
      timer ||= setTimeout(resolve, DIRECT_MS);
      // Some browsers are not allowed to show any address of their own.
      const hidden = pc.iceGatheringState === "complete" && candidates === 0;
      if (unwanted || hidden || pc.iceConnectionState === "failed") resolve();
    };
    pc.addEventListener("icecandidate", ({ candidate }) => candidate?.candidate && (candidates += 1));
    for (const name of ["signalingstatechange", "icegatheringstatechange", "iceconnectionstatechange"]) pc.addEventListener(name, look);
  });
}

/**
 * For who receives: takes the offer, and hands on each way that the sender comes by.
 *
 * @param {Link} link
 * @param {any} sdp
 * @param {Promise<void>} gone
 * @param {(way: Way) => void} use
 */
export async function comeBy(link, sdp, gone, use) {
  let asked = false;
  link.pc.ondatachannel = ({ channel }) => (channel.label === LABEL ? use(direct(link, channel)) : channel.close());
  link.on("said", (said) => {
    if (said.kind !== "relay" || asked) return;
    asked = true;
    fromServer(link, said, gone).then(
      (way) => way && use(way),
      () => link.emit("gone", "lost"),
    );
  });
  await link.accept(sdp, () => {});
}

/** @param {Link} link @param {RTCDataChannel} channel @returns {Way} */
function direct({ pc }, channel) {
  const look = async () => {
    const code = await verificationCode(pc);
    const { relayed } = qualityOf((await pc.getStats()).values(), new Map());
    return { code, path: /** @type {Path} */ (relayed ? "turn" : "direct") };
  };
  return { pipe: new ChannelPipe(channel, pc.sctp?.maxMessageSize ?? 16_384), about: look() };
}

/** @param {Link} link @param {number} bytes @param {Promise<void>} gone @returns {Promise<Way | null>} */
async function throughServer(link, bytes, gone) {
  link.detach();
  const { token, side, other } = await askForPipe(bytes);
  const own = await drawKey();
  const answer = heard(link, "relay key", gone);
  link.say({ kind: "relay", token, side: other, promise: await promiseOf(own.shown) });
  const told = await answer;
  if (!told) return null;
  const seal = await sealWith(own, String(told.key), "out");
  link.say({ kind: "relay open", key: own.shown });
  return sealed({ token, side }, seal);
}

/** @param {Link} link @param {Record<string, any>} said @param {Promise<void>} gone @returns {Promise<Way | null>} */
async function fromServer(link, { token, side, promise }, gone) {
  link.detach();
  const own = await drawKey();
  const answer = heard(link, "relay open", gone);
  link.say({ kind: "relay key", key: own.shown });
  const told = await answer;
  if (!told) return null;
  // Whoever shows another half than was promised has waited for ours to choose it.
  if (!(await keeps(String(told.key), promise))) throw new Closed();
  return sealed({ token: String(token), side: String(side) }, await sealWith(own, String(told.key), "in"));
}

/** @param {import("./transit.js").End} end @param {import("./seal.js").Seal} seal @returns {Promise<Way>} */
async function sealed(end, seal) {
  return { pipe: await openTransit(end, seal), about: Promise.resolve({ path: "server", code: seal.code }) };
}

/** What the other end says next of a kind; null when it is gone before. @param {Link} link @param {string} kind @param {Promise<void>} gone @returns {Promise<Record<string, any> | null>} */
function heard(link, kind, gone) {
  return new Promise((resolve) => {
    link.on("said", (said) => said.kind === kind && resolve(said));
    void gone.then(() => resolve(null));
  });
}
