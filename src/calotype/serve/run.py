"""Running a program's main coroutine on uvloop until it ends or is asked to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

import uvloop


def run(main: Coroutine[Any, Any, None]) -> None:
    """Runs the coroutine to its end on uvloop."""
    uvloop.run(main)


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; a program waits for it and then drains."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped
