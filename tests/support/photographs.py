"""Real photographs, permissively licensed, from scikit-image's wheel (a development dependency; never imported)."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def photograph(name: str) -> Path:
    """The file of a picture such as `coffee.png`, `rocket.jpg`, `chelsea.png` or `hubble_deep_field.jpg`."""
    package = importlib.util.find_spec("skimage")
    assert package is not None
    assert package.submodule_search_locations
    return Path(package.submodule_search_locations[0]) / "data" / name
