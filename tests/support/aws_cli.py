"""The real `aws` command line tool, set up as docs/clients-s3.md says, without anything of this machine's user."""

from __future__ import annotations

import sys
from pathlib import Path

from support.client_program import ClientProgram
from support.origin_program import OriginProgram

AWS = str(Path(sys.executable).with_name("aws"))
CONFIGURATION = "[default]\nregion = us-east-1\noutput = json\ns3 =\n    signature_version = s3v4\n"


def aws_cli(origin: OriginProgram, folder: Path) -> ClientProgram:
    """Its configuration lies in the folder."""
    (folder / "config").write_text(CONFIGURATION)
    environment = {
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": origin.address,
        "AWS_ACCESS_KEY_ID": origin.owner.key_id,
        "AWS_SECRET_ACCESS_KEY": origin.owner.application_key,
    }
    return ClientProgram(AWS, environment=environment)
