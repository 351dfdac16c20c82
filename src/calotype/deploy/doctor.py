"""A real object sent through the whole chain, one layer after the other, until one fails.

key -> bucket -> upload -> origin -> edge, first time -> edge, again -> headers -> replacement -> deletion
"""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from calotype.b2.client import B2Client
from calotype.b2.errors import B2Error, CapExceeded, NotFound, Unauthorized
from calotype.b2.transport import Unreachable
from calotype.deploy.check import Answer, Level, cache_status, findings
from calotype.upload.links import link_to

FOLDER = "calotype-doctor"
SEEN_WITHIN_S = 5.0  # a change reaches the edge within a second; a slow machine gets some more
HIT_WITHIN_S = 2.0
PAUSE_S = 0.05
NEEDED_CAPABILITIES = frozenset({"listBuckets", "listFiles", "readFiles", "writeFiles", "deleteFiles"})


@dataclass(frozen=True, slots=True)
class Patient:
    """The site to examine. `token` makes the object's name its own."""

    origin_url: str
    site_url: str
    bucket: str
    token: str


@dataclass(frozen=True, slots=True)
class Step:
    """One layer: what it did, or what is wrong with it and what to do."""

    layer: str
    is_well: bool
    text: str
    hint: str = ""


class Sick(Exception):
    """The layer that was asked does not do its part."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.hint = hint


class Viewing(Protocol):
    """The site as a viewer sees it."""

    def answer(self, url: str) -> Answer | None:
        """The answer to a GET; None when nothing answers."""
        ...


Purge = Callable[[str], None]


def examine(patient: Patient, origin: B2Client, viewer: Viewing, purge: Purge) -> Iterator[Step]:
    """Yields each layer's result and ends at the first that fails. The object is removed in the end, come what may."""
    visit = _Visit(patient, origin, viewer, purge)
    layers = (
        ("key", visit.key),
        ("bucket", visit.find_bucket),
        ("upload", visit.upload),
        ("origin", visit.origin_download),
        ("edge, first time", visit.edge_first),
        ("edge, again", visit.edge_again),
        ("headers", visit.headers),
        ("replacement", visit.replacement),
        ("deletion", visit.deletion),
    )
    try:
        for layer, look in layers:
            step = _step(layer, look)
            yield step
            if not step.is_well:
                return
    finally:
        visit.clean_up()


def _step(layer: str, look: Callable[[], str]) -> Step:
    try:
        return Step(layer, True, look())
    except Sick as exc:
        return Step(layer, False, exc.text, exc.hint)
    except Unreachable as exc:
        return Step("origin", False, exc.message, "is the origin started, and its address right?")
    except Unauthorized as exc:
        return Step("key", False, exc.message or "the key does not allow it", "use a key with more capabilities")
    except CapExceeded as exc:
        return Step(layer, False, f"{exc.code}: {exc.message}", "`calotype costs` shows which cap of yours is used up")
    except B2Error as exc:
        return Step(layer, False, f"{exc.code}: {exc.message}")


class _Visit:
    """What one layer left, the next one looks at."""

    def __init__(self, patient: Patient, origin: B2Client, viewer: Viewing, purge: Purge) -> None:
        self._patient = patient
        self._origin = origin
        self._viewer = viewer
        self._purge = purge
        self._name = f"{FOLDER}/{patient.token}.png"
        self._url = link_to(patient.site_url, self._name)
        self._picture = small_picture(patient.token)
        self._bucket_id = ""
        self._first: Answer | None = None
        self._second: Answer | None = None

    def key(self) -> str:
        allowed = self._origin.authorize().api_info.storage_api.allowed
        missing = NEEDED_CAPABILITIES - set(allowed.capabilities)
        if missing:
            raise Sick(f"the key lacks {', '.join(sorted(missing))}", "make one with `calotype keys create`")
        return f"{self._patient.origin_url} takes the key"

    def find_bucket(self) -> str:
        try:
            bucket = self._origin.bucket(self._patient.bucket)
        except NotFound:
            raise Sick(
                f"there is no bucket {self._patient.bucket}",
                "`calotype up` makes it with the rest of the site, `calotype buckets create` at an origin alone",
            ) from None
        self._bucket_id = bucket.bucket_id
        lifetime = next((value for name, value in bucket.bucket_info.items() if name.lower() == "cache-control"), None)
        kind = "public" if bucket.bucket_type == "allPublic" else "private"
        return f"{bucket.bucket_name} is {kind}, its info has " + (
            f"cache-control: {lifetime}" if lifetime else "no cache-control"
        )

    def upload(self) -> str:
        began = time.perf_counter()
        self._put(self._picture)
        return f"{self._name}, {len(self._picture)} bytes in {_ms(began)}"

    def origin_download(self) -> str:
        began = time.perf_counter()
        if self._origin.download_by_name(self._patient.bucket, self._name) != self._picture:
            raise Sick("the origin gives other bytes back than it was given", "run `calotype fsck`")
        return f"the same bytes came back in {_ms(began)}"

    def edge_first(self) -> str:
        self._first = answer = self._ask()
        if answer.status != 200:
            raise Sick(f"{self._url} answers {answer.status}", _hint_for(answer.status))
        if answer.body_length != len(self._picture):
            raise Sick(f"{self._url} has {answer.body_length} bytes, not {len(self._picture)}")
        return f"{cache_status(answer.headers) or 'no cache status'} in {answer.elapsed_s * 1000:.0f} ms"

    def edge_again(self) -> str:
        """Asks until it is a HIT, for a moment: the purge that follows an upload may come between two answers."""
        bad: list[str] = []

        def is_hit(answer: Answer) -> bool:
            nonlocal bad
            assert self._first is not None
            self._second = answer
            found = findings(self._url, self._first, answer)
            bad = [each.text for each in found if each.level is Level.BAD and each.topic == "cache"]
            return not bad

        if not self._until(is_hit, within_s=HIT_WITHIN_S):
            raise Sick("; ".join(bad), "`calotype plan` shows whether the site's rules are in place")
        answer = self._second
        assert answer is not None
        return f"{cache_status(answer.headers) or 'cached'} in {answer.elapsed_s * 1000:.0f} ms"

    def headers(self) -> str:
        assert self._first is not None
        assert self._second is not None
        found = findings(self._url, self._first, self._second)
        bad = [each.text for each in found if each.level is Level.BAD]
        if bad:
            raise Sick("; ".join(bad), "`calotype plan` shows whether the site's rules are in place")
        return "nothing of the origin's came through; lifetimes and validator are there"

    def replacement(self) -> str:
        began = time.perf_counter()
        changed = small_picture(self._patient.token + " replaced")
        self._put(changed)
        if not self._until(lambda answer: answer.status == 200 and answer.body_length == len(changed)):
            raise Sick(
                f"the edge still answers with the former picture after {SEEN_WITHIN_S:g} s",
                "does the origin reach the edge's control plane? Its log says so",
            )
        return f"a new picture under the same name was seen after {_ms(began)}"

    def deletion(self) -> str:
        began = time.perf_counter()
        locked = self._delete()
        self._purge(self._name)
        if not self._until(lambda answer: answer.status == 404):
            raise Sick(f"the edge still answers with a deleted picture after {SEEN_WITHIN_S:g} s")
        return f"a deleted picture was gone after {_ms(began)}" + (
            "; the bucket's default retention keeps its versions, hidden" if locked else ""
        )

    def clean_up(self) -> None:
        """Removes what is left; says nothing when the origin is out of reach."""
        if self._bucket_id:
            try:
                self._delete()
            except B2Error:
                return

    def _put(self, content: bytes) -> None:
        self._origin.upload(
            self._bucket_id, self._name, io.BytesIO(content), length=len(content), content_type="image/png"
        )

    def _delete(self) -> bool:
        """Whether something is locked, and so hidden instead."""
        return bool(self._origin.delete_all_versions(self._bucket_id, self._name).locked)

    def _ask(self) -> Answer:
        answer = self._viewer.answer(self._url)
        if answer is None:
            raise Sick(f"{self._url} gives no answer", "is the edge started, and does the site's name lead to it?")
        return answer

    def _until(self, is_so: Callable[[Answer], bool], *, within_s: float = SEEN_WITHIN_S) -> bool:
        deadline = time.monotonic() + within_s
        while not is_so(self._ask()):
            if time.monotonic() > deadline:
                return False
            time.sleep(PAUSE_S)
        return True


def small_picture(text: str) -> bytes:
    """A PNG of one pixel that carries the text, so that no two are equal."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"tEXt", b"Comment\0" + text.encode("latin-1", "replace")),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _hint_for(status: int) -> str:
    if status == 404:
        return "the edge asks for the wrong bucket or path: `calotype plan` shows its rules"
    if status in (401, 403):
        return (
            'the bucket is private and the edge has no key for it: set access = "private" and `calotype apply`. '
            "Or a cap is used up: `calotype costs`"
        )
    if status >= 500:
        return "the edge does not reach the origin: its DNS record, port or SSL mode is wrong"
    return "`calotype check` tells more"


def _ms(began: float) -> str:
    return f"{(time.perf_counter() - began) * 1000:.0f} ms"
