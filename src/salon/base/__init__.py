"""Words that everyone may use: errors, identifiers, chat, commands, events.

Nothing here imports anything of ours, does I/O, reads a clock or draws a random number.
"""
