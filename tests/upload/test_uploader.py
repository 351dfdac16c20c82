from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pytest

from calotype.upload.naming import parse_template
from calotype.upload.uploader import (
    NAMES_TRIED,
    NameTaken,
    NotReadable,
    Progress,
    Uploaded,
    names_for,
    upload_file,
    wait_until_readable,
)

NOW = datetime(2026, 1, 9, tzinfo=UTC)


class Bucket:
    """A bucket in memory."""

    def __init__(self, *taken: str) -> None:
        self.objects: dict[str, tuple[bytes, str]] = dict.fromkeys(taken, (b"old", "text/plain"))

    def put(
        self, key: str, content: BinaryIO, length: int, *, content_type: str, may_replace: bool, progress: Progress
    ) -> frozenset[str]:
        if key in self.objects and not may_replace:
            raise NameTaken(key)
        body = content.read()
        assert len(body) == length
        progress(len(body))
        self.objects[key] = (body, content_type)
        return frozenset({"etag-" + key})


class Answers:
    """A site that answers with each of these once, the last one for ever."""

    def __init__(self, *answers: tuple[int, int | None, str | None]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def look(self, url: str) -> tuple[int, int | None, str | None]:
        self.asked.append(url)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "My Cat.PNG"
    path.write_bytes(b"picture")
    return path


def numbers() -> count[int]:
    return count()


def names(path: Path, template: str) -> list[str]:
    drawn = numbers()
    return list(names_for(path, parse_template(template), now=NOW, choose=lambda below: next(drawn) % below))


def test_a_file_goes_under_its_name_with_its_type_and_its_link(picture: Path) -> None:
    bucket, sent = Bucket(), list[int]()
    uploaded, etags = upload_file(
        bucket,
        picture,
        site_url="http://s.test",
        names=iter(["2026/My Cat.png"]),
        may_replace=False,
        progress=sent.append,
    )
    assert bucket.objects["2026/My Cat.png"] == (b"picture", "image/png")
    assert (uploaded.url, uploaded.title, uploaded.length) == ("http://s.test/2026/My%20Cat.png", "My Cat", 7)
    assert (etags, sent) == ({"etag-2026/My Cat.png"}, [7])


def test_a_taken_name_is_drawn_again(picture: Path) -> None:
    drawn = names(picture, "%rn")
    assert drawn == ["0.png", "1.png", "2.png", "3.png", "4.png"]
    bucket = Bucket("0.png", "1.png")
    uploaded, _ = upload_file(
        bucket, picture, site_url="http://s.test", names=iter(drawn), may_replace=False, progress=lambda _: None
    )
    assert uploaded.key == "2.png"


def test_a_name_that_stays_taken_is_an_error_and_nothing_is_replaced(picture: Path) -> None:
    bucket = Bucket("My Cat.png")
    drawn = names(picture, "%fn")
    assert drawn == ["My Cat.png"] * NAMES_TRIED
    with pytest.raises(NameTaken, match=r"My Cat\.png"):
        upload_file(bucket, picture, site_url="", names=iter(drawn), may_replace=False, progress=lambda _: None)
    assert bucket.objects["My Cat.png"] == (b"old", "text/plain")


def uploaded(length: int = 7) -> Uploaded:
    return Uploaded(Path("a"), "a.png", "http://s.test/a.png", "a", "image/png", length)


@pytest.mark.parametrize(
    "answers",
    [
        [(200, 7, "e")],
        [(200, None, None)],  # an edge that compresses or hides its ETag
        [(404, 9, None), (0, None, None), (200, 7, "e")],  # a remembered 404, a restart
        [(200, 7, "old"), (200, 3, "old"), (200, 7, "e")],  # the object that was replaced
    ],
)
def test_waiting_ends_when_the_site_answers_with_the_very_object(
    answers: list[tuple[int, int | None, str | None]],
) -> None:
    site = Answers(*answers)
    wait_until_readable(site, uploaded(), frozenset({"e", "another digest"}))
    assert site.asked == ["http://s.test/a.png"] * len(answers)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((404, 9, None), "the answer is 404"),
        ((0, None, None), "nothing answers"),
        ((200, 3, "e"), "3 bytes, not 7"),
        ((200, 7, "x"), "former object"),
    ],
)
def test_waiting_gives_up_with_what_came_last(answer: tuple[int, int | None, str | None], words: str) -> None:
    with pytest.raises(NotReadable, match=words):
        wait_until_readable(Answers(answer), uploaded(), frozenset({"e"}), within_s=0.05)
