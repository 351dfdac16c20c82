"""`calotype console`: the web page of one site, on uvicorn."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from calotype.console.app import console_app
from calotype.console.memory import give_memory_back
from calotype.console.passwords import ensure_password
from calotype.console.settings import ConsoleSettings
from calotype.private_files import write_private
from calotype.serve.listener import bind

STOP_TIMEOUT_S = 15
# Idle browser connections cost little, but not nothing.
KEEP_ALIVE_S = 75
MAX_CONNECTIONS = 256


def run(settings: ConsoleSettings, ready: Callable[[], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT; running uploads get a little time to end. Raises AddressInUse.

    Calls `ready` once the console answers.
    """
    announce_password(ensure_password(settings.folder), settings.folder)
    listener = bind(settings.listen)
    server = ConsoleServer(
        uvicorn.Config(
            console_app(settings),
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=True,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
        ),
        ready,
    )
    give_memory_back()  # what importing and compiling used, a third of all
    server.run(sockets=[listener])


class ConsoleServer(uvicorn.Server):
    """uvicorn's server, telling when it has begun to answer, and simply returning after a stop signal."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._ready is not None:
            self._ready()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stops on SIGTERM and SIGINT. uvicorn's own would raise the signal once more when all is done."""
        former = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def announce_password(password: str | None, folder: Path) -> None:
    """Show a password just made once: on the terminal, or in a file for its owner when there is none."""
    if password is None:
        return
    if sys.stdout.isatty():
        print(f"Console password, shown this once: {password}", flush=True)
        return
    write_private(folder / "first-password", password + "\n")
