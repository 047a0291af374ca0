"""What the house needs from outside, as Protocols: one per file, no code that does anything."""
