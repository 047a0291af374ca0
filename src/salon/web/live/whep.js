/** Watches a broadcast by WHEP (draft-ietf-wish-whep-03). */

import { LivePeer } from "./peer.js";

export class WhepClient extends LivePeer {
  /**
   * @param {string} endpoint
   * @param {string} key
   * @param {import("./trace.js").Trace} trace
   */
  constructor(endpoint, key, trace) {
    super(endpoint, key, trace);
    this.stream = new MediaStream();
  }

  /** @override */
  get takesCounter() {
    return true;
  }

  /** @override @param {RTCPeerConnection} connection */
  prepare(connection) {
    connection.addTransceiver("audio", { direction: "recvonly" });
    connection.addTransceiver("video", { direction: "recvonly" });
  }

  /** @override @param {RTCPeerConnection} connection @param {RTCIceServer[]} iceServers */
  watch(connection, iceServers) {
    super.watch(connection, iceServers);
    connection.addEventListener("track", ({ track }) => {
      for (const old of this.stream.getTracks()) if (old.kind === track.kind) this.stream.removeTrack(old);
      this.stream.addTrack(track);
    });
  }
}
