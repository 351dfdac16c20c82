"""The real `s3cmd`, set up as docs/clients-s3.md says, without anything of this machine's user."""

from __future__ import annotations

import sys
from pathlib import Path

from support.client_program import ClientProgram
from support.origin_program import OriginProgram

S3CMD = str(Path(sys.executable).with_name("s3cmd"))


def s3cmd_program(origin: OriginProgram, folder: Path) -> ClientProgram:
    """Its configuration lies in the folder."""
    host = origin.address.removeprefix("http://")
    settings = {
        "access_key": origin.owner.key_id,
        "secret_key": origin.owner.application_key,
        "host_base": host,
        "host_bucket": host,  # without %(bucket)s: path style
        "use_https": "False",
        "bucket_location": "us-east-1",
    }
    lines = [f"{name} = {value}" for name, value in settings.items()]
    (folder / "s3cfg").write_text("\n".join(["[default]", *lines, ""]))
    return ClientProgram(
        S3CMD,
        "--config",
        str(folder / "s3cfg"),
        "--no-progress",
        environment={"HOME": str(folder), "LANG": "C.UTF-8"},
    )
