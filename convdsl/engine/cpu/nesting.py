"""Loops inside loops of a micro-kernel, whatever one loop is written with: LLVM's words or WebAssembly's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Body = Callable[[list[Any], list[Any]], list[Any]]


def nesting(
    loop: Callable[..., list[Any]], zero: Any
) -> Callable[[Any, Sequence[Any], Sequence[Any], Body], list[Any]]:
    """`loop` inside `loop`, as a function of (builder, counts, carried, body); a count of 1 costs nothing.
    `body(indices, carried) -> carried`."""

    def nested_loops(b: Any, counts: Sequence[Any], carried: Sequence[Any], body: Body) -> list[Any]:
        def level(depth: int, indices: list[Any], values: list[Any]) -> list[Any]:
            if depth == len(counts):
                return body(indices, values)
            if isinstance(counts[depth], int) and counts[depth] == 1:
                return level(depth + 1, [*indices, zero], values)
            return loop(b, counts[depth], values, lambda i, inner: level(depth + 1, [*indices, i], inner))

        return level(0, [], list(carried))

    return nested_loops
