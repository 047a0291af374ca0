/** Publishes tracks by WHIP (RFC 9725). */

import { LivePeer } from "./peer.js";

/**
 * What is sent of a picture, from the smallest to the largest, as RFC 8853 section 5.2 leaves to the sender: each viewer gets the best
 * that its network carries. Small letters on a screen are worth more than a smaller picture of it.
 *
 * @param {number} bitRate of the largest, bit/s
 * @param {boolean} screen
 * @returns {RTCRtpEncodingParameters[]}
 */
export function layersOf(bitRate, screen) {
  if (screen) return [{ maxBitrate: bitRate }];
  return [
    { rid: "l", scaleResolutionDownBy: 4, maxBitrate: Math.round(bitRate * 0.08) },
    { rid: "m", scaleResolutionDownBy: 2, maxBitrate: Math.round(bitRate * 0.28) },
    { rid: "h", scaleResolutionDownBy: 1, maxBitrate: bitRate },
  ];
}

export class WhipClient extends LivePeer {
  /**
   * @param {string} endpoint
   * @param {string} key
   * @param {import("./trace.js").Trace} trace
   * @param {{ stream: MediaStream, screen: boolean, bitRate: number }} media the stream's first audio and first video are sent
   */
  constructor(endpoint, key, trace, { stream, screen, bitRate }) {
    super(endpoint, key, trace);
    this.stream = stream;
    this.screen = screen;
    this.bitRate = bitRate;
  }

  /** @override @param {RTCPeerConnection} connection */
  prepare(connection) {
    const [audio] = this.stream.getAudioTracks();
    const [video] = this.stream.getVideoTracks();
    if (audio) connection.addTransceiver(audio, { direction: "sendonly", streams: [this.stream] });
    if (video) {
      const sendEncodings = layersOf(this.bitRate, this.screen);
      connection.addTransceiver(video, { direction: "sendonly", streams: [this.stream], sendEncodings });
    }
  }

  /** @param {number} bitRate of the picture, from now on */
  async limit(bitRate) {
    this.bitRate = bitRate;
    const sender = this.connection.getSenders().find((each) => each.track?.kind === "video");
    const parameters = sender?.getParameters();
    if (!sender || !parameters?.encodings.length) return;
    const layers = layersOf(bitRate, parameters.encodings.length === 1);
    parameters.encodings.forEach((encoding, at) => (encoding.maxBitrate = layers[at]?.maxBitrate));
    await sender.setParameters(parameters);
  }

  /** Send another track instead of the one of its kind. @param {MediaStreamTrack} track */
  async replace(track) {
    const sender = this.connection.getSenders().find((each) => each.track?.kind === track.kind);
    await sender?.replaceTrack(track);
  }
}
