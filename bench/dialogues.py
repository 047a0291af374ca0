"""The dialogue set of ``tests/data/dialogues``: how often Salon stops for a nod, misses an interruption, cuts a turn off.

python -m bench.dialogues [AT_ONCE] [NAME ...]

First in virtual time, the same each time; then by calls over real WebRTC, ``AT_ONCE`` at a time, as the callers see and hear it.
Each for the half that the machines were tuned on and for the half that was held out.
"""

from __future__ import annotations

import asyncio
import sys
import time

from bench.machine import describe
from tests.dialogues import virtual
from tests.dialogues.judge import Verdict, faults, table
from tests.dialogues.script import Dialogue, dialogues

AT_ONCE = 11


def report(what: str, verdict: Verdict) -> None:
    for half, held_out in (("tuned on", False), ("held out", True)):
        records = [record for record in verdict.records if record.dialogue.held_out is held_out]
        quoted = [each for each in verdict.quoted if each.held_out is held_out]
        names = {record.dialogue.name for record in records}
        by_room = [name for name in verdict.by_room if name in names]
        if records:
            print(f"\n{what}, {half}:\n{table(Verdict(records, quoted, by_room))}")
    if len({record.dialogue.held_out for record in verdict.records}) == 2:
        print(f"\n{what}, all:\n{table(verdict)}")
    print("\n".join(faults(verdict)), flush=True)


def main(at_once: int, chosen: list[Dialogue]) -> None:
    # Before anything has spoken here: see ``tests.dialogues.sound.begin``.
    began = time.monotonic()
    verdict = virtual.replay([each.name for each in chosen])
    print(f"bench/dialogues: {describe()}")
    report(f"{len(chosen)} dialogues in virtual time ({time.monotonic() - began:.0f} s)", verdict)
    from tests.dialogues import calls  # noqa: PLC0415 libwebrtc starts threads, and those above were forked

    began = time.monotonic()
    verdict = asyncio.run(calls.replay(chosen, at_once))
    report(f"{len(chosen)} dialogues over WebRTC, {at_once} at a time ({time.monotonic() - began:.0f} s)", verdict)


if __name__ == "__main__":
    names = sys.argv[2:]
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else AT_ONCE,
        [each for each in dialogues() if not names or each.name in names],
    )
