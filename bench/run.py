"""`python -m bench.run [FIGURE…]`: measures, prints, and rewrites the named figures' sections of `RESULTS.md`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import deletes, hits, large, listing, machine, memory, objects, sync, uploads

RESULTS = Path(__file__).with_name("RESULTS.md")
KEPT = Path(__file__).with_name("results.json")
FIGURES: dict[str, Callable[[Path, bool], str]] = {
    "hits": hits.measure,
    "objects": objects.measure,
    "uploads": uploads.measure,
    "large": large.measure,
    "listing": listing.measure,
    "deletes": deletes.measure,
    "sync": sync.measure,
    "memory": memory.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"of {', '.join(FIGURES)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="one short round, printed and not written down")
    arguments = parser.parse_args()
    for name in arguments.figures or FIGURES:
        with tempfile.TemporaryDirectory(prefix=f"bench-{name}-") as folder:
            Path(folder).chmod(0o755)  # Varnish works as a user of its own
            section = f"{FIGURES[name](Path(folder), arguments.quick)}\n\n{provenance()}"
        print(section, flush=True)
        if not arguments.quick:
            write({name: section})  # at once: a later figure that fails takes nothing of this one away


def provenance() -> str:
    return f"*{datetime.now(UTC):%Y-%m-%d}, {machine.description()}.*"


def write(sections: dict[str, str]) -> None:
    """Replaces the sections that were measured now and keeps the others as they stand."""
    kept: dict[str, str] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept.update(sections)
    KEPT.write_text(json.dumps({name: kept[name] for name in FIGURES if name in kept}, indent=1) + "\n")
    parts = [f"# Figures\n\n{INTRODUCTION}", *(kept[name] for name in FIGURES if name in kept)]
    RESULTS.write_text("\n\n".join(parts) + "\n")


INTRODUCTION = """\
Written by `make bench`. Servers run on one core and the load on another, rounds alternate between the servers, and each
ratio is the median of the rounds' ratios: on a machine that others share, the ratios tell more than the figures."""


if __name__ == "__main__":
    main()
