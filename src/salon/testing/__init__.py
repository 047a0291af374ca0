"""Conversations in virtual time: try your agents as Salon's own are tried, in microseconds and the same each time.

``Simulation`` is a spoken conversation with a person who says what a script says; ``VirtualLoop`` the event loop whose clock
jumps when nothing is to be done. With pytest the fixture ``simulate`` makes them. Everything between the person's microphone
and their loudspeaker is what runs in production; simulated are the network, the recogniser, the synthesiser and, unless
given, the model.

May not happen here: real I/O, a real clock, randomness, a look at the server's configuration.
"""

from salon.testing.clock import Stuck, VirtualLoop, run
from salon.testing.models import SimulatedAsr, SimulatedLlm, SimulatedTts, SimulatedTurnDetector
from salon.testing.simulation import Simulation

__all__ = [
    "SimulatedAsr",
    "SimulatedLlm",
    "SimulatedTts",
    "SimulatedTurnDetector",
    "Simulation",
    "Stuck",
    "VirtualLoop",
    "run",
]
