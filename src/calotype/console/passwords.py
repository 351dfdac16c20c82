"""The console's one password: made at the first start, kept as a scrypt hash in DATA/console/password.json.

The record reads `scrypt$N$r$p$salt$hash`, so that the cost can be raised later and old records still verify.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from pathlib import Path

from calotype.console.memory import give_memory_back
from calotype.private_files import write_private

# 16 MiB and five passes: the memory is small because the console is, the passes make up for it.
COST_N = 2**14
BLOCK_SIZE_R = 8
PARALLEL_P = 5
MEMORY_LIMIT_BYTES = 64 * 1024 * 1024
HASH_BYTES = 32
SALT_BYTES = 16

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike in print
GROUPS = 4
GROUP_LENGTH = 5  # 20 letters of 31: 99 bits


def create_password() -> str:
    """A random password to be shown once: four groups of five letters and digits."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def hash_password(password: str, *, salt: bytes | None = None) -> str:
    """The record that `verify` accepts for this password. Takes about 0.2 s of one core."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    digest = _scrypt(password, salt, COST_N, BLOCK_SIZE_R, PARALLEL_P)
    return f"scrypt${COST_N}${BLOCK_SIZE_R}${PARALLEL_P}${_encode(salt)}${_encode(digest)}"


def verify(password: str, record: str) -> bool:
    """Whether the record was made from this password; raises ValueError for a record that is none."""
    scheme, *fields = record.split("$")
    if scheme != "scrypt" or len(fields) != 5:
        raise ValueError("not a scrypt password record")
    n, r, p = (int(number) for number in fields[:3])
    salt, digest = (base64.b64decode(text, validate=True) for text in fields[3:])
    return hmac.compare_digest(_scrypt(password, salt, n, r, p), digest)


def password_file(folder: Path) -> Path:
    return folder / "password.json"


def ensure_password(folder: Path) -> str | None:
    """The new password when this made one in the console's `folder`, None when there was one already."""
    if password_file(folder).exists():
        return None
    password = create_password()
    save_password(folder, password)
    return password


def save_password(folder: Path, password: str) -> None:
    """Replace the password. Sessions opened with the former one end at the console's next start."""
    write_private(password_file(folder), json.dumps({"password": hash_password(password)}) + "\n")


def load_record(folder: Path) -> str:
    """The stored record; raises ValueError naming the file when it is not one."""
    path = password_file(folder)
    try:
        record = json.loads(path.read_text())["password"]
    except (ValueError, KeyError, TypeError) as exc:
        raise ValueError(f"{path}: not a password file; remove it to have a new password made") from exc
    if not isinstance(record, str):
        raise ValueError(f"{path}: not a password file; remove it to have a new password made")
    return record


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    try:
        return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=MEMORY_LIMIT_BYTES, dklen=HASH_BYTES)
    finally:
        give_memory_back()  # 16 MiB, which glibc would keep in the thread's arena for good


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode()
