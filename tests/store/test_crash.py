"""SIGKILL at random moments under concurrent uploads: what was acknowledged is whole, the rest is there or not."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from calotype.master_key import MasterKey
from calotype.store.store import Store, StoreSettings
from support import store_workload
from support.promises import Promises, check

KEY = "5a" * 32
ROUNDS = 8


async def test_what_was_acknowledged_survives_sigkill_at_random_moments(tmp_path: Path) -> None:
    promises = Promises()
    acknowledged_each_round: list[int] = []
    for seed in range(ROUNDS):
        before = len(promises.contents)
        run_and_kill(tmp_path / "origin", promises, random.Random(seed).uniform(0.0, 0.6), seed)
        acknowledged_each_round.append(len(promises.contents) - before)
        await check(tmp_path / "origin", MasterKey(bytes.fromhex(KEY)), promises)
    assert sum(acknowledged_each_round) > 100, "killed too early to prove anything"
    assert len(promises.finishing) > 10
    settings = StoreSettings(reserve_bytes=0, remove_after_s=0.0)
    async with await Store.open(tmp_path / "origin", MasterKey(bytes.fromhex(KEY)), settings=settings) as store:
        report = await store.fsck()
    assert report.is_clean
    assert len(list(store.blobs.blob_ids())) == report.blobs, "orphans of the kills are left"


def run_and_kill(folder: Path, promises: Promises, delay_s: float, seed: int) -> None:
    """Run the workload, kill it `delay_s` after it is ready, and hear what it had said."""
    workload = subprocess.Popen(
        [sys.executable, store_workload.__file__, str(folder), "8", "100000", str(seed), "1"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "CALOTYPE_MASTER_KEY": KEY},
    )
    assert workload.stdout is not None
    with workload:
        if workload.stdout.readline() != "ready\n":
            workload.kill()
            pytest.fail("the workload did not start")
        killer = threading.Thread(target=lambda: (time.sleep(delay_s), workload.kill()))
        killer.start()
        for line in workload.stdout:
            if line.endswith("\n"):  # the kill may have cut the last one
                promises.hear(line)
        killer.join()
