"""One client's way in and out: frames, a bounded queue of what is to be sent, the closing handshake.

May not happen here: a reading of what a message means, a wait for a slow reader that holds up anybody else. Whoever does
not read is closed with a code that says so.
"""
