"""Speech without a key and without a network: espeak-ng speaks, PocketSphinx hears some phrases. They are the extra ``offline``.

Both are C libraries that compute: what is called here runs on threads of its own, never on the event loop.
"""

from salon.providers.offline.house import house

__all__ = ["house"]
