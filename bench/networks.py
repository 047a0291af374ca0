"""Does each viewer get the highest layer that fits, within two seconds both ways? On many networks drawn by lot, in virtual time.

``python -m bench.networks 400`` simulates 400 networks of each lot, 40 s of each, from a seed of the day's own choosing or the
one given behind: no other than the engine's own estimator and allocator run, on a link that is simulated. Then viewers without
transport-wide feedback on the second lot: those that give receiver reports alone, and those with aiortc's REMB besides.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tests.fakes.coarse_viewer import CoarseNetwork
from tests.fakes.networks import EXAMPLES, STEP_MS, UNSEEN, WITHIN_MS, Network, Outcome, summary


def row(name: str, networks: Iterable[Network]) -> str:
    outcomes: list[Outcome] = [each for network in networks for each in network.run()]
    found = summary(outcomes)
    shares = {}
    for up in (True, False):
        took = sorted(each.took if each.took is not None else STEP_MS for each in outcomes if each.up is up)
        shares[up] = (
            f"{sum(each <= WITHIN_MS for each in took) / len(took):7.2%} (half {took[len(took) // 2] / 1000:.1f} s)"
        )
    return (
        f"{name:9} {found.steps:5} steps  right within 2 s {1 - found.late:7.2%}, up {shares[True]}, down {shares[False]}"
        f"  worst {found.worst / 1000:.1f} s  95 % up {found.up / 1000:.1f} s, down {found.down / 1000:.1f} s"
        f"  never {found.never}  right from then on {1 - found.wrong:.2%}"
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 20_000
    seeds = range(first, first + count)
    print(row("examples", (Network(seed, EXAMPLES) for seed in seeds)), flush=True)
    print(row("unseen", (Network(seed, UNSEEN) for seed in seeds)), flush=True)
    for name, remb in (("reports", False), ("REMB", True)):
        print(row(name, (CoarseNetwork(seed, UNSEEN, remb=remb) for seed in seeds)), flush=True)


if __name__ == "__main__":
    main()
