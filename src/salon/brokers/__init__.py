"""Brokers: what carries topics between members, and between processes. One suite, tests/contract/test_broker.py, over all.

May not happen here: a protocol that clients speak, a rule about who may do what.
"""
