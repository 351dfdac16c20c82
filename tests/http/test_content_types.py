import pytest

from calotype.http.content_types import NOSNIFF, SANDBOX, content_type_for, user_content_headers


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jpg", "image/jpeg"),
        ("A.JPG", "image/jpeg"),
        ("x/y.z/a.tar.gz", "application/gzip"),  # the last extension decides
        ("a.svg", "image/svg+xml"),
        ("a.mov", "video/quicktime"),
        ("a.heic", "image/heic"),
        ("a.bin", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
        ("jpg", "application/octet-stream"),
        ("folder.jpg/file", "application/octet-stream"),
        ("a.", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_the_last_extension_gives_the_type(name: str, expected: str) -> None:
    assert content_type_for(name) == expected


@pytest.mark.parametrize(
    "content_type",
    ["image/png", "IMAGE/JPEG", "image/x-icon", "video/mp4", "audio/ogg", "text/plain", "text/plain; charset=utf-8"],
)
def test_inert_types_are_only_kept_from_sniffing(content_type: str) -> None:
    assert user_content_headers(content_type) == [NOSNIFF]


@pytest.mark.parametrize(
    "content_type",
    [
        "image/svg+xml",
        "image/svg",
        "image/anything",
        "text/html",
        "text/plainer",
        "application/pdf",
        "application/octet-stream",
        "",
        "nonsense",
    ],
)
def test_every_other_type_is_sandboxed(content_type: str) -> None:
    assert user_content_headers(content_type) == [NOSNIFF, SANDBOX]
