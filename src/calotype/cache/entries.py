"""The stored responses that one worker owns: which files there are, which are in memory, and what has to go.

The index keeps a name and a size for every file; the stored response itself is read at its first use. Names are in
order of use, so the oldest is the one to evict. Everything but reading and writing files happens on the event loop.
"""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from calotype.cache.entry_files import READ_SIZE_BYTES, EntryFiles, entry_name, key_digest_of
from calotype.cache.entry_format import TornEntry
from calotype.cache.policy.stored import StoredResponse
from calotype.cache.spool import Spool

# What a loaded entry costs besides its body: fields, tuples and the dictionaries' slots.
ENTRY_OVERHEAD_BYTES = 2048


@dataclass(slots=True, eq=False)
class Entry:
    """A stored response in memory. `body` is None when it is large and stays on disk."""

    name: str
    stored: StoredResponse
    body: bytes | None
    body_digest: bytes

    @property
    def memory_bytes(self) -> int:
        return ENTRY_OVERHEAD_BYTES + len(self.body or b"")


class HeldFile:
    """An open file of an entry, closed with its last user: what it holds stays readable whatever takes its place."""

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def __del__(self) -> None:
        os.close(self.fd)


class Entries:
    """`limit_bytes` bounds the files of this worker, `memory_bytes` what it keeps loaded."""

    def __init__(self, files: EntryFiles, *, limit_bytes: int, memory_bytes: int) -> None:
        self._files = files
        self._limit_bytes = limit_bytes
        self._memory_limit = memory_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._names: dict[str, tuple[str, ...]] = {}
        self._loaded: OrderedDict[str, Entry] = OrderedDict()
        self._loading: dict[str, asyncio.Task[Entry | None]] = {}
        self._removals: dict[str, asyncio.Future[None]] = {}
        self.stored_bytes = 0
        self.memory_bytes = 0
        self.evictions = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def load_index(self, owns: Callable[[str], bool]) -> None:
        """Takes over the owned files that are on disk. Blocking; called before the worker serves."""
        for found in sorted(self._files.scan(owns), key=lambda file: file.modified):
            self._remember(found.name, found.size)
        for name in self._over_limit():
            self._files.remove(name)

    def loaded_variants(self, key_digest: str) -> list[Entry] | None:
        """Every stored response of this key when all are in memory, else None: then `load` them.

        Without waiting, so that what the caller does next is decided on what is true now.
        """
        found = []
        for name in self._names.get(key_digest, ()):
            entry = self._loaded.get(name)
            if entry is None:
                return None
            found.append(entry)
        for entry in found:
            self._sizes.move_to_end(entry.name)
            self._loaded.move_to_end(entry.name)
        return found

    async def load(self, key_digest: str) -> list[Entry]:
        """Reads the stored responses of this key from disk; what is torn or gone is forgotten."""
        entries = [await self._load(name) for name in self._names.get(key_digest, ())]
        return [entry for entry in entries if entry is not None and entry.name in self._sizes]

    async def variants(self, key_digest: str) -> list[Entry]:
        """Every usable stored response of this key."""
        loaded = self.loaded_variants(key_digest)
        return await self.load(key_digest) if loaded is None else loaded

    async def add(self, key_digest: str, stored: StoredResponse, spool: Spool) -> Entry:
        """Stores a complete body; the entry is visible from here on, in place of one with the same name."""
        name = entry_name(key_digest, stored)
        await self._removed(name)
        size = await spool.store(name, stored)
        entry = Entry(name, stored, spool.body, spool.digest)
        self._unload(name)
        self._remember(name, size)
        self._keep_loaded(entry)
        for evicted in self._over_limit():
            self.discard(evicted)
        return entry

    async def update(self, entry: Entry, stored: StoredResponse) -> Entry:
        """The entry with the stored response as a 304 left it; its body stays."""
        updated = Entry(entry.name, stored, entry.body, entry.body_digest)
        if not self.is_current(entry):
            return updated
        size = await asyncio.to_thread(self._files.rewrite_tail, entry.name, stored, entry.body_digest)
        if self.is_current(entry):
            self._unload(entry.name)
            self._remember(entry.name, size)
            self._keep_loaded(updated)
        return updated

    def is_current(self, entry: Entry) -> bool:
        """Whether the file of this name is still the one that the entry was read from."""
        return entry.name in self._sizes and self._loaded.get(entry.name, entry) is entry

    def discard(self, name: str) -> None:
        """Forgets an entry at once; its file is removed soon after."""
        self._forget(name)
        removal = asyncio.get_running_loop().run_in_executor(None, self._files.remove, name)
        self._removals[name] = removal
        removal.add_done_callback(lambda _: self._removals.pop(name, None))

    def discard_key(self, key_digest: str) -> None:
        for name in self._names.get(key_digest, ()):
            self.discard(name)

    async def _removed(self, name: str) -> None:
        """Waits for a removal under way, which would otherwise take a file stored anew."""
        removal = self._removals.get(name)
        if removal is not None:
            await asyncio.wait([removal])

    def hold(self, entry: Entry) -> HeldFile | None:
        """Keeps a body that is on disk readable, though the entry be removed or replaced; raises OSError.

        To be called before anything is waited for, while the file of the name is still the entry's.
        """
        return HeldFile(self._files.open(entry.name)) if entry.body is None else None

    def read(self, entry: Entry, held: HeldFile | None, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes of the body from `start` to before `stop`, of what `hold` gave for the entry."""
        if entry.body is not None:
            return _one_piece(entry.body[start:stop])
        assert held is not None, "a body on disk is read from the file that is held"
        return _FileReader(held, start, stop)

    # Loading and forgetting

    async def _load(self, name: str) -> Entry | None:
        """Reads an entry once however many ask for it."""
        if name in self._loaded:
            return self._loaded[name]
        task = self._loading.get(name)
        if task is None:
            task = self._loading[name] = asyncio.ensure_future(self._load_now(name))
            task.add_done_callback(lambda _: self._loading.pop(name, None))
        return await asyncio.shield(task)

    async def _load_now(self, name: str) -> Entry | None:
        try:
            tail, body = await asyncio.to_thread(self._files.load, name)
        except (TornEntry, OSError):
            self.discard(name)
            return None
        entry = Entry(name, tail.stored, body, tail.body_digest)
        if name in self._sizes and name not in self._loaded:
            self._keep_loaded(entry)
        return entry

    def _keep_loaded(self, entry: Entry) -> None:
        self._loaded[entry.name] = entry
        self.memory_bytes += entry.memory_bytes
        while self.memory_bytes > self._memory_limit and len(self._loaded) > 1:
            self._unload(next(iter(self._loaded)))

    def _unload(self, name: str) -> None:
        entry = self._loaded.pop(name, None)
        if entry is not None:
            self.memory_bytes -= entry.memory_bytes

    def _remember(self, name: str, size: int) -> None:
        self.stored_bytes += size - self._sizes.pop(name, 0)
        self._sizes[name] = size
        digest = key_digest_of(name)
        names = self._names.get(digest, ())
        if name not in names:
            self._names[digest] = (*names, name)

    def _forget(self, name: str) -> None:
        self._unload(name)
        self.stored_bytes -= self._sizes.pop(name, 0)
        digest = key_digest_of(name)
        kept = tuple(other for other in self._names.get(digest, ()) if other != name)
        if kept:
            self._names[digest] = kept
        else:
            self._names.pop(digest, None)

    def _over_limit(self) -> list[str]:
        """Forgets the least recently used until the rest fits, and returns their names for removal."""
        evicted = []
        while self.stored_bytes > self._limit_bytes and self._sizes:
            name = next(iter(self._sizes))
            self._forget(name)
            evicted.append(name)
        self.evictions += len(evicted)
        return evicted


async def _one_piece(content: bytes) -> AsyncIterator[bytes]:
    yield content


class _FileReader:
    """An async iterator over part of a held file, which it lets go of at the end, on `aclose` or when dropped."""

    def __init__(self, held: HeldFile, start: int, stop: int) -> None:
        self._held: HeldFile | None = held
        self._position = start
        self._stop = stop

    def __aiter__(self) -> _FileReader:
        return self

    async def __anext__(self) -> bytes:
        held, limit = self._held, min(READ_SIZE_BYTES, self._stop - self._position)
        if limit <= 0 or held is None:
            self._held = None
            raise StopAsyncIteration
        chunk = await asyncio.to_thread(os.pread, held.fd, limit, self._position)
        if not chunk:
            raise TornEntry("the file is shorter than its trailer said")
        self._position += len(chunk)
        return chunk

    async def aclose(self) -> None:
        self._held = None
