"""The five checksums of S3, by their published check values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calotype.auth.checksums import (
    CHECKSUMS,
    COMBINABLE,
    DIGEST_BYTES,
    HEADERS,
    as_base64,
    combined,
    composite,
    is_well_formed,
)


def checksum(algorithm: str, *pieces: bytes) -> bytes:
    fresh = CHECKSUMS[algorithm]()
    for piece in pieces:
        fresh.update(piece)
    return fresh.digest()


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        # The "check" of the catalogue of CRC algorithms: that of the nine digits.
        ("CRC32", "cbf43926"),
        ("CRC32C", "e3069283"),
        ("CRC64NVME", "ae8b14860a799888"),
        ("SHA1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("SHA256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ],
)
def test_each_checksum_has_its_published_check_value(algorithm: str, digest: str) -> None:
    assert checksum(algorithm, b"123456789").hex() == digest


@pytest.mark.parametrize("algorithm", CHECKSUMS)
@given(content=st.binary(max_size=200), cut=st.integers(0, 200))
def test_a_checksum_does_not_depend_on_how_the_content_is_cut(algorithm: str, content: bytes, cut: int) -> None:
    whole = checksum(algorithm, content)
    assert checksum(algorithm, content[:cut], content[cut:]) == whole
    assert len(whole) == DIGEST_BYTES[algorithm]
    assert is_well_formed(algorithm, as_base64(whole))


@pytest.mark.parametrize("value", ["", "AAAA", "AAAAAA", "AAAAAA==AA", "!!!!!!==", "AAAAAA==\n"])
def test_a_value_that_is_not_base64_of_the_right_size_is_not_well_formed(value: str) -> None:
    assert is_well_formed("CRC32", "AAAAAA==")
    assert not is_well_formed("CRC32", value)


def test_the_header_fields_have_amazons_names() -> None:
    assert HEADERS == {
        "CRC32": "x-amz-checksum-crc32",
        "CRC32C": "x-amz-checksum-crc32c",
        "CRC64NVME": "x-amz-checksum-crc64nvme",
        "SHA1": "x-amz-checksum-sha1",
        "SHA256": "x-amz-checksum-sha256",
    }


@pytest.mark.parametrize("algorithm", sorted(COMBINABLE))
@given(parts=st.lists(st.binary(max_size=50), max_size=6))
def test_the_checksum_of_the_whole_is_told_from_those_of_its_parts(algorithm: str, parts: list[bytes]) -> None:
    told = combined(algorithm, [(as_base64(checksum(algorithm, part)), len(part)) for part in parts])
    assert told == as_base64(checksum(algorithm, *parts))


@pytest.mark.parametrize("algorithm", CHECKSUMS)
def test_a_composite_checksum_is_that_of_the_parts_checksums_and_their_number(algorithm: str) -> None:
    one, two = checksum(algorithm, b"one"), checksum(algorithm, b"two")
    told = composite(algorithm, [as_base64(one), as_base64(two)])
    assert told == f"{as_base64(checksum(algorithm, one + two))}-2"
