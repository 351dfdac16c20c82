"""The folder tree is the architecture: who may import whom, and what pure code must not touch (design §3)."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "calotype"

# A folder may import itself, the folders named here, and nothing else of ours.
MAY_IMPORT = {
    "http": set(),
    "auth": {"http"},
    "serve": {"http"},
    "rules": {"http"},
    "cache": {"http"},
    "store": {"http", "master_key"},
    "s3": {"http", "auth", "store", "api_client"},
    "b2": {"http", "auth", "store", "api_client"},
    "admin": {"http", "auth", "store", "api_client"},
    "cloudflare": {"http", "auth", "edge", "rules", "api_client"},
    "edge": {"http", "auth", "serve", "rules", "cache", "admin", "cloudflare", "master_key", "private_files"},
    "deploy": {"http", "auth", "rules", "s3", "b2", "cloudflare", "admin", "site", "upload", "private_files"},
    "upload": {"http", "auth", "s3", "b2", "cloudflare", "admin"},
    "site": {"http", "upload", "private_files"},
    "costs": {"http", "admin"},
    "console": {
        "http",
        "auth",
        "s3",
        "b2",
        "cloudflare",
        "admin",
        "costs",
        "site",
        "upload",
        "deploy",
        "private_files",
    },
}

IMPURE = {
    "asyncio", "socket", "ssl", "sqlite3", "time", "random", "secrets", "os", "subprocess", "threading",
    "pathlib", "tempfile", "httpx", "uvloop", "httptools",
}  # fmt: skip
PURE = [
    "http", "auth", "rules", "costs",
    "cache/policy", "cache/freshness.py", "cache/key.py", "deploy/plan.py", "deploy/desired.py", "upload/naming.py",
    "s3/operations.py", "s3/xml.py", "s3/errors.py", "s3/error_codes.py", "s3/documents.py", "s3/tags.py",
    "s3/access", "s3/configuration", "s3/forms", "s3/listing", "s3/multipart",
    "s3/objects/description.py", "s3/objects/object_lock.py", "s3/objects/object_lock_operations.py",
    "s3/objects/object_tagging.py", "s3/objects/deletion_operations.py", "s3/objects/copy_operation.py",
    "b2/operation.py", "b2/operations.py",
    "b2/file_operations.py", "b2/encryption.py", "b2/file_lock.py", "b2/test_mode.py", "b2/errors.py",
    "b2/notifications.py", "b2/lifecycle_rules.py",
    "store/object_lock.py", "store/encryption.py", "store/lifecycle.py", "store/events.py",
]  # fmt: skip

CLIENTS_NEVER_LOAD = {"uvloop", "httptools", "cryptography", "starlette", "uvicorn", "h2", "sqlite3"}


def imports_of(file: Path) -> set[str]:
    """Every module name that the file imports, wherever in it, `from x import y` as both x and x.y."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        assert not (isinstance(node, ast.ImportFrom) and node.level), f"{file}: write imports in full"
    return names


def python_files(relative: str) -> list[Path]:
    place = SOURCE / relative
    return [place] if place.suffix else sorted(place.rglob("*.py"))


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_folder_imports_only_what_the_design_allows(folder: str) -> None:
    allowed = MAY_IMPORT[folder] | {folder, "__version__"}
    offences = [
        f"{file.relative_to(SOURCE)} imports {name}"
        for file in python_files(folder)
        for name in imports_of(file)
        if name.startswith("calotype.") and name.split(".")[1] not in allowed
    ]
    assert not offences


@pytest.mark.parametrize("part", PURE)
def test_pure_code_touches_no_clock_socket_file_or_chance(part: str) -> None:
    files = python_files(part)
    assert files
    offences = [
        f"{file.relative_to(SOURCE)} imports {name}"
        for file in files
        for name in imports_of(file)
        if name.split(".")[0] in IMPURE
    ]
    assert not offences


@pytest.mark.parametrize("module", ["s3.client", "b2.client", "cloudflare.client", "admin.client", "cli"])
def test_client_code_runs_without_the_server_packages(module: str) -> None:
    """`calotype` without `[server]` runs the client commands on any system."""
    script = f"import sys, calotype.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert not CLIENTS_NEVER_LOAD & {name.split(".")[0] for name in loaded}
