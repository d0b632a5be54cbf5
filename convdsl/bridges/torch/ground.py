"""What is known of a network before its code is written: who reads what, and which groups of layers can be classes."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from convdsl.bridges.weighted import leading_to
from convdsl.language import tree
from convdsl.language.tree import parameter_name
from convdsl.network import Analysis, Node
from convdsl.network.outline import Group, outline


class Ground:
    """The network's tree, its edges without empty paths, and the groups that share weights."""

    def __init__(self, analysis: Analysis, exits: bool = True) -> None:
        self.analysis, network = analysis, analysis.network
        self.nodes = network.nodes
        self.exits = [n.index for n in self.nodes if exits and n.exit is not None and _goes_along(n)]
        """Side exits that stand in the network itself, if any are wanted."""
        self.left_out = [n.index for n in self.nodes if n.exit is not None and not _goes_along(n)]
        ends = [o.node for o in network.outputs]
        self.needed: set[int] = set()
        for index in (*ends, *self.exits):
            self.needed |= leading_to(index, self.nodes)
        self._real: list[int] = [0]
        for node in self.nodes:
            self._real.append(self._real[node.inputs[0]] if node.op == "identity" else node.index)
        self.consumers: dict[int, set[int]] = defaultdict(set)
        for node in self.nodes:
            if node.index in self.needed and node.op != "identity":
                for source in node.inputs:
                    self.consumers[self.real(source)].add(node.index)
        for number, end in enumerate(ends, len(self.nodes) + 1):  # whoever called reads them
            self.consumers[self.real(end)].add(number)
        self.tree = outline(n for n in self.nodes if n.index in self.needed)
        self.users: dict[int, set[int]] = defaultdict(set)
        for node in self.nodes:
            if node.index in self.needed:
                self.users[node.shared or node.index].add(node.index)
        self.units: dict[tuple[int, ...], list[Group]] = defaultdict(list)
        self._collect(self.tree)
        self.parameters = {
            s.name.text: [parameter_name(p) for p in s.parameters]
            for s in analysis.program.statements
            if isinstance(s, tree.Block)
        }

    def _collect(self, items: tuple[Node | Group, ...]) -> None:
        for item in items:
            if isinstance(item, Group):
                owners = self.owners(item)
                if item.level.kind == "block" and self.is_shared(item):
                    self.units[owners].append(item)
                self._collect(item.items)

    def real(self, index: int) -> int:
        """The layer whose value this is: empty paths give what they are given."""
        return self._real[index]

    def shape(self, node: Node) -> tuple[int, ...]:
        output = self.analysis.report[node.index].output
        assert output is not None
        return tuple(map(int, output))

    def divided(self, node: Node) -> bool:
        """Whether a layer's weights are used in several places."""
        return len(self.users[node.shared or node.index]) > 1

    def owners(self, group: Group) -> tuple[int, ...]:
        """The layers that the weights of a group belong to."""
        return tuple(n.shared or n.index for n in group.nodes() if self._weighted(n))

    def is_shared(self, group: Group) -> bool:
        return any(len(self.users[o]) > 1 for o in self.owners(group))

    def _weighted(self, node: Node) -> bool:
        return bool(self.analysis.report[node.index].weights)

    def work(self, group: Group) -> list[Node]:
        """The layers of a group that do something."""
        return [n for n in group.nodes() if n.op != "identity"]

    def closed(self, group: Group, source: int) -> bool:
        """Whether a group takes one value and gives one, and has all uses of its weights, or is one of their uses."""
        work = self.work(group)
        inside = {n.index for n in work}
        for node in work:
            if any(self.real(i) not in inside and self.real(i) != source for i in node.inputs):
                return False
            if node.exit is not None and not (node is work[-1] and node.index in self.exits):
                return False
            if any(level.name == "output" and level.kind == "brace" for level in node.path):
                return False
            if self.consumers[node.index] - inside and node is not work[-1]:
                return False
        return self._whole(group, inside)

    def _whole(self, group: Group, inside: set[int]) -> bool:
        """No weights of the group are used elsewhere, unless every use is a call like this one."""
        if not self.is_shared(group):
            return True
        uses = set().union(*(self.users[o] for o in self.owners(group)))
        if uses <= inside:
            return True
        calls = self.units.get(self.owners(group), [])
        if not uses <= {n.index for call in calls for n in call.nodes()}:
            return False
        return len({self._shapes(call) for call in calls}) == 1

    def _shapes(self, group: Group) -> tuple[Any, ...]:
        return tuple((n.op, tuple(self.analysis.report[n.index].inputs)) for n in group.nodes())


def _goes_along(node: Node) -> bool:
    return bool(node.path) and node.path[0].name == "aux" and node.path[0].kind == "brace"
