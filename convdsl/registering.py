"""Functions that put themselves into a table: `@writes("conv", "tconv")` in front of the one that writes both."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F")


def registering(table: dict[str, F]) -> Callable[..., Callable[[F], F]]:
    """The decorator that enters a function into a table, under each of the names that it is given."""

    def under(*names: str) -> Callable[[F], F]:
        def register(function: F) -> F:
            table.update(dict.fromkeys(names, function))
            return function

        return register

    return under
