"""Words that everyone may use: errors, identifiers, chat, commands, events.

May not happen here: an import of anything of ours, I/O, a look at the clock, randomness.
"""
