"""Power lost at any moment of a recorded run, with all that was not synced dropped, kept, torn or reordered.

SIGKILL keeps the page cache, so only this shows whether the right things are synced in the right order.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.pieces import parse_piece
from support import store_workload
from support.blob_places import file_of
from support.power_loss import Disk, Keep
from support.promises import Promises, Written, check
from support.system_calls import Call, record

KEY = "5a" * 32
WORKERS, UPLOADS_EACH, SITTINGS = 4, 4, 2
PUTS = WORKERS * UPLOADS_EACH * SITTINGS
RANDOM_CUTS = 200


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recorded")


@pytest.fixture(scope="module")
def calls(root: Path) -> list[Call]:
    """A run from a first start in an empty folder to a clean stop, and a second one on what that has left."""
    data = root / "data"
    data.mkdir()
    numbers = [str(number) for number in (WORKERS, UPLOADS_EACH, 1, SITTINGS)]
    arguments = [store_workload.__file__, str(data / "site" / "origin"), *numbers]
    return record(arguments, root / "strace.log", {**os.environ, "CALOTYPE_MASTER_KEY": KEY})


def cuts(calls: list[Call], root: Path) -> Iterator[tuple[Disk, Promises]]:
    """The disk and the promises at every moment at which what a power cut would leave has changed.

    Calls take effect when they come back, but a promise counts from the moment its call was entered.
    """
    disk = Disk(root / "data")
    promises = Promises()
    said = sorted((call for call in calls if is_said(call)), key=lambda call: call.entered)
    has_changed = True
    for call in calls:
        while said and said[0].entered < call.returned:
            promises.hear(said.pop(0).strings[0].decode())
            has_changed = True
        if has_changed:
            yield disk, promises
        has_changed = disk.do(call)
    yield disk, promises


def is_said(call: Call) -> bool:
    """Whether the call wrote a line to the standard output."""
    return call.name == "write" and call.arguments[0] == "1"


def lay_out(image: dict[str, bytes | None], folder: Path) -> None:
    """The image as files in a fresh folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path, content in image.items():
        if content is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(content)


async def hold(image: dict[str, bytes | None], folder: Path, promises: Promises) -> int:
    """Open what the cut has left and hold it to the promises; how many versions it has."""
    lay_out(image, folder)
    return await check(folder / "site" / "origin", MasterKey(bytes.fromhex(KEY)), promises)


@pytest.fixture
def quick_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: what a cut has left is opened hundreds of times."""
    memory = Path("/dev/shm")  # noqa: S108
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


async def test_whatever_a_power_cut_leaves_the_promises_hold(calls: list[Call], root: Path, quick_disk: Path) -> None:
    rng = random.Random(1)
    seen: set[int] = set()
    counts: list[int] = []
    positions = sum(1 for _ in cuts(calls, root))
    chosen = set(rng.sample(range(positions), min(RANDOM_CUTS, positions)))
    for number, (disk, promises) in enumerate(cuts(calls, root)):
        keeps = [Keep.NOTHING, *([Keep.RANDOMLY] if number in chosen else [])]
        for keep in keeps:
            image = disk.image(keep, rng)
            fingerprint = hash((frozenset(image.items()), promises.strength))
            if fingerprint in seen:
                continue
            seen.add(fingerprint)
            counts.append(await hold(image, quick_disk / "cut", promises))
    assert len(promises.contents) >= PUTS
    assert promises.finishing
    assert len(counts) > RANDOM_CUTS
    assert counts[0] == 0 < counts[-1]


async def test_a_disk_that_keeps_everything_gives_the_final_state_back(
    calls: list[Call], root: Path, tmp_path: Path
) -> None:
    """The model itself is right: replayed to the end it has the files that the run has left."""
    *_, (disk, promises) = cuts(calls, root)
    image = disk.image(Keep.EVERYTHING, random.Random(1))
    left = {str(path.relative_to(root / "data")): path for path in (root / "data").rglob("*")}
    assert set(image) == set(left)
    for path, content in image.items():
        assert content is None or content == left[path].read_bytes(), path
    assert await hold(image, tmp_path / "cut", promises) == promises.left


def test_every_sync_comes_before_its_answer_and_the_blobs_before_the_metadata(calls: list[Call], root: Path) -> None:
    trace = Trace(calls, root / "data" / "site" / "origin")
    all_written = trace.written()
    assert len(all_written) > PUTS, "parts count as well"
    for answered, written in all_written:
        named = trace.first_log_write_with(written.row.encode())
        log_synced = trace.sync_after(trace.log, named.returned)
        assert log_synced.returned < answered.entered, "answered before the metadata was durable"
        if written.blob_id == "-":
            continue
        blob = file_of(trace.origin, written.blob_id)
        last_write = trace.last_write(blob, written.blob_id)
        blob_synced = trace.sync_after(blob, last_write.returned)
        assert blob_synced.returned < named.entered, "a row was written before its bytes were durable"
        folder_synced = trace.sync_after(blob.parent, trace.created(blob).returned)
        assert folder_synced.returned < named.entered, "a row was written before its file's name was durable"


class Trace:
    """Who wrote and synced what, by path."""

    def __init__(self, calls: list[Call], origin: Path) -> None:
        self.origin = origin
        self.log = origin / "metadata.db-wal"
        self.writes: dict[Path, list[Call]] = {}
        self.syncs: dict[Path, list[Call]] = {}
        self._created: dict[Path, Call] = {}
        self._said: list[Call] = []
        open_files: dict[int, Path] = {}
        for call in calls:
            self._add(call, open_files)

    def _add(self, call: Call, open_files: dict[int, Path]) -> None:
        if call.result < 0:
            return
        if call.name == "openat":
            path = Path(os.fsdecode(call.strings[0]))
            open_files[call.result] = path
            self._created.setdefault(path, call)
            return
        number = int(call.arguments[0]) if call.arguments[0].isdigit() else -1
        if is_said(call):
            self._said.append(call)
        elif call.name in ("write", "pwrite64", "pwritev2") and number in open_files:
            self.writes.setdefault(open_files[number], []).append(call)
        elif call.name in ("fsync", "fdatasync") and number in open_files:
            self.syncs.setdefault(open_files[number], []).append(call)

    def written(self) -> list[tuple[Call, Written]]:
        """Each body with the call that acknowledged it."""
        found = []
        for call in self._said:
            promises = Promises()
            promises.hear(call.strings[0].decode())
            found += [(call, written) for written in promises.written]
        return found

    def first_log_write_with(self, text: bytes) -> Call:
        return next(call for call in self.writes[self.log] if text in call.strings[0])

    def last_write(self, path: Path, blob_id: str) -> Call:
        """The call that wrote the blob's last bytes; in a segment it has the blob's header too."""
        piece = parse_piece(blob_id)
        if piece is None:
            return self.writes[path][-1]
        return next(call for call in self.writes[path] if piece.header in b"".join(call.strings))

    def created(self, path: Path) -> Call:
        return self._created[path]

    def sync_after(self, path: Path, position: int) -> Call:
        """The first sync of the path that was entered after the position."""
        return next(call for call in self.syncs.get(path, []) if call.entered > position)
