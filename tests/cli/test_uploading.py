"""Under which ETags a site may show what was uploaded."""

import pytest

from calotype.b2.json import FileObject, PartObject
from calotype.cli.uploading import etags_of
from calotype.store.etags import etag_of_parts

MD5S = ["5d41402abc4b2a76b9719d911017c592", "7d793037a0760186574b0282f2f435e7"]


def stored(sha1, md5):
    return FileObject(
        action="upload",
        account_id="a",
        bucket_id="b",
        file_id="4_z",
        file_name="a",
        content_length=1,
        content_sha1=sha1,
        content_md5=md5,
        content_type="a/b",
        file_info={},
        upload_timestamp=0,
    )


def part(number, md5):
    return PartObject(
        file_id="4_z",
        part_number=number,
        content_length=1,
        content_sha1="s",
        content_md5=md5,
        server_side_encryption={},
        upload_timestamp=0,
    )


@pytest.mark.parametrize(
    ("file", "md5s", "etags"),
    [
        (stored("s" * 40, MD5S[0]), [], {"s" * 40, MD5S[0]}),  # our origin tells the one, an edge before B2 the other
        (stored("none", None), MD5S, {etag_of_parts(MD5S)}),
        (stored("none", None), [None, None], set()),  # B2 does not tell the MD5 of what a customer's key encrypts
    ],
)
def test_a_site_may_show_a_file_under_its_digests(file, md5s, etags):
    parts = [part(number, md5) for number, md5 in enumerate(md5s, start=1)]
    assert etags_of(file, parts) == etags
