"""The media type of a file by the bytes that it begins with."""

from __future__ import annotations

# Enough for every signature below and for an SVG's prologue.
HEAD_BYTES = 4096

_SHORTEST_SIGNATURE = b"\xff\x0a"
SIGNATURES: dict[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"\x00\x00\x01\x00": "image/x-icon",
    _SHORTEST_SIGNATURE: "image/jxl",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n": "image/jxl",
    b"\x1aE\xdf\xa3": "video/webm",
    b"OggS": "video/ogg",
    b"ID3": "audio/mpeg",
    b"fLaC": "audio/flac",
    b"%PDF-": "application/pdf",
    b"PK\x03\x04": "application/zip",
}
RIFF_FORMATS = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}

# ISO base media files (ISO/IEC 14496-12): the major brand decides, except that `mif1` and `msf1` say no more
# than "some HEIF", where the first telling compatible brand does.
BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic-sequence",
    b"hevx": "image/heic-sequence",
    b"crx ": "image/x-canon-cr3",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
VAGUE_BRANDS = {b"mif1": "image/heif", b"msf1": "image/heif-sequence"}


def content_type_by_signature(head: bytes) -> str | None:
    """The type of a file that begins so, where its format is marked by fixed bytes; `HEAD_BYTES` are enough."""
    return _by_signature(head) or _by_brand(head)


def image_type_of(head: bytes, *, by_name: str) -> str | None:
    """The type of a raster image that begins so, None for everything else. `by_name` is what its name says.

    The two bytes of a bare JPEG XL stream begin one of 65,536 encrypted files too: there the name must agree.
    """
    found = content_type_by_signature(head)
    if found is None or not found.startswith("image/"):
        return None
    return found if found == by_name or not head.startswith(_SHORTEST_SIGNATURE) else None


def _by_signature(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return RIFF_FORMATS.get(head[8:12])
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two letters alone would take many a text for a bitmap
        return "image/bmp"
    return next((media_type for signature, media_type in SIGNATURES.items() if head.startswith(signature)), None)


def _by_brand(head: bytes) -> str | None:
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4]), len(head))
    major = head[8:12]
    if major in BRANDS:
        return BRANDS[major]
    if major not in VAGUE_BRANDS:
        return "video/mp4"
    compatible = (head[start : start + 4] for start in range(16, size - 3, 4))
    return next((BRANDS[brand] for brand in compatible if brand in BRANDS), VAGUE_BRANDS[major])
