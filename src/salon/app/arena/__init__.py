"""The arena: a small game on an authoritative state. ``rules`` is what a step is, for the server and, line by line the same, for
the page (`web/arena/rules.js`); ``world`` is everything that only the server decides."""
