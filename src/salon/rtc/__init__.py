"""WebRTC without a socket: ICE, SDP, RTP, RTCP, retransmission, forwarding.

Nothing here does I/O, reads a clock or draws a random number: datagrams, addresses, milliseconds and fresh bytes are
arguments, and what is to be sent is returned.
"""
