"""Presigned requests, made by the hundred thousand, and buckets: for our origin and for SeaweedFS alike."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from calotype.auth.sigv4 import presign

DAY_S = 86_400
DEADLINE_S = 60
CONFLICT = 409


@dataclass(frozen=True, slots=True)
class S3Access:
    """Where a server speaks S3, path style, and a key for it."""

    url: str
    key_id: str
    secret: str

    def presigned(self, method: str, path: str, query: str = "") -> str:
        """The request target that is good for a day; its payload is not signed."""
        host = self.url.removeprefix("http://")
        signed = presign(
            method,
            host,
            path,
            query,
            self.key_id,
            self.secret,
            expires_s=DAY_S,
            region="us-east-1",
            now=time.time(),
        )
        return f"{path}?{signed}"

    def write_targets(self, file: Path, paths: Iterable[str]) -> Path:
        """Writes the targets of presigned PUTs of these paths, one a line; gives the file back."""
        with file.open("w") as lines:
            lines.writelines(self.presigned("PUT", path) + "\n" for path in paths)
        return file

    def request(self, method: str, path: str, query: str = "", content: bytes | None = None) -> bytes:
        """The body of the answer; raises HTTPError, URLError."""
        target = self.presigned(method, path, query)
        asked = urllib.request.Request(self.url + target, content, method=method)
        with urllib.request.urlopen(asked) as response:
            body: bytes = response.read()
        return body

    def create_bucket(self, name: str) -> None:
        """It may be there already. SeaweedFS listens some seconds before it can make one."""
        until = time.monotonic() + DEADLINE_S
        while True:
            try:
                self.request("PUT", f"/{name}")
            except (urllib.error.URLError, ConnectionError) as error:
                if isinstance(error, urllib.error.HTTPError) and error.code == CONFLICT:
                    return
                if time.monotonic() > until:
                    raise
                time.sleep(0.5)
            else:
                return
