"""What can be set of a store, and the clock it goes by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from calotype.store.caps import NO_CAPS, Caps
from calotype.store.removal import REMOVE_AFTER_S

Clock = Callable[[], int]

RESERVE_BYTES = 1 << 30


def milliseconds_now() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """`reserve_bytes`: free disk under which uploads are refused, so that deletes and the log have room to go on.

    `synced_alone_bytes`: an upload beyond this is synced by itself, so that a group of pictures need not wait for it.
    `caps` hold for each account.
    `remove_after_s`: how long after a delete the bytes stay, for requests that were about to read them.
    """

    reserve_bytes: int = RESERVE_BYTES
    synced_alone_bytes: int = 4 * 1024 * 1024
    remove_after_s: float = REMOVE_AFTER_S
    caps: Caps = NO_CAPS
    housekeeping_interval_s: float = 1.0
