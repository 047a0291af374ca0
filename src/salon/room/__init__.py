"""A room without a socket: topics in four modes, who is there, who may do what.

May not happen here: I/O, asyncio, a look at the clock (time is an argument, in integer milliseconds), randomness, a protocol's
name. A class named after what is kept (``History``, ``Newest``, ``StateMap``, ``Roster``) is the truth, which brokers hold; one
named ``…Topic`` is a process's copy of it with the readers that it serves.
"""
