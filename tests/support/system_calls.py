"""The file operations of a real run, SQLite's own included, as recorded by strace.

Operations are taken as late, and promises as early, as the trace allows: a write counts as begun when its call was
entered and as done when it came back; a sync covers what was done before it was entered, and counts when it came
back.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_CALLS = (
    "openat,creat,close,write,pwrite64,writev,pwritev,pwritev2,ftruncate,fallocate,truncate,copy_file_range,sendfile,"
    "unlink,unlinkat,rename,renameat,renameat2,mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,"
    "fsync,fdatasync,sync,syncfs,msync,dup,dup2,dup3,lseek"
)
_LINE = re.compile(r"(?P<thread>\d+) +(?P<rest>.*)")
_CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)")
_RESUMED = re.compile(r"<\.\.\. (?P<name>\w+) resumed>(?P<arguments>.*)")
_RESULT = re.compile(r"(?P<arguments>.*)\) += (?P<result>-?\d+)(?: .*)?$", re.DOTALL)
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


@dataclass(frozen=True, slots=True)
class Call:
    """One system call. `entered` and `returned` are positions in the trace."""

    name: str
    arguments: tuple[str, ...]
    strings: tuple[bytes, ...]
    result: int
    entered: int
    returned: int


def record(arguments: Sequence[str], log: Path, environment: Mapping[str, str]) -> list[Call]:
    """Run a Python program under strace; its calls in the order in which they came back."""
    strace = ["strace", "-f", "-qq", "-xx", "-s", "10000000", "-e", f"trace={_CALLS}", "-e", "signal=none"]
    subprocess.run(
        [*strace, "-o", str(log), sys.executable, *arguments],
        check=True,
        env=dict(environment),
        stdout=subprocess.DEVNULL,
        timeout=100,
    )
    with log.open(encoding="ascii") as lines:
        return list(parse(lines))


def parse(lines: Iterator[str] | Sequence[str]) -> Iterator[Call]:
    """Calls from the lines of `strace -f -xx`, those that were interrupted by another thread's put together."""
    begun: dict[str, tuple[int, str]] = {}
    for position, line in enumerate(lines):
        match = _LINE.match(line)
        if match is None:
            continue
        thread, rest = match["thread"], match["rest"]
        if rest.endswith("<unfinished ...>"):
            begun[thread] = (position, rest.removesuffix("<unfinished ...>").rstrip())
            continue
        entered = position
        if resumed := _RESUMED.match(rest):
            entered, start = begun.pop(thread)
            rest = f"{start}{resumed['arguments']}"
        call = _CALL.match(rest)
        result = _RESULT.match(call["arguments"]) if call else None
        if call is None or result is None:
            continue  # exits, signals, and calls cut off by the end of the process
        strings = tuple(_decoded(text) for text in _STRING.findall(result["arguments"]))
        words = tuple(word.strip() for word in _STRING.sub("", result["arguments"]).split(","))
        yield Call(call["name"], words, strings, int(result["result"]), entered, position)


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
