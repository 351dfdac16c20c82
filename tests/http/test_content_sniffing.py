"""Which pictures are known by their first bytes."""

import pytest

from calotype.http.content_sniffing import content_type_by_signature, image_type_of

PLAIN = "application/octet-stream"


@pytest.mark.parametrize(
    ("head", "by_name", "found"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", PLAIN, "image/png"),
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00", PLAIN, "image/avif"),
        (b"\x00\x00\x00\x1cftypheic\x00\x00\x00\x00", PLAIN, "image/heic"),
        (b"\x00\x00\x00\x0cJXL \r\n\x87\n", PLAIN, "image/jxl"),
        (b"\xff\x0a\xfa\x1f", "image/jxl", "image/jxl"),
        (b"\xff\x0a\xfa\x1f", PLAIN, None),  # two bytes tell too little without a name
        (b"\x1aE\xdf\xa3", PLAIN, None),  # a film is not a picture
        (b"<svg xmlns=", PLAIN, None),  # may carry scripts
        (b"%PDF-1.7", PLAIN, None),
        (b"", PLAIN, None),
    ],
)
def test_a_picture_is_known_by_its_first_bytes(head, by_name, found):
    assert image_type_of(head, by_name=by_name) == found


def test_other_formats_are_known_too():
    assert content_type_by_signature(b"%PDF-1.7") == "application/pdf"
    assert content_type_by_signature(b"hello") is None
