"""accounts: create, list, update, key and rm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from calotype.cli.help import Command, Group
from calotype.cli.options import Data, Json, ProfileName

if TYPE_CHECKING:
    from calotype.admin.client import AdminClient
    from calotype.admin.json import AccountEntry, AccountKey

app = typer.Typer(
    name="accounts",
    cls=Group,
    help="Accounts: a family or a team at one origin, each with buckets and keys of its own.",
    no_args_is_help=True,
)

Account = Annotated[str, typer.Argument(metavar="NAME", help="The account's name, id or e-mail.")]
Email = Annotated[
    str | None,
    typer.Option(
        "--email",
        metavar="ADDRESS",
        help="By which S3 clients may grant it access. Nothing is sent there.",
        show_default=False,
    ),
]


@app.command(cls=Command)
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it: 1 to 64 characters.")],
    email: Email = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Make an account and its first key, which may do everything in it. The secret is shown this once.

    Without --email it gets an address under calotype.invalid, which cannot be anybody's.
    """
    from calotype.cli.caring import admin_of
    from calotype.cli.output import print_json, print_lines
    from calotype.cli.profiles import find_profile

    with admin_of(find_profile(data, profile)) as admin:
        made = admin.create_account(name, email)
    document = account_document(made.account) | key_document(made.key)
    if as_json:
        print_json(document)
        return
    print_lines([*_lines(account_document(made.account)), *_key_lines(made.key)])


@app.command("list", cls=Command)
def list_accounts(data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """List the accounts, the oldest first: that one is the site's own."""
    from calotype.cli.caring import admin_of
    from calotype.cli.output import print_json, print_table
    from calotype.cli.profiles import find_profile

    with admin_of(find_profile(data, profile)) as admin:
        accounts = admin.accounts()
    if as_json:
        print_json([account_document(account) for account in accounts])
        return
    print_table(
        ("Name", "Account id", "E-mail", "Canonical user id"),
        [(account.display_name, account.account_id, account.email, account.canonical_user_id) for account in accounts],
    )


@app.command(cls=Command)
def update(
    account: Account,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NEW", help="What to call it from now on.", show_default=False)
    ] = None,
    email: Email = None,
    data: Data = None,
    profile: ProfileName = None,
    as_json: Json = False,
) -> None:
    """Change an account's name or e-mail. Its ids, buckets and keys stay as they are."""
    from calotype.cli.caring import admin_of
    from calotype.cli.errors import CommandError, ExitCode
    from calotype.cli.output import print_json, print_lines
    from calotype.cli.profiles import find_profile

    if name is None and email is None:
        raise CommandError("Nothing to change", "no option says what", "Give --name or --email", ExitCode.USAGE)
    with admin_of(find_profile(data, profile)) as admin:
        found = account_named(admin, account)
        changed = admin.change_account(found.account_id, display_name=name, email=email)
    if as_json:
        print_json(account_document(changed))
        return
    print_lines(_lines(account_document(changed)))


@app.command(cls=Command)
def key(account: Account, data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """Make an account's first key anew, when its secret is lost: the former secret opens nothing more."""
    from calotype.cli.caring import admin_of
    from calotype.cli.output import print_json, print_lines
    from calotype.cli.profiles import find_profile

    with admin_of(find_profile(data, profile)) as admin:
        made = admin.replace_account_key(account_named(admin, account).account_id)
    if as_json:
        print_json(key_document(made))
        return
    print_lines(_key_lines(made))


@app.command(cls=Command)
def rm(account: Account, data: Data = None, profile: ProfileName = None, as_json: Json = False) -> None:
    """Remove an account that has no buckets. Its keys go with it; what it used stays counted."""
    from calotype.cli.caring import admin_of
    from calotype.cli.output import print_json, print_lines
    from calotype.cli.profiles import find_profile

    with admin_of(find_profile(data, profile)) as admin:
        removed = admin.remove_account(account_named(admin, account).account_id)
    if as_json:
        print_json(account_document(removed))
        return
    print_lines([f"{removed.display_name} {removed.account_id} removed"])


def account_named(admin: AdminClient, text: str) -> AccountEntry:
    return account_among(admin.accounts(), text)


def account_among(accounts: list[AccountEntry], text: str) -> AccountEntry:
    """The account of that name or e-mail, in any letter case, or of that id."""
    from calotype.cli.errors import CommandError, ExitCode

    found = [account for account in accounts if text.casefold() in _names(account)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(account.account_id for account in found)
        raise CommandError(
            f"{len(found)} accounts answer to {text}", ids, "Give the e-mail of one of them", ExitCode.USAGE
        )
    known = ", ".join(account.display_name for account in accounts)
    raise CommandError(
        f"There is no account {text}", f"there are {known}", "`calotype accounts create` makes one", ExitCode.NOT_FOUND
    )


def _names(account: AccountEntry) -> set[str]:
    return {account.display_name.casefold(), account.email.casefold(), account.account_id}


def account_document(account: AccountEntry) -> dict[str, str]:
    return {
        "accountId": account.account_id,
        "canonicalUserId": account.canonical_user_id,
        "displayName": account.display_name,
        "email": account.email,
    }


def key_document(key: AccountKey) -> dict[str, str]:
    return {"keyId": key.key_id, "applicationKey": key.application_key}


def _lines(document: dict[str, str]) -> list[str]:
    return [f"{name:<15}  {value}" for name, value in document.items()]


def _key_lines(key: AccountKey) -> list[str]:
    return [f"{line}  (shown this once)" if "applicationKey" in line else line for line in _lines(key_document(key))]
