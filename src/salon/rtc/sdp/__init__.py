"""SDP, as far as WebRTC needs it: offers read (RFC 8866, 8829), answers written, and the fragments of trickle ICE (RFC 8840)."""

from salon.rtc.sdp.model import Candidate, Codec, Fingerprint, Media, Offer, Simulcast
from salon.rtc.sdp.parse import parse

__all__ = ["Candidate", "Codec", "Fingerprint", "Media", "Offer", "Simulcast", "parse"]
