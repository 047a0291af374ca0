"""The embedded media engine: sockets, clocks and timers around the machines of ``rtc``.

The only importer of aiortc, av, pylibsrtp and OpenSSL. Nothing here knows what a room, a conversation or an HTTP request is. The
packet path is flat: no await, no task and no log line in it.
"""
