"""Running a program's main coroutine on uvloop until it ends or is asked to stop."""

from __future__ import annotations

import asyncio
import resource
import signal
from collections.abc import Coroutine
from typing import Any

import uvloop

# Each connection is an open file, and the usual soft limit is 1,024: a server would stop accepting at that many.
OPEN_FILES_WANTED = 65_536


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs the coroutine to its end on uvloop, with as many open files as the system allows."""
    raise_file_limit()
    uvloop.run(main)


def raise_file_limit() -> int:
    """Raises the soft limit on open files towards the hard one; the limit that holds from now on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES_WANTED if hard == resource.RLIM_INFINITY else min(OPEN_FILES_WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; a program waits for it and then drains."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped
