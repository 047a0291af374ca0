"""Bytes to words and back, one file (or package) per protocol.

May not happen here: I/O, asyncio, a look at the clock, randomness, state that outlives a message, an import of another
protocol. A decoder meets whatever the network brings: it answers with words of ``salon.base`` or raises ``ClientError`` or
``BadAnswer``, and nothing else.
"""
