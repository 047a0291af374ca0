"""Doors over several processes: the parent has the clients' connections and the gate, workers have an engine each.

May not happen here: starting or ending a process (``salon.app.workers`` does), a second look at a credential in a worker.
"""
