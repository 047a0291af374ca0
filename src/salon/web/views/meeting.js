/** What calls and files share, and what outlives their views: who is called while in Talk is rung there. */

import { Places } from "../files/places.js";
import { Transfers } from "../files/transfers.js";
import { Calls } from "../peer/calls.js";
import { Peer } from "../peer/peer.js";
import { showIncoming } from "./calls/incoming.js";
import { showOffers } from "./files/offer.js";

/** @typedef {import("../frame.js").Frame} Frame */
/** @typedef {{ peer: Peer, calls: Calls, transfers: Transfers }} Meeting */

/** @param {Frame} frame @returns {Promise<Meeting>} */
export function meeting(frame) {
  return frame.keep("meeting", async () => {
    const peer = new Peer();
    const calls = new Calls(peer);
    const transfers = new Transfers(peer, await Places.open());
    showIncoming(frame, calls);
    showOffers(frame, transfers);
    await transfers.recall().catch(() => {});
    frame.on("rekeyed", () => peer.signaling.restart());
    addEventListener("pagehide", () => peer.leave());
    addEventListener("beforeunload", (event) => {
      const moving = transfers.all.some(({ state, way }) => way === "out" && (state === "running" || state === "paused"));
      if (calls.call?.connected || moving) event.preventDefault();
    });
    return { peer, calls, transfers };
  });
}
