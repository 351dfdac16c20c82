"""Media types: what a name's extension means, and how user content of a type may behave in a browser."""

from __future__ import annotations

DEFAULT_CONTENT_TYPE = "application/octet-stream"

# The machine's own MIME database is not asked: answers would differ between hosts.
_BY_EXTENSION = {
    "3gp": "video/3gpp",
    "7z": "application/x-7z-compressed",
    "aac": "audio/aac",
    "apng": "image/apng",
    "arw": "image/x-sony-arw",
    "avi": "video/x-msvideo",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "bz2": "application/x-bzip2",
    "cr2": "image/x-canon-cr2",
    "css": "text/css",
    "csv": "text/csv",
    "dng": "image/x-adobe-dng",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "flac": "audio/flac",
    "gif": "image/gif",
    "gz": "application/gzip",
    "heic": "image/heic",
    "heif": "image/heif",
    "htm": "text/html",
    "html": "text/html",
    "ico": "image/x-icon",
    "jpe": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jxl": "image/jxl",
    "m4a": "audio/mp4",
    "m4v": "video/mp4",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "nef": "image/x-nikon-nef",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/opus",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "png": "image/png",
    "psd": "image/vnd.adobe.photoshop",
    "rtf": "application/rtf",
    "svg": "image/svg+xml",
    "svgz": "image/svg+xml",
    "tar": "application/x-tar",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "ttf": "font/ttf",
    "txt": "text/plain",
    "wasm": "application/wasm",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xhtml": "application/xhtml+xml",
    "xml": "application/xml",
    "zip": "application/zip",
}


def content_type_for(name: str) -> str:
    """The type of a file name by its last extension in any letter case, as `b2/x-auto` resolves it."""
    _, dot, extension = name.rpartition("/")[2].rpartition(".")
    return _BY_EXTENSION.get(extension.lower(), DEFAULT_CONTENT_TYPE) if dot else DEFAULT_CONTENT_TYPE


# Image types that no browser runs scripts in. Any other, SVG above all, may carry them.
_RASTER_IMAGES = frozenset(
    content_type
    for content_type in (*_BY_EXTENSION.values(), "image/vnd.microsoft.icon", "image/x-ms-bmp", "image/jpg")
    if content_type.startswith("image/") and content_type != "image/svg+xml"
)

NOSNIFF = ("x-content-type-options", "nosniff")
# Scripts, forms and the site's own origin are taken away; an SVG still draws, with its styles and embedded pictures.
SANDBOX = ("content-security-policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def user_content_headers(content_type: str) -> list[tuple[str, str]]:
    """The header fields that every response with bytes of a user carries, by its Content-Type."""
    return [NOSNIFF] if is_inert(content_type) else [NOSNIFF, SANDBOX]


def is_inert(content_type: str) -> bool:
    """Whether a browser only shows or plays this type: raster images, audio, video and plain text."""
    essence = content_type.partition(";")[0].strip(" \t").lower()
    kind, _, _ = essence.partition("/")
    return essence in _RASTER_IMAGES or kind in ("audio", "video") or essence == "text/plain"
