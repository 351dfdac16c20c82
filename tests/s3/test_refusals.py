"""What the HTTP server refuses, in S3's words."""

from __future__ import annotations

import pytest

from calotype.s3.refusals import refusal_of


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, (400, "BadRequest")),
        (408, (400, "RequestTimeout")),  # S3 has it as a 400
        (413, (400, "EntityTooLarge")),
        (414, (414, "URITooLong")),
        (431, (400, "RequestHeaderSectionTooLarge")),
        (501, (501, "NotImplemented")),
        (503, (503, "SlowDown")),
        (500, (500, "InternalError")),
        (505, (400, "BadRequest")),  # nothing that S3 has a word for, and the client's doing
    ],
)
def test_each_status_has_a_code(status: int, expected: tuple[int, str]) -> None:
    error = refusal_of(status, "the reason")
    assert (error.status, error.code) == expected


def test_the_reason_is_told_and_when_to_come_again() -> None:
    assert "the Host field is missing" in refusal_of(400, "the Host field is missing").message
    assert refusal_of(503, "too many connections").headers == (("retry-after", "1"),)
