"""The fields of a form that uploads: which object they describe, and what the browser is to be told (S3 PostObject)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from calotype.http.message import Headers
from calotype.s3 import tags, xml
from calotype.s3.errors import InvalidArgument
from calotype.s3.request import S3Request

# Fields that become header fields of a PutObject under the same name; those of `x-amz-` do as well.
_HEADER_FIELDS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-md5",
        "content-type",
        "expires",
    }
)
_OF_THE_SIGNATURE = frozenset(
    {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature", "x-amz-security-token"}
)
_FILE_NAME = "${filename}"


@dataclass(frozen=True, slots=True)
class FormFields:
    """What stands before the file. `values` by lower-case name, in the order of the form; `file_name` as given."""

    values: Mapping[str, str]
    file_name: str = ""

    def get(self, name: str) -> str:
        """The value of a field, empty when there is none."""
        return self.values.get(name, "")

    def to_check(self, bucket: str) -> dict[str, str]:
        """What a policy judges: the fields as the object will have them, and the bucket as if it were one.

        Raises InvalidArgument for a form without a key.
        """
        return {**self.values, "key": self.key, "bucket": bucket}

    @property
    def key(self) -> str:
        """The object's key, the file's name put in where the form asks for it; raises InvalidArgument."""
        key = self.get("key").replace(_FILE_NAME, _last_segment(self.file_name))
        if not key:
            raise missing_field("key")
        return key

    def to_put(self, bucket: str) -> S3Request:
        """The PutObject that the form is, as far as its header fields go; raises InvalidArgument, InvalidTag."""
        return S3Request("PUT", bucket, self.key.encode("utf-8", "surrogateescape"), headers=Headers(self._headers()))

    def _headers(self) -> list[tuple[str, str]]:
        fields = [(name, _as_header(value)) for name, value in self.values.items() if _is_header(name) and value]
        if self.get("acl"):
            fields.append(("x-amz-acl", _as_header(self.get("acl"))))
        if self.get("tagging"):
            stated = tags.tags_of_document(self.get("tagging").encode(), tags.MOST_TAGS_OF_OBJECT)
            fields.append((tags.HEADER, tags.tags_to_header(stated)))
        return fields


def missing_field(name: str) -> InvalidArgument:
    """In S3's words, which think of fields behind the file: those do not count."""
    return InvalidArgument.of(
        name,
        "",
        f"Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields.",
    )


def _is_header(name: str) -> bool:
    return name in _HEADER_FIELDS or (name.startswith("x-amz-") and name not in _OF_THE_SIGNATURE)


def _as_header(value: str) -> str:
    """Text as a header field would bring it: its UTF-8 bytes, one character each, and no line break of its own."""
    return " ".join(value.split("\r\n")).encode("utf-8", "surrogateescape").decode("latin-1")


def _last_segment(file_name: str) -> str:
    """Some browsers send the whole path of the file."""
    return file_name.replace("\\", "/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """The object that a form made; `etag` unquoted, `location` its address."""

    location: str
    bucket: str
    key: str
    etag: str

    def document(self) -> bytes:
        """The answer to `success_action_status` 201."""
        return xml.document(
            "PostResponse",
            ("Location", self.location),
            ("Bucket", self.bucket),
            ("Key", self.key),
            ("ETag", f'"{self.etag}"'),
            namespace=None,
        )

    def redirect(self, wanted: str) -> str | None:
        """Where `success_action_redirect` sends the browser; None when it is no address of the web, and passed over."""
        try:
            address = urlsplit(wanted)
        except ValueError:
            return None
        if address.scheme not in ("http", "https") or not address.netloc or not wanted.isascii():
            return None
        if any(character <= " " for character in wanted):
            return None
        told = f"bucket={quote(self.bucket, safe='')}&key={quote(self.key, safe='')}&etag={quote(self.quoted, safe='')}"
        return address._replace(query=f"{address.query}&{told}" if address.query else told).geturl()

    @property
    def quoted(self) -> str:
        return f'"{self.etag}"'


def success_status(fields: FormFields) -> int:
    """What `success_action_status` asks for; any other than these three is passed over."""
    return {"200": 200, "201": 201}.get(fields.get("success_action_status"), 204)


def success_redirect(fields: FormFields) -> str:
    """The older name of the field is `redirect`."""
    return fields.get("success_action_redirect") or fields.get("redirect")
