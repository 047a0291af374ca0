"""What Salon can do without anybody else: the demonstration model. It is honest about what it is.

May not happen here: a network, a key, randomness. The same conversation at the same time gives the same answer.
"""

from salon.providers.local.house import house

__all__ = ["house"]
