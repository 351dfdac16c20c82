from __future__ import annotations

from pathlib import Path

import pytest

from support.control_plane import ControlPlane


@pytest.fixture
def control_plane(tmp_path: Path) -> ControlPlane:
    return ControlPlane(tmp_path / "edge")
