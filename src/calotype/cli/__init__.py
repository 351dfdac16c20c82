"""The commands, one short function each: tables and progress on a terminal, JSON with --json.

Modules of commands import only Typer at their head; what a command needs is imported in its body, so that help is
quick and the client commands run without the packages of the servers.
"""

from __future__ import annotations


def main() -> None:
    """The entry point of the `calotype` program."""
    from calotype.cli.app import run

    run()
