"""What the last deployment wrote, kept beside the site: it tells a changed description from a change by hand."""

from __future__ import annotations

import json
from pathlib import Path

from calotype.deploy.objects import Kind, ObjectName, Objects
from calotype.private_files import write_private

FILE = "deployed.json"
FORMAT = 1


def load_memory(folder: Path) -> Objects:
    """The objects as last written; none when nothing was, or when the file says nothing that we understand.

    Without a memory the next deployment puts everything of ours as the site describes it.
    """
    try:
        document = json.loads((folder / FILE).read_text("utf-8"))
        if document["format"] != FORMAT:
            return {}
        return {
            ObjectName(Kind[each["kind"]], each["name"], each["scope"]): each["content"] for each in document["objects"]
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def save_memory(folder: Path, objects: Objects) -> None:
    """Replaces the memory, durably."""
    rows = [
        {"kind": name.kind.name, "name": name.name, "scope": name.scope, "content": content}
        for name, content in objects.items()
    ]
    write_private(folder / FILE, json.dumps({"format": FORMAT, "objects": rows}, indent=1) + "\n")
