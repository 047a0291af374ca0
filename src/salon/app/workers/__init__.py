"""Salon in several processes: a parent that is the whole server but for the media engine, and workers with an engine each.

Nothing here decides where a session goes (``salon.rtc.placement``) or what a client is answered (``salon.serve.workers``).
"""
