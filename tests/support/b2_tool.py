"""The real `b2` command line tool, with an account cache of its own."""

from __future__ import annotations

import sys
from pathlib import Path

from support.client_program import ClientProgram

B2 = str(Path(sys.executable).with_name("b2"))


class B2Tool(ClientProgram):
    """Called with the words of a command; `address` is the realm, as B2_ENVIRONMENT says it."""

    def __init__(self, address: str, folder: Path) -> None:
        environment = {
            "HOME": str(folder),
            "B2_ACCOUNT_INFO": str(folder / "account_info"),
            "B2_ENVIRONMENT": address,
            "NO_COLOR": "1",
        }
        super().__init__(B2, environment=environment)

    def authorize(self, key_id: str, secret: str) -> None:
        self("account", "authorize", key_id, secret)
