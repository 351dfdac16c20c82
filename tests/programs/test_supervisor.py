"""The supervisor with real processes: each test runs a small program that supervises children of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PRELUDE = """
import os, signal, sys, time
from calotype.programs.supervisor import Child, Supervisor

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would come ignored

def say(text):
    os.write(1, (text + "\\n").encode())

def serve_until_asked_to_stop(name, stop_takes_s=0.0):
    def target(ready):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        say(f"{name} {os.getpid()} up")
        ready()
        signal.sigwait([signal.SIGTERM])
        time.sleep(stop_takes_s)
        say(f"{name} down")
    return target
"""


class Program:
    """A supervising program under test and the lines that it has printed."""

    def __init__(self, source: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(source)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline().rstrip("\n")
        self.lines.append(line)
        return line

    def until(self, word: str) -> str:
        """The next line that holds `word`."""
        while word not in (line := self.line()):
            assert line or self.process.poll() is None, f"ended without {word!r}: {self.lines}"
        return line

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def rest(self, timeout_s: float = 10) -> list[str]:
        """The lines that remain until the program ends."""
        out, _ = self.process.communicate(timeout=timeout_s)
        return out.splitlines()


@pytest.fixture
def program() -> Iterator[Callable[[str], Program]]:
    started: list[Program] = []

    def start(source: str) -> Program:
        started.append(Program(source))
        return started[-1]

    yield start
    for each in started:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate(timeout=10)


def pid_in(line: str) -> int:
    return int(line.split()[1])


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def eventually(condition: Callable[[], bool], within_s: float = 5) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_stops_the_children_last_first_and_answers_0(
    program: Callable[[str], Program], number: int
) -> None:
    running = program("""
        children = [Child(name, serve_until_asked_to_stop(name, 0.1)) for name in ("first", "second", "third")]
        sys.exit(Supervisor(children, on_ready=lambda: say("all ready")).run())
    """)
    running.until("all ready")
    running.signal(number)
    assert running.rest() == ["third down", "second down", "first down"]
    assert running.process.returncode == 0


def test_under_nohup_the_end_of_the_terminal_stops_nothing(program: Callable[[str], Program]) -> None:
    running = program("""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        sys.exit(Supervisor([Child("child", serve_until_asked_to_stop("child"))], on_ready=lambda: say("ready")).run())
    """)
    child = pid_in(running.until("child"))
    running.until("ready")
    running.signal(signal.SIGHUP)
    os.kill(child, signal.SIGHUP)
    time.sleep(0.3)
    assert running.process.poll() is None
    assert is_alive(child)
    running.signal(signal.SIGTERM)
    assert running.rest() == ["child down"]


def test_all_ready_is_announced_only_when_every_child_has_reported(program: Callable[[str], Program]) -> None:
    running = program("""
        def slow(ready):
            time.sleep(0.3)
            say("slow is ready")
            ready()
            time.sleep(60)
        Supervisor([Child("slow", slow), Child("quick", serve_until_asked_to_stop("quick"))],
                   on_ready=lambda: say("all ready")).run()
    """)
    running.until("all ready")
    assert running.lines.index("slow is ready") == len(running.lines) - 2


def test_a_killed_child_is_started_again_and_the_others_are_left_alone(program: Callable[[str], Program]) -> None:
    running = program("""
        children = [Child(name, serve_until_asked_to_stop(name)) for name in ("one", "two")]
        sys.exit(Supervisor(children, on_ready=lambda: say("all ready")).run())
    """)
    running.until("all ready")
    pids = {line.split()[0]: pid_in(line) for line in running.lines if line.endswith(" up")}
    os.kill(pids["one"], signal.SIGKILL)
    assert "one was killed by SIGKILL; starting it again in 0.2 s" in running.until("again")
    assert pid_in(running.until("one")) != pids["one"]
    assert is_alive(pids["two"])
    running.signal(signal.SIGTERM)
    assert running.rest() == ["two down", "one down"]
    assert running.process.returncode == 0


def test_the_delay_before_a_restart_grows_with_each_crash(program: Callable[[str], Program]) -> None:
    running = program("""
        def crash(ready):
            ready()
            time.sleep(0.05)
            sys.exit(7)
        Supervisor([Child("crash", crash)]).run()
    """)
    lines = [running.until("again") for _ in range(3)]
    assert [line.split(" in ")[1] for line in lines] == ["0.2 s", "0.4 s", "0.8 s"]
    assert "ended with status 7" in lines[0]


def test_a_child_that_cannot_start_stops_all_with_its_message_and_status_1(program: Callable[[str], Program]) -> None:
    running = program("""
        def broken(ready):
            raise OSError("127.0.0.1:9000 is in use; set `origin` to another address")
        children = [Child("good", serve_until_asked_to_stop("good")), Child("broken", broken)]
        sys.exit(Supervisor(children).run())
    """)
    output = "\n".join(running.rest())
    assert "calotype: broken: 127.0.0.1:9000 is in use; set `origin` to another address" in output
    assert "broken could not start (ended with status 1); stopping the others" in output
    assert "Traceback" not in output
    assert running.process.returncode == 1


def test_a_bug_in_a_child_is_logged_with_its_trace(program: Callable[[str], Program]) -> None:
    running = program("""
        def buggy(ready):
            {}["missing"]
        sys.exit(Supervisor([Child("buggy", buggy)]).run())
    """)
    output = "\n".join(running.rest())
    assert "KeyError: 'missing'" in output
    assert "Traceback" in output


def test_a_child_that_does_not_stop_in_time_is_killed(program: Callable[[str], Program]) -> None:
    running = program("""
        def stubborn(ready):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            say(f"stubborn {os.getpid()}")
            ready()
            while True:
                time.sleep(60)
        Supervisor([Child("stubborn", stubborn, stop_timeout_s=0.3)], on_ready=lambda: say("all ready")).run()
    """)
    pid = pid_in(running.until("stubborn"))
    running.until("all ready")
    running.signal(signal.SIGTERM)
    assert running.rest() == ["calotype: stubborn had not stopped after 0.3 s; killing it"]
    assert not is_alive(pid)


def test_a_second_stop_signal_kills_at_once(program: Callable[[str], Program]) -> None:
    running = program("""
        child = Child("slow", serve_until_asked_to_stop("slow", stop_takes_s=60), stop_timeout_s=60)
        Supervisor([child], on_ready=lambda: say("all ready")).run()
    """)
    running.until("all ready")
    running.signal(signal.SIGINT)
    time.sleep(0.3)
    running.signal(signal.SIGINT)
    assert running.rest(timeout_s=5) == ["calotype: slow had not stopped at the second stop signal; killing it"]


def test_children_end_when_the_parent_is_killed_outright(program: Callable[[str], Program]) -> None:
    running = program("""
        Supervisor([Child("child", serve_until_asked_to_stop("child"))], on_ready=lambda: say("all ready")).run()
    """)
    pid = pid_in(running.until("child"))
    running.until("all ready")
    running.process.kill()
    assert eventually(lambda: not is_alive(pid))


def test_a_child_that_runs_once_starts_when_the_others_are_ready_and_is_not_restarted(
    program: Callable[[str], Program],
) -> None:
    running = program("""
        def once(ready):
            say("deployed")
        children = [Child("once", once, restart=False), Child("server", serve_until_asked_to_stop("server"))]
        sys.exit(Supervisor(children, on_ready=lambda: say("all ready")).run())
    """)
    running.until("deployed")
    assert running.lines[-2:] == ["all ready", "deployed"]
    time.sleep(0.3)
    running.signal(signal.SIGTERM)
    assert running.rest() == ["server down"]
    assert running.process.returncode == 0


def test_ctrl_c_on_the_process_group_reaches_children_only_through_the_parent(
    program: Callable[[str], Program],
) -> None:
    running = program("""
        os.setpgid(0, 0)
        children = [Child(name, serve_until_asked_to_stop(name)) for name in ("one", "two")]
        sys.exit(Supervisor(children, on_ready=lambda: say("all ready")).run())
    """)
    running.until("all ready")
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.rest() == ["two down", "one down"]
    assert running.process.returncode == 0


def test_a_supervisor_under_a_supervisor_passes_readiness_up_and_the_stop_down(
    program: Callable[[str], Program],
) -> None:
    running = program("""
        def edge(ready):
            workers = [Child(f"worker-{n}", serve_until_asked_to_stop(f"worker-{n}")) for n in (0, 1)]
            sys.exit(Supervisor(workers, on_ready=ready).run())
        sys.exit(Supervisor([Child("edge", edge)], on_ready=lambda: say("all ready")).run())
    """)
    running.until("all ready")
    assert len(running.lines) == 3
    running.signal(signal.SIGTERM)
    assert running.rest() == ["worker-1 down", "worker-0 down"]
    assert running.process.returncode == 0


def test_a_child_is_seen_by_its_name(program: Callable[[str], Program]) -> None:
    running = program("""
        Supervisor([Child("edge-worker-0", serve_until_asked_to_stop("worker"))], on_ready=lambda: say("ready")).run()
    """)
    pid = pid_in(running.until("worker"))
    running.until("ready")
    assert Path(f"/proc/{pid}/comm").read_text() == "edge-worker-0\n"


def test_the_parent_imports_nothing_heavy() -> None:
    script = (
        "import sys; import calotype.programs.supervisor; "
        "print(sorted({'uvloop','msgspec','httpx','rich','typer','asyncio','cryptography'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_a_child_is_known_by_its_name_in_ps(program: Callable[[str], Program]) -> None:
    running = program("""
        Supervisor([Child("one", serve_until_asked_to_stop("one"))]).run()
    """)
    pid = running.until("one").split()[1]
    assert Path(f"/proc/{pid}/comm").read_text() == "one\n"
