"""One light parent process over forked children: starts them, restarts what crashes, stops all in order.

The parent imports nothing heavy itself, runs no threads and no event loop: it sleeps in `poll` until a signal, a
report of readiness or the time of a restart. Children are forked after the caller's imports, so that they share
the memory of the code (`gc.freeze` keeps the collector from touching those pages).

Each child leads a process group of its own, because Ctrl-C reaches the whole foreground group at once and the
order of stopping is the parent's to keep. When the parent is killed outright, the kernel sends its children SIGTERM.
"""

from __future__ import annotations

import ctypes
import gc
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

FIRST_RESTART_DELAY_S = 0.2  # a single crash should cost viewers almost nothing
LONGEST_RESTART_DELAY_S = 30.0  # a child that cannot run should not fill the disk with its log
STEADY_AFTER_S = 60.0  # a child that ran this long starts again at the first delay
DEFAULT_STOP_TIMEOUT_S = 20.0

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PR_SET_PDEATHSIG, _PR_SET_NAME = 1, 15  # linux/prctl.h

Ready = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Child:
    """A program to keep running. `target` is called in the forked process and calls what it is given once it serves.

    With `restart=False` it runs once, after every other child has become ready, and its end is no event.
    """

    name: str
    target: Callable[[Ready], None]
    restart: bool = True
    stop_timeout_s: float = DEFAULT_STOP_TIMEOUT_S


@dataclass(slots=True)
class _Slot:
    """A child and the process that runs it now. `start_at` is when to start it next, None when that is not due."""

    child: Child
    pid: int | None = None
    ready_fd: int | None = None
    is_ready: bool = False
    started_at: float = 0.0
    start_at: float | None = None
    delay_s: float = FIRST_RESTART_DELAY_S


class Supervisor:
    """Runs `children` until a stop signal, or until one of them fails to start for the first time.

    `on_ready` is called in the parent once, when every restarted child has reported readiness; `on_stop` with the
    name of the signal that asks to stop, before any child is stopped.
    """

    def __init__(
        self, children: Sequence[Child], *, on_ready: Ready | None = None, on_stop: Callable[[str], None] | None = None
    ) -> None:
        self._services = [_Slot(child) for child in children if child.restart]
        self._runs_once = [_Slot(child) for child in children if not child.restart]
        self._on_ready = on_ready
        self._on_stop = on_stop or (lambda name: None)
        self._announced = False
        self._stopping = False
        self._hurry = False
        self._status = 0
        self._wakeup_fd = self._wakeup_writing_fd = -1

    def run(self) -> int:
        """Blocks until all children have stopped. 0 after a stop signal, 1 when a first start failed."""
        gc.collect()
        gc.freeze()
        with self._signals():
            try:
                for slot in self._services:
                    self._start(slot)
                while not self._stopping:
                    self._step()
            finally:
                self._stop_all()
        return self._status

    # Running

    def _step(self) -> None:
        self._wait(self._next_start())
        self._reap()
        if self._stopping:
            return
        for slot in self._services:
            if slot.start_at is not None and slot.start_at <= time.monotonic():
                self._start(slot)
        if not self._announced and all(slot.is_ready for slot in self._services):
            self._announce()

    def _next_start(self) -> float | None:
        """Seconds until the next restart, or None when none is due."""
        times = [slot.start_at for slot in self._services if slot.start_at is not None]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _announce(self) -> None:
        self._announced = True
        if self._on_ready is not None:
            self._on_ready()
        for slot in self._runs_once:
            self._start(slot)

    def _start(self, slot: _Slot) -> None:
        reading, writing = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, (*STOP_SIGNALS, signal.SIGCHLD))
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            self._become(slot.child, writing, parent)
        os.close(writing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOP_SIGNALS, signal.SIGCHLD))
        os.set_blocking(reading, False)
        slot.pid, slot.ready_fd, slot.is_ready = pid, reading, False
        slot.started_at, slot.start_at = time.monotonic(), None

    def _wait(self, timeout_s: float | None) -> None:
        """Sleeps until a signal, a report of readiness or the timeout, and takes note of what came."""
        poll = select.poll()
        poll.register(self._wakeup_fd, select.POLLIN)
        waiting = {slot.ready_fd: slot for slot in self._slots() if slot.ready_fd is not None}
        for fd in waiting:
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(None if timeout_s is None else timeout_s * 1000):
            if fd == self._wakeup_fd:
                self._take_signals()
            else:
                _take_readiness(waiting[fd])

    def _take_signals(self) -> None:
        for number in os.read(self._wakeup_fd, 4096):
            if number in STOP_SIGNALS:
                if not self._stopping:
                    self._on_stop(signal.Signals(number).name)
                self._hurry = self._stopping
                self._stopping = True

    def _reap(self) -> None:
        for slot in self._slots():
            if slot.pid is None:
                continue
            pid, status = os.waitpid(slot.pid, os.WNOHANG)
            if pid:
                self._ended(slot, os.waitstatus_to_exitcode(status))

    def _ended(self, slot: _Slot, exit_code: int) -> None:
        if slot.ready_fd is not None:
            _take_readiness(slot)
        was_ready = slot.is_ready
        _forget(slot)
        if self._stopping or not slot.child.restart:
            return
        if not self._announced and not was_ready:
            log(f"{slot.child.name} could not start ({_how_it_ended(exit_code)}); stopping the others")
            self._status = 1
            self._stopping = True
            return
        self._plan_restart(slot, exit_code)

    def _plan_restart(self, slot: _Slot, exit_code: int) -> None:
        now = time.monotonic()
        if now - slot.started_at >= STEADY_AFTER_S:
            slot.delay_s = FIRST_RESTART_DELAY_S
        log(f"{slot.child.name} {_how_it_ended(exit_code)}; starting it again in {slot.delay_s:g} s")
        slot.start_at = now + slot.delay_s
        slot.delay_s = min(slot.delay_s * 2, LONGEST_RESTART_DELAY_S)

    # Stopping

    def _stop_all(self) -> None:
        """Stops the children one after the other, last first: what depends on another stops before it."""
        self._stopping = True
        for slot in reversed([*self._services, *self._runs_once]):
            if slot.pid is not None:
                self._stop(slot)

    def _stop(self, slot: _Slot) -> None:
        deadline = time.monotonic() + slot.child.stop_timeout_s
        _send(slot.pid, signal.SIGTERM)
        while slot.pid is not None and not self._hurry and time.monotonic() < deadline:
            self._wait(max(0.0, deadline - time.monotonic()))
            self._reap()
        if slot.pid is None:
            return
        reason = "at the second stop signal" if self._hurry else f"after {slot.child.stop_timeout_s:g} s"
        log(f"{slot.child.name} had not stopped {reason}; killing it")
        _send(slot.pid, signal.SIGKILL)
        os.waitpid(slot.pid, 0)
        _forget(slot)

    # Processes and signals

    def _slots(self) -> Iterator[_Slot]:
        yield from self._services
        yield from self._runs_once

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Signals arrive as bytes on a pipe, so that nothing ever runs inside a handler."""
        self._wakeup_fd, self._wakeup_writing_fd = os.pipe()
        os.set_blocking(self._wakeup_fd, False)
        os.set_blocking(self._wakeup_writing_fd, False)
        old_fd = signal.set_wakeup_fd(self._wakeup_writing_fd, warn_on_full_buffer=False)
        old = {number: signal.signal(number, _do_nothing) for number in _heeded()}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_fd)
            os.close(self._wakeup_writing_fd)
            os.close(self._wakeup_fd)

    def _become(self, child: Child, ready_fd: int, parent: int) -> None:
        """Turns the forked process into the child; never returns."""
        exit_code = 1
        try:
            self._leave_the_parent_behind(parent, child.name)
            exit_code = _run_target(child, ready_fd)
        finally:
            os._exit(exit_code)

    def _leave_the_parent_behind(self, parent: int, name: str) -> None:
        signal.set_wakeup_fd(-1)
        for number in _heeded():
            signal.signal(number, signal.SIG_DFL)
        os.close(self._wakeup_fd)
        os.close(self._wakeup_writing_fd)
        for slot in self._slots():
            if slot.ready_fd is not None:
                os.close(slot.ready_fd)
        os.setpgid(0, 0)
        _die_with_parent(parent)
        _take_name(name)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (*STOP_SIGNALS, signal.SIGCHLD))


def _heeded() -> list[signal.Signals]:
    """The signals that we act on. Under nohup, which ignores SIGHUP, the end of the terminal is none of them."""
    signals = [*STOP_SIGNALS, signal.SIGCHLD]
    return [number for number in signals if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN]


def _run_target(child: Child, ready_fd: int) -> int:
    """Calls the child's program; its exit code. What it raises is reported as `report` says."""

    def ready() -> None:
        nonlocal ready_fd
        if ready_fd >= 0:
            os.write(ready_fd, b"R")
            os.close(ready_fd)
            ready_fd = -1

    try:
        child.target(ready)
        code = 0
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    except KeyboardInterrupt:
        code = 130
    except BaseException as exc:
        report(child.name, exc)
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def report(name: str, exc: BaseException) -> None:
    """Our own errors and the system's are sentences for the operator; anything else is a bug, shown with its trace."""
    if isinstance(exc, OSError) or type(exc).__module__.startswith("calotype."):
        log(f"{name}: {exc}" if name else str(exc))
        return
    log(f"{f'{name}: ' if name else ''}{type(exc).__name__}: {exc}\n{''.join(traceback.format_exception(exc))}")


def _take_readiness(slot: _Slot) -> None:
    """Reads the child's report; the end of the pipe without one means that the child went away."""
    assert slot.ready_fd is not None
    try:
        reported = os.read(slot.ready_fd, 1)
    except BlockingIOError:
        return
    os.close(slot.ready_fd)
    slot.ready_fd = None
    slot.is_ready = reported == b"R"


def _forget(slot: _Slot) -> None:
    if slot.ready_fd is not None:
        os.close(slot.ready_fd)
    slot.pid, slot.ready_fd, slot.is_ready = None, None, False


def _send(pid: int | None, number: signal.Signals) -> None:
    if pid is not None:
        os.kill(pid, number)


def _die_with_parent(parent: int) -> None:
    """Asks the kernel for a SIGTERM when the parent dies (Linux; elsewhere nothing)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before the request
        os._exit(1)


def _take_name(name: str) -> None:
    """Shows the child's name in `ps` and `top` (Linux; the kernel keeps 15 characters)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def _how_it_ended(exit_code: int) -> str:
    if exit_code >= 0:
        return f"ended with status {exit_code}"
    try:
        return f"was killed by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was killed by signal {-exit_code}"


def _do_nothing(number: int, frame: object) -> None:
    """A handler must exist for the signal to reach the wake-up descriptor."""


def log_stop(name: str) -> None:
    """Says that a signal of this name has asked to stop."""
    log(f"stopped by {name}")


def log(text: str) -> None:
    """One line on standard error."""
    print(f"calotype: {text}", file=sys.stderr, flush=True)
