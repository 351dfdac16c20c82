"""Presigned requests, made by the hundred thousand, and buckets: for our origin and its peers alike."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from calotype.auth.sigv4 import presign

DAY_S = 86_400
DEADLINE_S = 60
CONFLICT = 409
PUTS_AT_ONCE = 8


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

    def write_targets(self, file: Path, method: str, paths: Iterable[str]) -> Path:
        """Writes the presigned targets of these paths, one a line; gives the file back."""
        with file.open("w") as lines:
            lines.writelines(self.presigned(method, path) + "\n" for path in paths)
        return file

    def put_all(self, paths: Iterable[str], body: bytes) -> None:
        """One object of this content under each path."""
        with ThreadPoolExecutor(PUTS_AT_ONCE) as threads:
            list(threads.map(lambda path: self.request("PUT", path, content=body), paths))

    def request(
        self, method: str, path: str, query: str = "", content: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> bytes:
        """The body of the answer; raises HTTPError, URLError. The signature covers none of the headers."""
        target = self.presigned(method, path, query)
        # Without a type urllib tells one of its own, which moto takes for a form.
        fields = {"content-type": "application/octet-stream", **headers}
        asked = urllib.request.Request(self.url + target, content, fields, method=method)
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
