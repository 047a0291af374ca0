"""The Centrifuge protocol, in JSON: what ``centrifuge`` (npm), ``centrifuge-python`` and Centrifugo's other clients speak.

Frames are objects joined by newlines, both ways. ``commands`` reads what clients say, ``encode`` writes what they are told,
``codes`` has the numbers that both sides act on, ``api`` the bodies of the HTTP server API. Source: ``client.proto`` of
centrifugal/protocol, and https://centrifugal.dev/docs/transports/client_protocol.
"""
