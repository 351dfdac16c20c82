"""The master key: what encrypts every secret that is kept on disk (AES-256-GCM).

It lies outside the data folder, so that a copy of the data gives no secret away. Losing it costs the application
keys, the notification rules and the stored origin credentials, which must then be made anew, and for good the content
of every object that the origin encrypted (SSE-B2): the key of each such blob is sealed by it. All others stay readable.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ENVIRONMENT_VARIABLE = "CALOTYPE_MASTER_KEY"
CREDENTIAL_NAME = "calotype-master-key"
# What to do without the key that a data folder was made with; said wherever it is missed.
WHEN_LOST = (
    "When it is lost, `calotype restore BACKUP --new-master-key` brings back from a backup every object that it"
    " does not encrypt, without the application keys"
)
_KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"
_KEY_ID_CONTEXT = b"calotype master key id\0"
_KEY_ID_DIGITS = 16
_NAMED_KEYS_CONTEXT = b"calotype named keys\0"


class MasterKeyError(Exception):
    """The master key is malformed, or cannot be read or written."""


class NoMasterKey(MasterKeyError):
    """There is no master key, and a new one could not open what is sealed already."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no master key, and the secrets in this data folder are sealed with one: put it back at {path},"
            f" or into {ENVIRONMENT_VARIABLE}. {WHEN_LOST}"
        )


class CannotDecrypt(Exception):
    """The bytes were not made with this key and context, or have been changed."""


class SealingKey:
    """32 bytes that seal small secrets."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, secret: bytes, context: bytes) -> bytes:
        """`secret` sealed; it opens only with the same `context` (such as the id of the row it belongs to)."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, secret, context)

    def decrypt(self, sealed: bytes, context: bytes) -> bytes:
        """What `encrypt` was given; raises CannotDecrypt."""
        if sealed[:1] != _FORMAT:
            raise CannotDecrypt("unknown format of a sealed secret")
        nonce = sealed[1 : 1 + _NONCE_BYTES]
        try:
            return self._cipher.decrypt(nonce, sealed[1 + _NONCE_BYTES :], context)
        except (InvalidTag, ValueError) as error:
            raise CannotDecrypt("sealed with another master key, or for another place") from error


class MasterKey(SealingKey):
    """`source` says where the key came from: a variable or a file. `key_id` tells it from others, and tells nothing
    else of it."""

    def __init__(self, key: bytes, *, source: str = "") -> None:
        if len(key) != _KEY_BYTES:
            raise MasterKeyError(f"a master key has {_KEY_BYTES} bytes, this one has {len(key)}")
        super().__init__(key)
        self.source = source
        self.key_id = hashlib.sha256(_KEY_ID_CONTEXT + key).hexdigest()[:_KEY_ID_DIGITS]
        self._root_of_named_keys = hmac.digest(key, _NAMED_KEYS_CONTEXT, "sha256")

    @classmethod
    def random(cls) -> MasterKey:
        """A key that is kept nowhere, for tests."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def load(cls, environment: Mapping[str, str] | None = None, *, may_make: bool = True) -> MasterKey:
        """The key from the first place that has one; made in the last when none has, or else `NoMasterKey`.

        1. the variable CALOTYPE_MASTER_KEY: base64 or hex of 32 bytes;
        2. the file `calotype-master-key` in $CREDENTIALS_DIRECTORY (systemd's LoadCredential);
        3. `calotype/master.key` in $XDG_CONFIG_HOME, else in ~/.config.
        """
        environment = os.environ if environment is None else environment
        if text := environment.get(ENVIRONMENT_VARIABLE):
            return cls(parse_key(text, source=ENVIRONMENT_VARIABLE), source=ENVIRONMENT_VARIABLE)
        if folder := environment.get("CREDENTIALS_DIRECTORY"):
            credential = Path(folder, CREDENTIAL_NAME)
            if credential.exists():
                return cls(_read_key(credential), source=str(credential))
        path = key_file(environment)
        if not path.exists():
            if not may_make:
                raise NoMasterKey(path)
            _make_key(path)
        return cls(_read_key(path), source=str(path))

    def named(self, name: str) -> SealingKey:
        """The key of that name, made out of this one: another for every name, always the same for one."""
        return SealingKey(hmac.digest(self._root_of_named_keys, name.encode(), "sha256"))

    @property
    def hint(self) -> str:
        """What to do when this key is not the one that a data folder was made with."""
        found = f"this one is from {self.source}; " if self.source else ""
        place = f"at {key_file(os.environ)}, or into {ENVIRONMENT_VARIABLE}"
        return f"{found}put the one it was made with {place}. {WHEN_LOST}"


def key_file(environment: Mapping[str, str]) -> Path:
    """Where the key lies when neither the environment nor a credential file gives one."""
    configuration = environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or "~", ".config")
    return Path(configuration, "calotype", "master.key").expanduser()


def parse_key(text: str, *, source: str) -> bytes:
    """32 bytes from hex or base64 (either alphabet); `source` is named in the error, the text never is."""
    text = text.strip()
    try:
        if len(text) == 2 * _KEY_BYTES:
            key = bytes.fromhex(text)
        else:
            key = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error) as error:
        raise MasterKeyError(f"{source} must be hex or base64 of {_KEY_BYTES} bytes") from error
    if len(key) != _KEY_BYTES:
        raise MasterKeyError(f"{source} must be hex or base64 of {_KEY_BYTES} bytes; it has {len(key)}")
    return key


def _read_key(path: Path) -> bytes:
    try:
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyError(f"cannot read the master key {path}: {error}") from error
    return parse_key(text, source=str(path))


def _make_key(path: Path) -> None:
    """Write a fresh key, whole and durable or not at all: another process may be starting at the same moment."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        _publish(draft, path)
    except OSError as error:
        raise MasterKeyError(f"cannot write the master key {path}: {error}") from error


def _publish(draft: Path, path: Path) -> None:
    """Give the draft its name unless somebody was quicker; their key counts then."""
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
