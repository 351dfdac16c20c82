"""How help shows what a parameter takes: in words of the manual, where Typer writes types of Python."""

from __future__ import annotations

from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption


class Command(TyperCommand):
    def get_params(self, ctx: Any) -> list[Any]:
        return [_in_words(param) for param in super().get_params(ctx)]


class Group(TyperGroup):
    def get_params(self, ctx: Any) -> list[Any]:
        return [_in_words(param) for param in super().get_params(ctx)]


def _in_words(param: Any) -> Any:
    """The parameter: a flag takes nothing, an option the word after its dashes, an argument says its name only."""
    if isinstance(param, TyperArgument):
        param.display_type_rich = _nothing  # type: ignore[method-assign]
    elif isinstance(param, TyperOption) and param.metavar is None:
        if param.is_flag:
            param.metavar = ""
        elif not param.type_descriptor.is_choice:
            param.metavar = param.opts[0].lstrip("-").upper()
    return param


def _nothing(ctx: Any) -> None:
    return None
