"""The doors of the rooms: Centrifuge's protocol over WebSocket and one way over Server-Sent Events, and its HTTP server API.

``door`` lets clients in, ``connection`` obeys one client's commands, ``telling`` makes what many are told, once, ``grants``
reads what a caller may do, ``stream`` is the one-way connection and ``api`` the server's side.
"""
