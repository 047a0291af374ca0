"""The whole made from its parts: configuration, clock, logs, metrics, life cycle, and ``build``, which knows every room.

May not happen here: a rule about conversations or protocols, work at import time, a global that holds an open connection.
"""
