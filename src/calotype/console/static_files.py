"""The console's scripts, styles and icons: read once at the start and served under a name that holds their digest.

So a browser keeps them for ever, and a new version of Calotype is seen at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class StaticFiles:
    """`contents` by file name; `digest` over all of them, since modules import each other by relative names."""

    contents: dict[str, bytes]
    digest: str

    @classmethod
    def load(cls, folder: Path = FOLDER) -> StaticFiles:
        contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in MEDIA_TYPES}
        whole = hashlib.sha256()
        for name, content in contents.items():
            whole.update(f"{name}\0{len(content)}\0".encode() + content)
        return cls(contents, whole.hexdigest()[:12])

    def url(self, name: str) -> str:
        """Where a page finds the file; raises KeyError for one that does not exist."""
        self.contents[name]
        return f"/static/{self.digest}/{name}"

    async def serve(self, request: Request) -> Response:
        content = self.contents.get(request.path_params["name"])
        if content is None or request.path_params["digest"] != self.digest:
            return PlainTextResponse("There is no such file.\n", 404)
        media_type = MEDIA_TYPES[Path(request.path_params["name"]).suffix]
        headers = {"cache-control": "public, max-age=31536000, immutable", "content-type": media_type}
        return Response(content, headers=headers)
