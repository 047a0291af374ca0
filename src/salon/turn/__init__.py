"""Whose turn is it, and what was said: machines that take a command or an event and return what to do about it.

May not happen here: I/O, asyncio, a look at the clock (time is an argument, in integer milliseconds), randomness (identifiers
come from a function that is passed in), a vendor's name, a protocol's field name. A machine returns its outputs from the
call that caused them; nothing waits inside to be drained.
"""
