"""Who is signed in. A session is a random token in a cookie; the console keeps only the token's SHA-256.

So sessions outlive a restart, signing out really ends one, and a copy of the data folder opens none: there is
no signing secret in it. Sessions belong to the password record they were opened with.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path

from calotype.private_files import write_private

COOKIE = "calotype_console"
LIFETIME_S = 30 * 24 * 3600
# One owner with a few devices; the oldest gives way.
MAX_SESSIONS = 64
TOKEN_BYTES = 32


class Sessions:
    """The open sessions of one console, kept in `sessions.json` in its folder."""

    def __init__(self, folder: Path, password_record: str) -> None:
        self._path = folder / "sessions.json"
        self._password = _digest(password_record)
        self._expiry_by_digest = self._load()

    def open(self, now: float) -> str:
        """A new session's token, to be set as the cookie."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        kept = {digest: expiry for digest, expiry in self._expiry_by_digest.items() if expiry > now}
        while len(kept) >= MAX_SESSIONS:
            del kept[min(kept, key=lambda digest: kept[digest])]
        kept[_digest(token)] = now + LIFETIME_S
        self._expiry_by_digest = kept
        self._save()
        return token

    def is_open(self, token: str | None, now: float) -> bool:
        # Looked up by digest: what the time of the lookup tells is of no use without a preimage.
        return token is not None and self._expiry_by_digest.get(_digest(token), 0.0) > now

    def close(self, token: str | None) -> None:
        if token is not None and self._expiry_by_digest.pop(_digest(token), None) is not None:
            self._save()

    def _load(self) -> dict[str, float]:
        try:
            stored = json.loads(self._path.read_text())
            if stored["password"] != self._password:
                return {}
            return {str(digest): float(expiry) for digest, expiry in stored["sessions"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError):
            # A damaged file costs a sign-in, not the console.
            return {}

    def _save(self) -> None:
        stored = {"password": self._password, "sessions": self._expiry_by_digest}
        write_private(self._path, json.dumps(stored) + "\n")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
