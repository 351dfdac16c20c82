"""Random calls on the store on disk and its twin in memory, compared with each other and with a plain model.

After every call all three have done the same or refused it for the same reason; listings, contents and usage agree
whenever they are asked for; at the end the stores' own check finds nothing, and everything can be deleted.

A failure prints the calls that lead to it, shortened as far as it goes, and the line `@reproduce_failure(…)` to put
over the class.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from calotype.store.large_files import Finished
from calotype.store.model import Bucket, BucketSettings, FileVersion, Part, VersionDraft, Versioning
from support.plain_store import DAY_MS, folded
from support.real_store import (
    CUSTOMERS,
    Real,
    all_names,
    all_unfinished,
    all_versions,
    as_key,
    as_retention,
    changed,
    told_row,
)
from support.side_by_side import (
    CONTENTS,
    DAYS_OF_RETENTION,
    DELIMITERS,
    ENCRYPTIONS,
    KEYS,
    LABELS,
    MODES,
    NTH,
    PART_NUMBERS,
    PREFIXES,
    SPANS,
    TIMES,
    Lock,
    SideBySide,
    Wanted,
    outcome_of,
)


class StoresAgree(SideBySide):
    @rule(ms=st.sampled_from([0, 1, 1000, DAY_MS + 1]))
    def time_passes(self, ms: int) -> None:
        self.model.now_ms += ms

    @rule()
    def the_store_on_disk_is_restarted(self) -> None:
        self.run(self.reals[0].store.close())
        self.reals[0].store = self.run(self.opened())

    # Buckets

    @initialize()
    def two_buckets(self) -> None:
        self.create_bucket("first", "Enabled", False)
        self.create_bucket("locked", "Enabled", True)

    @rule(
        name=st.sampled_from(["first", "FIRST", "second", "locked"]),
        versioning=st.sampled_from(["Enabled", "Suspended", "Unversioned"]),
        has_lock=st.booleans(),
    )
    def create_bucket(self, name: str, versioning: str, has_lock: bool) -> None:
        self.bucket_of_all(
            lambda: self.model.create_bucket(name, versioning, has_lock=has_lock),
            lambda real: real.store.create_bucket(
                real.account_id,
                name,
                versioning=Versioning(versioning),
                settings=BucketSettings(file_lock_enabled=has_lock),
            ),
        )

    @rule(
        nth=NTH,
        is_public=st.booleans(),
        is_encrypted=st.booleans(),
        locks=st.booleans(),
        default=st.one_of(st.none(), st.tuples(MODES, st.integers(1, 2))),
        revision=st.sampled_from(["any", "this", "another"]),
    )
    def update_bucket(
        self, nth: int, is_public: bool, is_encrypted: bool, locks: bool, default: Lock, revision: str
    ) -> None:
        number = self.bucket_at(nth)
        known = self.model.buckets.get(number)
        now_at = known.revision if known is not None else 2
        expected = {"any": None, "this": now_at, "another": now_at + 7}[revision]
        wanted: Any = {
            "is_public": is_public,
            "is_encrypted": is_encrypted,
            "has_lock": locks,
            "default_retention": default,
        }

        def act(real: Real) -> Awaitable[Bucket]:
            return real.store.change_bucket(
                real.buckets[number].bucket_id, lambda bucket: changed(bucket, **wanted), if_revision_is=expected
            )

        self.bucket_of_all(lambda: self.model.update_bucket(number, **wanted, if_revision_is=expected), act)

    @rule(nth=NTH)
    def delete_bucket(self, nth: int) -> None:
        number = self.bucket_at(nth)
        self.bucket_of_all(
            lambda: self.model.delete_bucket(number),
            lambda real: real.store.delete_bucket(real.buckets[number].bucket_id),
        )

    # Versions

    @rule(nth=NTH, key=KEYS, content=CONTENTS, label=LABELS, at_ms=TIMES, encryption=ENCRYPTIONS)
    def put(self, nth: int, key: bytes, content: bytes, label: str, at_ms: int | None, encryption: str) -> None:
        number = self.bucket_at(nth)
        draft = VersionDraft(label, uploaded_at_ms=at_ms)
        self.version_of_all(
            lambda: self.model.put(number, key, content, label, at_ms=at_ms, key_used=encryption),
            lambda real: real.put(number, key, content, draft, encryption),
        )

    @rule(nth=NTH, key=KEYS, retention=DAYS_OF_RETENTION, hold=st.sampled_from([None, None, False, True]))
    def put_with_lock(self, nth: int, key: bytes, retention: Lock, hold: bool | None) -> None:
        number, until = self.bucket_at(nth), self.from_now(retention)
        draft = VersionDraft("blue", retention=as_retention(until), legal_hold=hold)
        self.version_of_all(
            lambda: self.model.put(number, key, b"locked", "blue", lock=(until, hold)),
            lambda real: real.put(number, key, b"locked", draft, ""),
        )

    @rule(nth=NTH, key=KEYS)
    def hide(self, nth: int, key: bytes) -> None:
        number = self.bucket_at(nth)
        self.version_of_all(
            lambda: self.model.hide(number, key),
            lambda real: real.store.hide(real.buckets[number].bucket_id, key),
        )

    @rule(nth=NTH, key=KEYS)
    def delete_object(self, nth: int, key: bytes) -> None:
        number = self.bucket_at(nth)
        self.version_of_all(
            lambda: self.model.delete_object(number, key),
            lambda real: real.store.delete_object(real.buckets[number].bucket_id, key),
        )

    @rule(nth=NTH, bypass=st.booleans())
    def delete_version(self, nth: int, bypass: bool) -> None:
        if place := self.version_at(nth, Wanted.ANY):
            self.version_of_all(
                lambda: self.model.delete_version(*place, bypass=bypass),
                lambda real: real.delete_version(place[1], bypass=bypass),
            )

    @rule(nth_source=NTH, nth=NTH, key=KEYS, span=SPANS, encryption=ENCRYPTIONS)
    def copy(self, nth_source: int, nth: int, key: bytes, span: tuple[int, int] | None, encryption: str) -> None:
        number, source = self.bucket_at(nth), self.version_at(nth_source, Wanted.UPLOAD)
        if source is None:
            return
        opens = self.opens[source[1]]
        start, stop = self.within(source, span)

        async def act(real: Real) -> FileVersion:
            return await real.store.copy(
                await real.version(source[1]),
                await real.bucket(number),
                key,
                VersionDraft("copied"),
                start=start,
                stop=stop,
                source_key=CUSTOMERS.get(opens),
                key_of_copy=as_key(encryption),
            )

        self.version_of_all(
            lambda: self.model.copy(
                source, number, key, "copied", (start, stop), source_key=opens, key_used=encryption
            ),
            act,
        )

    # Reading

    @rule(nth=NTH, key=st.sampled_from(["right", "none", "anna", "bert"]))
    def read(self, nth: int, key: str) -> None:
        if place := self.version_at(nth, Wanted.UPLOAD):
            opens = {"right": self.opens[place[1]], "none": ""}.get(key, key)
            expected = outcome_of(lambda: self.model.read(place, opens))
            assert self.on_both(lambda real: real.content(place[1], opens)) == [expected] * 2

    @rule(nth=NTH, prefix=PREFIXES, delimiter=DELIMITERS, start=st.one_of(st.just(b""), KEYS), limit=st.integers(1, 4))
    def list_names(self, nth: int, prefix: bytes, delimiter: bytes, start: bytes, limit: int) -> None:
        if bucket := self.model.buckets.get(self.bucket_at(nth)):
            expected = folded([each for each in bucket.names() if each.key >= start], prefix, delimiter)
            for real in self.reals:
                rows = self.run(all_names(real, bucket.number, prefix, delimiter, start, limit=limit))
                assert sorted(rows, key=str) == sorted(map(told_row, expected), key=str)

    @rule(nth=NTH, prefix=PREFIXES, delimiter=DELIMITERS, start=st.one_of(st.just(b""), KEYS), limit=st.integers(1, 4))
    def list_versions(self, nth: int, prefix: bytes, delimiter: bytes, start: bytes, limit: int) -> None:
        if bucket := self.model.buckets.get(self.bucket_at(nth)):
            expected = folded([each for each in bucket.in_order() if each.key >= start], prefix, delimiter)
            for real in self.reals:
                rows = self.run(all_versions(real, bucket.number, prefix, delimiter, start, limit=limit))
                assert sorted(rows, key=str) == sorted(map(told_row, expected), key=str)

    @rule(nth=NTH, limit=st.integers(1, 4))
    def list_versions_from_one_of_them(self, nth: int, limit: int) -> None:
        place = self.version_at(nth, Wanted.ANY)
        begun_at = None if place is None else self.model_version(place)
        if place is None or begun_at is None:
            return  # from a start that is gone rows may come twice
        below = self.model.buckets[place[0]].in_order()
        expected = [told_row(each) for each in below[below.index(begun_at) :]]
        for real in self.reals:
            start_id = real.versions[place[1]].version_id
            listed = all_versions(real, place[0], start=begun_at.key, start_id=start_id, limit=limit)
            assert self.run(listed) == expected

    # Large files

    @rule(nth=NTH, key=KEYS, label=LABELS, at_ms=TIMES, encryption=ENCRYPTIONS)
    def start(self, nth: int, key: bytes, label: str, at_ms: int | None, encryption: str) -> None:
        number = self.bucket_at(nth)

        async def act(real: Real) -> FileVersion:
            bucket, draft = await real.bucket(number), VersionDraft(label, uploaded_at_ms=at_ms)
            return await real.store.large_files.start(bucket, key, draft, encryption=as_key(encryption))

        self.version_of_all(lambda: self.model.start(number, key, label, at_ms=at_ms, key_used=encryption), act)

    @rule(nth=NTH, key=KEYS, contents=st.lists(CONTENTS, min_size=1, max_size=3), above=st.integers(0, 2))
    def start_with_parts(self, nth: int, key: bytes, contents: list[bytes], above: int) -> None:
        """What would seldom come together by chance: a file with parts, and newer versions above its place."""
        self.start(nth, key, "red", None, "")
        for part, content in enumerate(contents, 1):
            self.put_part(0, part, content)
        for _ in range(above):
            self.put(nth, key, b"above", "green", None, "")

    @rule(nth=NTH, part=PART_NUMBERS, content=CONTENTS)
    def put_part(self, nth: int, part: int, content: bytes) -> None:
        if place := self.version_at(nth, Wanted.STARTED):
            opens = self.opens[place[1]]
            self.part_of_all(
                lambda: self.model.put_part(place, part, content, key=opens),
                lambda real: real.put_part(place[1], part, content, opens),
            )

    @rule(nth=NTH, part=PART_NUMBERS, nth_source=NTH, span=SPANS)
    def copy_part(self, nth: int, part: int, nth_source: int, span: tuple[int, int] | None) -> None:
        place, source = self.version_at(nth, Wanted.STARTED), self.version_at(nth_source, Wanted.UPLOAD)
        if place is None or source is None:
            return
        opens, opens_source = self.opens[place[1]], self.opens[source[1]]
        start, stop = self.within(source, span)

        async def act(real: Real) -> Part:
            return await real.store.large_files.copy_part(
                real.versions[place[1]],
                part,
                await real.version(source[1]),
                start,
                stop,
                source_key=CUSTOMERS.get(opens_source),
                key=CUSTOMERS.get(opens),
            )

        self.part_of_all(
            lambda: self.model.copy_part(place, part, source, (start, stop), source_key=opens_source, key=opens), act
        )

    @rule(nth=NTH)
    def list_parts(self, nth: int) -> None:
        place = self.version_at(nth, Wanted.STARTED)
        if place is None or self.model_version(place) is None:
            return

        async def act(real: Real) -> list[tuple[int, int]]:
            parts = await real.store.large_files.parts(real.versions[place[1]])
            return [(part.part_number, part.length) for part in parts]

        assert self.on_both(act) == [self.model.parts(place)] * 2

    @rule(nth=NTH)
    def finish(self, nth: int) -> None:
        """With all the parts that are there."""
        place = self.version_at(nth, Wanted.STARTED)
        known = None if place is None else self.model_version(place)
        self.finish_with_some_parts(nth, [1] if known is None else sorted(known.parts))

    @rule(nth=NTH, numbers=st.lists(PART_NUMBERS, max_size=3, unique=True).map(sorted))
    def finish_with_some_parts(self, nth: int, numbers: list[int]) -> None:
        finished = Finished(tuple(numbers), etag="etag")
        if place := self.version_at(nth, Wanted.STARTED):
            self.version_of_all(
                lambda: self.model.finish(place, numbers),
                lambda real: real.store.large_files.finish(real.versions[place[1]], lambda file, parts: finished),
            )

    @rule(nth=NTH)
    def cancel(self, nth: int) -> None:
        if place := self.version_at(nth, Wanted.STARTED):
            self.version_of_all(
                lambda: self.model.cancel(place),
                lambda real: real.store.large_files.cancel(real.versions[place[1]].version_id),
            )

    @rule(nth=NTH, prefix=PREFIXES, limit=st.integers(1, 3))
    def list_unfinished(self, nth: int, prefix: bytes, limit: int) -> None:
        if bucket := self.model.buckets.get(self.bucket_at(nth)):
            expected = sorted(each.number for each in self.model.unfinished(bucket.number, prefix))
            for real in self.reals:
                found = self.run(all_unfinished(real, bucket.number, prefix, limit))
                assert sorted(real.number_of(file) for file in found) == expected
                assert [file.version_id for file in found] == sorted(file.version_id for file in found)

    # Lock

    @rule(nth=NTH, retention=DAYS_OF_RETENTION, bypass=st.booleans())
    def update_retention(self, nth: int, retention: Lock, bypass: bool) -> None:
        until = self.from_now(retention)
        if place := self.version_at(nth, Wanted.ANY):
            self.version_of_all(
                lambda: self.model.update_retention(*place, until, bypass=bypass),
                lambda real: real.update_retention(place[1], until, bypass=bypass),
            )

    @rule(nth=NTH, on=st.booleans())
    def update_legal_hold(self, nth: int, on: bool) -> None:
        if place := self.version_at(nth, Wanted.ANY):
            self.version_of_all(
                lambda: self.model.update_legal_hold(*place, on),
                lambda real: real.update_legal_hold(place[1], on),
            )


# The time is for shortening a failure; without one it takes half a minute.
TestStoresAgree = pytest.mark.timeout(600)(StoresAgree.TestCase)
TestStoresAgree.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
