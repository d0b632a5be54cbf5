"""Values that `keep a` gives a name and `from a` takes up again: edges of the network that do not nest.

A name belongs to the call of the block in which it is kept, or to the program outside all blocks, with all braces inside.
Where one `keep` is passed several times, as in a `repeat`, all its values are kept, and a branch `from a` of its own stands
for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.diagnostics import Fix
from convdsl.language import tree
from convdsl.messages import T
from convdsl.network.suggest import did_you_mean
from convdsl.source import Span


class Kept:
    """The values of one name: the nodes of the network, and where the name was given."""

    def __init__(self, written: tree.Layer, span: Span) -> None:
        self.written, self.span = written, span
        self.nodes: list[int] = []
        self.used = False
        self.undone: set[int] = set()
        """The nodes whose values were put back (`unpool`)."""


class Names:
    """The names kept in one call of a block."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}

    def keep(self, name: str, written: tree.Layer, span: Span, node: int) -> Kept | None:
        """Gives a node a name; where another line has given it already, that one is returned."""
        known = self.kept.setdefault(name, Kept(written, span))
        if known.written is not written:
            return known
        known.nodes.append(node)
        return None

    def missing(self, name: str, span: Span) -> T | Fix:
        """The way out where nothing is kept under a name."""
        if not self.kept:
            return T("Give a value its name first: `keep {name}`, in the same block.", name=name)
        return did_you_mean(name, self.kept, span) or T("Kept until here: {list}.", list=", ".join(self.kept))

    def unused(self) -> Iterator[tuple[str, Span]]:
        """Names that were kept for nothing."""
        return ((name, kept.span) for name, kept in self.kept.items() if not kept.used)


def name_of(written: tree.Layer) -> tuple[str, Span] | None:
    """The name behind `keep` or `from`; None where there is not one word."""
    (item, *more) = written.items or (None,)
    if more or not isinstance(item, tree.Word) or item.mixed:
        return None
    return item.text, item.span


def is_from(branch: tree.Branch) -> tree.Layer | None:
    """`from a`, where a branch is nothing but that."""
    (first, *more) = branch.statements or (None,)
    if more or not isinstance(first, tree.Layer) or first.name.text != "from" or first.branches is not None:
        return None
    return first
