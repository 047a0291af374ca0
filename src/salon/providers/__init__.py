"""Models from houses: one folder per house, and what all of them share (finding them, trying again, falling back).

May not happen here: an import of one house by another, a raise of anything but ``ProviderError`` and ``ConfigError``, a
key in a log, a message or a repr, ``if house == ...``: what differs between houses is data in their profiles.
"""
