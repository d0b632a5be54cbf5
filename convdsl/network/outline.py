"""The nest of blocks, repeats and branches around the layers of a flat network, as data.

Every node knows the way to it (`Node.path`, a tuple of levels); `outline` makes the tree of them, from which tables and
drawings fold what belongs together.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Any

from convdsl.records import NamedTuple

if TYPE_CHECKING:
    from convdsl.network.graph import Node


class Level(NamedTuple):
    """A block, a pair of braces, or a turn of a `repeat`, that layers stand in.

    `kind` is `block`, `brace` or `repeat`. `number` counts the namesakes in the same place from 1 on; the turns of all
    repeats of a place are numbered on. `branch` is the number of the branch within the braces, 0 where there are none;
    `arguments` are the values that a block is called with.
    """

    kind: str
    name: str
    number: int = 1
    branch: int = 0
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        """The level in a dotted path: `bottleneck`, `add_2.1`, the second turn of a repeat as `2`."""
        if self.kind == "repeat":
            return str(self.number)
        if self.kind == "brace" and self.name == "output":
            return f"output.{self.arguments[0]}"
        name = self.name if self.number == 1 else f"{self.name}_{self.number}"
        return f"{name}.{self.branch}" if self.branch else name


Path = tuple[Level, ...]


def dotted(path: Path) -> str:
    """A path as JSON and `--show network` have it: `stage2.1.residual`."""
    return ".".join(map(str, path))


class Group(NamedTuple):
    """A level with the layers and groups that stand in it, in the order of the data."""

    level: Level
    items: tuple[Node | Group, ...]

    def nodes(self) -> tuple[Node, ...]:
        """All layers in it, however deep."""
        return tuple(n for item in self.items for n in (item.nodes() if isinstance(item, Group) else (item,)))


def outline(nodes: Iterable[Node], depth: int = 0) -> tuple[Node | Group, ...]:
    """The tree of some layers that stand in the same group `depth` levels deep. The branches of a combination are
    neighbouring groups that differ in `branch` only; the node that joins them follows."""
    items: list[Node | Group] = []
    for level, members in groupby(nodes, lambda node: node.path[depth] if len(node.path) > depth else None):
        if level is None:
            items += members
        else:
            items.append(Group(level, outline(members, depth + 1)))
    return tuple(items)
