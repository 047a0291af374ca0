"""What the house needs from outside, as Protocols, one per file.

May not happen here: code that does anything. A port comes with its second implementation, not before.
"""
