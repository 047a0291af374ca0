"""GStreamer's webrtcbin, which whipclientsink and whepsrc are made of, with an exchange of WHIP's or WHEP's around it. It runs
in Debian's Python, where its bindings are.

gstreamer_webrtc.py publish|watch URL TOKEN

Who watches says ``pictures N`` and ``sounds N``. It leaves when its standard input ends.
"""

import sys
import threading
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PUBLISHES = """
webrtcbin name=rtc bundle-policy=max-bundle
videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=15/1
  ! vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay picture-id-mode=15-bit
  ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! rtc.
audiotestsrc is-live=true wave=ticks ! audioconvert ! audioresample ! opusenc ! rtpopuspay
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! rtc.
"""
WANTED = (
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2",
    "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000,rtcp-fb-nack-pli=true",
)
DECODERS = {"video": "rtpvp8depay ! vp8dec ! fakesink", "audio": "rtpopusdepay ! opusdec ! fakesink"}


def say(*words: object) -> None:
    print(*words, flush=True)


class Client:
    def __init__(self, way: str, url: str, token: str) -> None:
        self.url, self.token, self.location = url, token, ""
        self.seen = {"video": 0, "audio": 0}
        if way == "publish":
            self.pipeline = Gst.parse_launch(PUBLISHES)
        else:
            self.pipeline = Gst.Pipeline.new()
            self.pipeline.add(Gst.parse_launch("webrtcbin name=rtc bundle-policy=max-bundle"))
        self.rtc = self.pipeline.get_by_name("rtc")
        if way == "publish":
            sendonly = GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY
            for number in range(2):
                self.rtc.emit("get-transceiver", number).set_property("direction", sendonly)
        else:
            recvonly = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            for caps in WANTED:
                self.rtc.emit("add-transceiver", recvonly, Gst.Caps.from_string(caps))
            self.rtc.connect("pad-added", self.decode)
        self.rtc.connect("on-negotiation-needed", self.negotiate)

    def negotiate(self, _: object) -> None:
        self.rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, None))

    def offered(self, promise: Gst.Promise, _: object) -> None:
        promise.wait()
        reply = promise.get_reply()
        # Without the name for it, what it holds is freed before it is read.
        offer = reply.get_value("offer")
        self.rtc.emit("set-local-description", offer, None)
        # What the answer says of the server is enough: none of ours is waited for.
        threading.Thread(target=self.exchange, args=(offer.sdp.as_text(),), daemon=True).start()

    def exchange(self, offer: str) -> None:
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}"}
        with urllib.request.urlopen(urllib.request.Request(self.url, offer.encode(), headers)) as response:
            self.location = urllib.parse.urljoin(self.url, response.headers["Location"])
            text = response.read().decode()
        _, sdp = GstSdp.SDPMessage.new_from_text(text)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.rtc.emit("set-remote-description", answer, None)

    def decode(self, _: object, pad: Gst.Pad) -> None:
        kind = pad.get_current_caps().get_structure(0).get_string("media")
        decoder = Gst.parse_bin_from_description(DECODERS[kind], True)
        sink = next(each for each in decoder.children if each.get_factory().get_name() == "fakesink")
        sink.set_property("signal-handoffs", True)
        sink.connect("handoff", self.got, kind)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def got(self, _: object, __: object, ___: object, kind: str) -> None:
        self.seen[kind] += 1
        if not self.seen[kind] % 10:
            say({"video": "pictures", "audio": "sounds"}[kind], self.seen[kind])

    def leave(self) -> None:
        request = urllib.request.Request(self.location, method="DELETE")
        request.add_header("Authorization", f"Bearer {self.token}")
        urllib.request.urlopen(request).close()
        self.pipeline.set_state(Gst.State.NULL)


def main() -> None:
    Gst.init(None)
    client, loop = Client(*sys.argv[1:]), GLib.MainLoop()

    def until_told() -> None:
        sys.stdin.read()
        GLib.idle_add(loop.quit)

    threading.Thread(target=until_told, daemon=True).start()
    client.pipeline.set_state(Gst.State.PLAYING)
    loop.run()
    client.leave()


if __name__ == "__main__":
    main()
