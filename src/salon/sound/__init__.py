"""Samples in, samples out: framing, resampling, gain, G.711.

Audio is PCM: signed 16 bits, little-endian, one channel, as ``bytes``. May not happen here: I/O, a clock, asyncio, a
protocol's or a vendor's name. numpy is allowed, and only here.
"""
