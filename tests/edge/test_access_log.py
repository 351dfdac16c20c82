"""One line for each request, without secrets."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
import pytest

from calotype.edge.access_log import AccessLog, redacted
from edge.story import picture, story


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/a.png", "/a.png"),
        ("/a?x=1&y=2", "/a?x=1&y=2"),
        ("/a?X-Amz-Credential=k%2F1&X-Amz-Signature=abc&z=1", "/a?X-Amz-Credential=-&X-Amz-Signature=-&z=1"),
        ("/a?Authorization=3_2024", "/a?Authorization=-"),
        ("/a?token=t", "/a?token=-"),
        ("/a?verify=1700000000-mac", "/a?verify=-"),
    ],
)
def test_secrets_in_the_address_are_not_logged(target: str, expected: str) -> None:
    assert redacted(target) == expected


async def test_text_and_json_lines() -> None:
    text, json = io.StringIO(), io.StringIO()
    for stream, style in ((text, "text"), (json, "json")):
        log = AccessLog(stream, style)
        log.request(
            1_780_000_000.25, client="192.0.2.1", method="GET", host="img.test", target="/a?token=t", status=200,
            cache="HIT", length=7, ray="ab", seconds=0.5,
        )  # fmt: skip
        log.flush()
    assert text.getvalue() == '192.0.2.1 [Thu, 28 May 2026 20:26:40 GMT] "GET img.test/a?token=-" 200 7 HIT ab\n'
    fields = msgspec.json.decode(json.getvalue())
    assert (fields["target"], fields["time"], fields["cache"]) == ("/a?token=-", 1_780_000_000.25, "HIT")


async def test_every_answer_has_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with story(tmp_path, lambda _: picture(cache_control="max-age=60"), access_log="json") as edge:
        for path in ("/a", "/a", "/a", "/b"):
            await edge.ask(path)
    lines = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    told = [(line["target"], line["cache"]) for line in lines]
    assert told == [("/a", "MISS"), ("/a", "HIT"), ("/a", "HIT"), ("/b", "MISS")]
    assert all(line["client"] == "127.0.0.1" and line["bytes"] == 6 for line in lines)
    assert len({line["ray"] for line in lines}) == 4
