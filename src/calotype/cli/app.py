"""The `calotype` program: its commands, and the one place where an error becomes a line and an exit code."""

from __future__ import annotations

import os
import sys

import typer

from calotype.cli import accounts, buckets, keys, objects, servers, site, upkeep
from calotype.cli.errors import EXIT_CODES, CommandError, ExitCode
from calotype.cli.help import Command, Group
from calotype.cli.output import print_error
from calotype.site.source import SettingsError

_EPILOG = "Exit codes: " + "; ".join(f"{int(code)} {meaning}" for code, meaning in EXIT_CODES.items()) + "."

app = typer.Typer(
    name="calotype",
    cls=Group,
    help="Your own photo storage site: an origin keeps each picture once, edges hand out copies under your domain,"
    " a console and these commands put pictures in and give links out.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

SERVERS = "Servers"
SITE = "The site"
PICTURES = "Pictures"
ACCESS = "Buckets, keys and accounts"
UPKEEP = "Upkeep"

app.command(cls=Command, rich_help_panel=SERVERS)(servers.up)
app.command(cls=Command, rich_help_panel=SERVERS)(servers.origin)
app.command(cls=Command, rich_help_panel=SERVERS)(servers.edge)
app.command(cls=Command, rich_help_panel=SERVERS)(servers.console)

app.command(cls=Command, rich_help_panel=SITE)(site.plan)
app.command(cls=Command, rich_help_panel=SITE)(site.apply)
app.command(cls=Command, rich_help_panel=SITE)(site.doctor)
app.command(cls=Command, rich_help_panel=SITE)(site.check)
app.command(cls=Command, rich_help_panel=SITE)(site.costs)
app.add_typer(site.config_app, rich_help_panel=SITE)

app.command(cls=Command, rich_help_panel=PICTURES)(objects.upload)
app.command(cls=Command, rich_help_panel=PICTURES)(objects.ls)
app.command(cls=Command, rich_help_panel=PICTURES)(objects.rm)

app.add_typer(buckets.app, rich_help_panel=ACCESS)
app.add_typer(keys.app, rich_help_panel=ACCESS)
app.command(cls=Command, rich_help_panel=ACCESS)(keys.login)
app.add_typer(accounts.app, rich_help_panel=ACCESS)

app.command(cls=Command, rich_help_panel=UPKEEP)(upkeep.backup)
app.command(cls=Command, rich_help_panel=UPKEEP)(upkeep.restore)
app.command(cls=Command, rich_help_panel=UPKEEP)(upkeep.fsck)
app.command(cls=Command, rich_help_panel=UPKEEP)(upkeep.lifecycle)
app.command("test-webhook", cls=Command, rich_help_panel=UPKEEP)(upkeep.try_webhook)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        print(f"calotype {version('calotype')}")
        raise typer.Exit


@app.callback()
def _common(
    _show_version: bool = typer.Option(
        False, "--version", help="Print the version.", is_eager=True, callback=_version, show_default=False
    ),
) -> None:
    pass


def run() -> None:
    """Runs the command of `sys.argv`; never shows a trace."""
    try:
        app(prog_name="calotype")
    except CommandError as exc:
        _leave(str(exc), exc.exit_code)
    except SettingsError as exc:
        _leave(str(exc), ExitCode.SETTINGS)
    except KeyboardInterrupt:
        _leave("interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader has left: nothing more to say, and no complaint at the interpreter's end
        raise SystemExit(1) from None
    except Exception as exc:
        if os.environ.get("CALOTYPE_DEBUG"):
            raise
        what = f"This should not happen: {type(exc).__name__}: {exc}".rstrip(".")
        _leave(f"{what}. CALOTYPE_DEBUG=1 shows where; please report it.", ExitCode.FAILED)


def _leave(text: str, code: int) -> None:
    print_error(text)
    raise SystemExit(int(code))
