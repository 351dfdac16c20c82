"""The real rclone with its `b2` or `s3` backend, as the remote `site:`, without anything of this machine's user."""

from __future__ import annotations

import os
import shutil
import subprocess

RCLONE = shutil.which("rclone")


def rclone_environment(address: str, key_id: str, key: str, **options: str) -> dict[str, str]:
    """The variables by which rclone, and whatever calls it, knows the remote; `options` are the backend's."""
    return _environment(type="b2", account=key_id, key=key, endpoint=address, **options)


def rclone_s3_environment(address: str, key_id: str, key: str, **options: str) -> dict[str, str]:
    """The same for the `s3` backend, set up as docs/clients-s3.md says."""
    known = {"provider": "Other", "access_key_id": key_id, "secret_access_key": key, "region": "us-east-1"}
    return _environment(type="s3", endpoint=address, **known, **options)


def _environment(**settings: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "RCLONE_CONFIG": "/dev/null",
        **{f"RCLONE_CONFIG_SITE_{name.upper()}": value for name, value in settings.items()},
    }


def run_rclone(environment: dict[str, str], *arguments: str, content: str = "", check: bool = True) -> str:
    """Standard output; without `check` also what it says of errors."""
    assert RCLONE is not None, "rclone is not installed: apt install rclone"
    done = subprocess.run(
        [RCLONE, "--retries", "1", "--low-level-retries", "2", *arguments],
        env=environment,
        input=content,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout + ("" if check else done.stderr)
