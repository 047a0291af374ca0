"""Doors: one file or package per protocol that clients come in by, paired with its file in ``salon.wire``.

May not happen here: a decision about the conversation (``salon.turn`` and ``salon.session`` take it), a rule of a second
protocol, an import of a house. A door says who may come in, speaks its protocol and counts; what a client gets wrong it
answers in that protocol's own way.
"""
