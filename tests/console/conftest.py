"""What the console's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.photographs import photograph


@pytest.fixture(scope="session")
def photographs() -> list[Path]:
    """Real photographs, of both usual types."""
    return [photograph(name) for name in ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")]
