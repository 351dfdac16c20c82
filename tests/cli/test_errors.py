"""Every way a command fails: one message, its own exit code, never a trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from calotype.cli.errors import CommandError
from calotype.site.folder import Credentials, OwnerKey, save_credentials
from cli.conftest import Command, Outcome
from support.ports import free_ports

COMMANDS = [
    *(["up"], ["origin"], ["edge"], ["console"], ["plan"], ["apply"], ["doctor"], ["check"]),
    *(["config", "show"], ["config", "default"], ["upload"], ["ls"], ["rm"], ["login"]),
    *(["buckets", "create"], ["buckets", "list"], ["buckets", "update"], ["buckets", "delete"]),
    *(["accounts", "create"], ["accounts", "list"], ["accounts", "update"], ["accounts", "key"], ["accounts", "rm"]),
    *(["keys", "create"], ["keys", "list"], ["keys", "delete"], ["backup"], ["restore"], ["fsck"]),
]

ADDRESSES = [
    part
    for name, port in zip(("edge", "console", "origin", "control"), free_ports(4), strict=True)
    for part in (f"--{name}", f"127.0.0.1:{port}")
]


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The data folder of a site that does not run."""
    folder = tmp_path / "data"
    save_credentials(folder, Credentials(OwnerKey("key", "secret"), "token"))
    (folder / "calotype.toml").write_text("listen.origin = '127.0.0.1:1'\nlisten.control = '127.0.0.1:2'\n")
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_that_says_what_it_does(calotype: Command, command: list[str]) -> None:
    outcome = calotype(*command, "--help")
    assert outcome.code == 0
    assert f"Usage: calotype {' '.join(command)}" in " ".join(outcome.out.split())
    for type_of_python in ("<bool>", "<str>", "<path>", "<list", " range>", "[["):
        assert type_of_python not in outcome.out
    assert "Traceback" not in outcome.out


def test_help_names_every_command_and_the_exit_codes(calotype: Command) -> None:
    text = " ".join(calotype("--help").out.split())
    for command in COMMANDS:
        assert f"│ {command[0]} " in text
    assert "Exit codes: 0 done; 1 the command failed" in text


@pytest.mark.parametrize(
    "command",
    [
        ["ls"],
        ["keys", "list"],
        ["accounts", "list"],
        ["accounts", "create", "family"],
        ["accounts", "rm", "family"],
        ["buckets", "list"],
        ["keys", "create", "--name", "x"],
        ["rm", "x"],
        ["plan"],
        ["apply"],
        ["backup", "{folder}/backup"],
        ["upload", "{folder}/calotype.toml"],
        ["fsck"],
    ],
    ids=lambda command: command[0],
)
def test_a_site_that_does_not_run_is_told_with_its_address(
    calotype: Command, stopped: Path, command: list[str]
) -> None:
    outcome = calotype(*(part.format(folder=stopped) for part in command), "--data", str(stopped))
    assert (outcome.code, outcome.out) == (4, "")
    assert "calotype: The origin http://127.0.0.1:1 does not answer: " in outcome.err
    assert "`calotype up`" in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_the_doctor_of_a_site_that_does_not_run_names_the_origin(calotype: Command, stopped: Path) -> None:
    outcome = calotype("doctor", "--data", str(stopped))
    assert outcome.code == 7
    assert outcome.lines[0].startswith("! origin: http://127.0.0.1:1/")


@pytest.mark.parametrize("command", [["ls"], ["plan"], ["keys", "list"], ["up"], ["config", "show"], ["origin"]])
def test_a_broken_calotype_toml_is_shown_with_its_line(calotype: Command, stopped: Path, command: list[str]) -> None:
    (stopped / "calotype.toml").write_text("[site]\nbuket = 'photos'\n")
    arguments = [*command, "--data", str(stopped)]
    outcome = _run_program(arguments) if command[0] in ("up", "origin") else calotype(*arguments)
    assert outcome.code == 3
    assert f"calotype: {stopped}/calotype.toml:2:1: unknown setting buket; did you mean bucket?\n" in outcome.err
    assert "   | ^^^^^\nexpected one of [site]'s settings: name, domain, bucket" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["origin", "--listen", "nonsense"], 2, "--listen is 'nonsense'"),
        (["console", "--listen", ""], 2, "--listen is ''"),
        (["up", "--origin", "nonsense"], 2, "--origin is 'nonsense'"),
        (["edge", "--front", "ftp://x"], 2, "--front is 'ftp://x', which is no origin"),
        (["edge", "--front", "127.0.0.1:7402"], 2, "--front is '127.0.0.1:7402', which is no origin"),
        (["edge", "--front", "http://127.0.0.1:7402/path"], 2, "--front is 'http://127.0.0.1:7402/path', which"),
        (["edge", "--front", "http://127.0.0.1:x"], 2, "--front is 'http://127.0.0.1:x', which is no origin"),
        (
            ["origin", "--listen", "192.0.2.1:7777"],
            3,
            "listen.origin (--listen) is 192.0.2.1:7777: this machine does not have that address."
            " Choose another address with --listen HOST:PORT,",
        ),
        (["origin", "--listen", "127.0.0.1:{port}", "--data", "/proc/nope"], 3, "the data folder /proc/nope cannot be"),
        (["up", *ADDRESSES, "--data", "/proc/nope"], 3, "the data folder /proc/nope cannot be used: No such file"),
    ],
)
def test_a_server_tells_a_wrong_argument_in_words(tmp_path: Path, arguments: list[str], code: int, line: str) -> None:
    outcome = _run_program([part.format(port=free_ports(1)[0]) for part in arguments], HOME=str(tmp_path))
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.startswith(f"calotype: {line}")
    assert "Traceback" not in outcome.err
    assert "Errno" not in outcome.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("command", "listener", "table"),
    [
        ("up", "tls", "edge"),
        ("edge", "tls", "edge"),
        ("up", "origin_tls", "origin"),
        ("origin", "origin_tls", "origin"),
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_a_folder_without_certificates_is_shown_with_its_line(
    tmp_path: Path, command: str, listener: str, table: str, there: bool
) -> None:
    if there:
        (tmp_path / "certs").mkdir()
    tls = free_ports(1)[0]
    settings = f"[listen]\n{listener} = '127.0.0.1:{tls}'\n[{table}]\ncertificates = 'certs'\n"
    (tmp_path / "calotype.toml").write_text(settings)
    outcome = _run_program([command, "--data", str(tmp_path)])
    why = f"there is no .crt file in {tmp_path}/certs" if there else f"there is no folder {tmp_path}/certs"
    assert outcome.code == 3
    assert outcome.err == (
        f"calotype: {tmp_path}/calotype.toml:4:16: {table}.certificates: {why}\n"
        " 4 | certificates = 'certs'\n"
        "   |                ^^^^^^^\n"
        f"expected a folder of NAME.crt and NAME.key pairs, for listen.{listener}\n"
    )


def test_a_server_tells_of_a_variable_that_sets_nothing(tmp_path: Path) -> None:
    outcome = _run_program(["origin", "--listen", "x"], HOME=str(tmp_path), CALOTYPE_SITE_NOPE="1")
    assert "calotype: the variable CALOTYPE_SITE_NOPE sets nothing" in outcome.err.splitlines()[0]
    assert outcome.code == 2


def _run_program(arguments: list[str], **variables: str) -> Outcome:
    """A command that becomes another program needs a process of its own."""
    program = [sys.executable, "-c", "from calotype.cli import main; main()"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALOTYPE_")} | variables
    done = subprocess.run([*program, *arguments], text=True, capture_output=True, env=environment)
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("command", [["ls"], ["keys", "list"], ["doctor"], ["backup", "x"]])
def test_a_folder_without_a_site_says_how_to_get_one(calotype: Command, tmp_path: Path, command: list[str]) -> None:
    outcome = calotype(*command, "--data", str(tmp_path / "nothing"))
    assert outcome.code == 3
    assert "There is no site here" in outcome.err
    assert "`calotype up`" in outcome.err


def test_damaged_credentials_are_named(calotype: Command, stopped: Path) -> None:
    (stopped / "credentials.json").write_text("{")
    outcome = calotype("ls", "--data", str(stopped))
    assert outcome.code == 3
    assert "credentials.json is damaged" in outcome.err


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (200, 4, "is no origin: its answer is not one of the B2 API"),
        (502, 1, "<html> <p>Bad luck</p>"),  # on one line
        (401, 5, "refuses the key key"),
    ],
)
def test_something_else_at_the_origins_address_is_told(
    calotype: Command, stopped: Path, status: int, code: int, words: str
) -> None:
    with answering(status, b"<html>\n<p>Bad luck</p>\n") as port:
        (stopped / "calotype.toml").write_text(f"listen.origin = '127.0.0.1:{port}'\n")
        outcome = calotype("ls", "--data", str(stopped))
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
    assert len(outcome.err.splitlines()) == 1


@contextmanager
def answering(status: int, body: bytes) -> Iterator[int]:
    """The port of a server that gives this answer to every POST."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("arguments", [["upload"], ["nothing"], ["ls", "--colour"], ["keys", "create"]])
def test_wrong_usage_leaves_with_2(calotype: Command, arguments: list[str]) -> None:
    outcome = calotype(*arguments)
    assert outcome.code == 2
    assert "Usage: calotype" in outcome.err


def test_a_failure_that_nobody_foresaw_is_one_line_too(calotype: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("calotype.site.text.rows", fail)
    outcome = calotype("config", "show")
    assert outcome.code == 1
    assert outcome.err == (
        "calotype: This should not happen: ZeroDivisionError: division by zero."
        " CALOTYPE_DEBUG=1 shows where; please report it.\n"
    )


def test_ctrl_c_leaves_with_130(calotype: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("calotype.site.text.rows", interrupt)
    outcome = calotype("config", "show")
    assert outcome.code == 130
    assert "Traceback" not in outcome.err


def test_a_message_ends_each_sentence_once() -> None:
    assert str(CommandError("This failed", "for a reason.", "Try again")) == "This failed: for a reason. Try again."
    assert str(CommandError("This failed", "for a reason")) == "This failed: for a reason."


def test_config_show_tells_where_each_value_comes_from(calotype: Command, stopped: Path) -> None:
    outcome = calotype("config", "show", "--data", str(stopped), "--json", variables={"CALOTYPE_EDGE": "[::1]:80"})
    rows = {row["setting"]: row for row in json.loads(outcome.out)}
    assert (rows["listen.edge"]["value"], rows["listen.edge"]["source"]) == ('"[::1]:80"', "CALOTYPE_EDGE")
    assert rows["listen.origin"]["source"] == f"{stopped}/calotype.toml:1"
    assert rows["site.bucket"]["source"] == "default"
    assert "secret" not in outcome.out
