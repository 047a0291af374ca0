"""Use cases: a conversation that runs. Here machines meet asyncio and the ports.

May not happen here: a socket, a product's or a protocol's name, a reading of the environment, a task outside a TaskGroup, a
queue without a limit. Time comes from the ``Clock`` port, and one place only waits for it.
"""
