"""What a running site takes while nobody asks, and how soon it answers."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

from bench import ours
from bench.machine import descendants, process_name, proportional_set_size

SETTLE_S = 5


def measure(folder: Path, quick: bool) -> str:
    """Memory of all processes of `calotype up` with two edge workers, and the times of three starts, as Markdown."""
    first = folder / "first"
    first.mkdir()
    with ours.site(first, workers=2) as site:
        time.sleep(1 if quick else SETTLE_S)
        sizes = {pid: proportional_set_size(pid) for pid in descendants(site.pid)}
        starts = [site.started_in_s]
        names = {pid: process_name(pid) for pid in sizes}
    for number in range(0 if quick else 2):
        again = folder / f"again-{number}"
        again.mkdir()
        with ours.site(again, workers=2) as site:
            starts.append(site.started_in_s)
    lines = [
        "## An idle site\n",
        f"`calotype up` with two edge workers, all {len(sizes)} processes together: "
        f"**{sum(sizes.values()) / 1e6:.0f} MB** (PSS). From the command to an edge that accepts connections, "
        f"in a new data folder: {statistics.median(starts):.2f} s.\n",
        "| process | PSS |",
        "|---|---:|",
    ]
    lines += [f"| {names[pid]} | {size / 1e6:.1f} MB |" for pid, size in sizes.items()]
    return "\n".join(lines)
