"""What the figures were measured on, and what a running site takes of it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def description() -> str:
    """One line: processor, cores, memory, kernel, Python."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    parts = [
        cpu[1] if cpu else platform.machine(),
        f"{os.cpu_count()} cores",
        f"{int(memory[1]) / 2**20 if memory else 0:.0f} GiB",
        f"Linux {platform.release()}",
        f"Python {platform.python_version()}",
    ]
    return ", ".join(parts)


def descendants(pid: int) -> list[int]:
    """The process and all that it started, directly or not."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    family = [pid]
    for member in family:
        family.extend(children.get(member, []))
    return family


def proportional_set_size(pid: int) -> int:
    """Bytes of memory that the process takes, shared pages split among their users (PSS)."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the kernel does not tell the PSS of process {pid}")
    return int(found[1]) * 1024


def peak_resident(pid: int) -> int:
    """The most bytes of memory that the process has taken since its start, pages it shares with others included."""
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the kernel does not tell the peak memory of process {pid}")
    return int(found[1]) * 1024


def process_name(pid: int) -> str:
    """At most 15 characters, as `ps -o comm` shows it."""
    return Path(f"/proc/{pid}/comm").read_text().strip()
