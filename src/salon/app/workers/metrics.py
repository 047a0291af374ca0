"""The metrics of several processes as one page: each sample says whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from salon.app.workers.crew import Crew

LABEL = "worker"

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?( .+)")
_ABOUT = re.compile(r"# (?:HELP|TYPE) (\S+) ")


class CrewMetrics(Collector):
    """In the parent."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("salon_workers", "Workers that are up.", len(self._crew.pids))
        yield CounterMetricFamily("salon_workers_restarted", "Workers started again.", self._crew.restarts)


def merged(texts: Mapping[str, str]) -> str:
    """Pages in Prometheus' text format as one, the label ``worker`` added to each sample. What is said of a metric stands once,
    and all its samples behind it, as the format wants it."""
    about: dict[str, list[str]] = {}
    samples: dict[str, list[str]] = {}
    for worker, text in texts.items():
        name = ""
        for line in text.splitlines():
            if found := _ABOUT.match(line):
                name = found[1]
                lines = about.setdefault(name, [])
                if line not in lines:
                    lines.append(line)
            elif sample := _SAMPLE.fullmatch(line):
                labels = f'{LABEL}="{worker}"' + (f",{sample[2]}" if sample[2] else "")
                samples.setdefault(name, []).append(f"{sample[1]}{{{labels}}}{sample[3]}")
    return "".join(f"{line}\n" for name in about for line in (*about[name], *samples.get(name, ())))
