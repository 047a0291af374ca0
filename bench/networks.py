"""Does each viewer get the highest layer that fits, within two seconds both ways? On many networks drawn by lot, in virtual time.

``python -m bench.networks 400`` simulates 400 networks of each lot, 40 s of each, from a seed of the day's own choosing or the
one given behind: no other than the engine's own estimator and allocator run, on a link that is simulated.
"""

from __future__ import annotations

import sys

from tests.fakes.networks import EXAMPLES, UNSEEN, Lot, Network, summary


def row(name: str, lot: Lot, seeds: range) -> str:
    found = summary([each for seed in seeds for each in Network(seed, lot).run()])
    return (
        f"{name:9} {found.steps:5} steps  right within 2 s {1 - found.late:7.2%}  worst {found.worst / 1000:.1f} s"
        f"  95 % up {found.up / 1000:.1f} s, down {found.down / 1000:.1f} s  right from then on {1 - found.wrong:.2%}"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    for name, lot in (("examples", EXAMPLES), ("unseen", UNSEEN)):
        print(row(name, lot, range(first, first + count)), flush=True)


if __name__ == "__main__":
    main()
