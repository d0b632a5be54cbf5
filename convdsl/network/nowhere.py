"""Layers whose results lead to no output: they are counted, as by whoever holds their weights, and are never computed."""

from __future__ import annotations

from convdsl import algebra
from convdsl.diagnostics import Findings, Label
from convdsl.layers.combining import Combination
from convdsl.messages import Grouped, T
from convdsl.network.graph import Network, Node
from convdsl.network.sizes import Report


def leading_nowhere(network: Network) -> list[Node]:
    """The layers that no output and no side exit comes from."""
    needed = set(network.ends)
    for node in reversed(network.nodes):
        if node.index in needed:
            needed.update(node.inputs)
    return [node for node in network.nodes if node.index not in needed]


def look_for_loose_ends(network: Network, report: Report, findings: Findings) -> None:
    """Says of the last layer of what leads nowhere that it does; of layers that compute, once for each line."""
    lost = [] if findings.failed else leading_nowhere(network)
    if not lost:
        return
    read = {i for node in lost for i in node.inputs}
    params = algebra.simplify(sum(report[node.index].params for node in lost))
    said = set()
    for node in lost:
        if node.index in read or node.op == "identity" or node.span in said:
            continue
        if params == 0 and isinstance(node.layer, Combination):  # the last turn of what goes on and gives away
            continue
        said.add(node.span)
        count = sum(1 for one in lost if one.op != "identity")
        findings.add(
            "N532",
            node.places.get("name", node.span),
            T("What this layer gives leads to no output."),
            note=T(
                "It is counted with its {params} parameters, and never computed.",
                "{n} layers lead to no output in all. They are counted with their {params} parameters, and never computed.",
                n=count,
                params=Grouped(params) if algebra.is_number(params) else algebra.text(params),
            ),
            help=T("`keep` and `from`, or an `output`, take up what is meant to be used.")
            if not node.calls
            else T("Where it is the last turn of something that is repeated, this may be meant."),
            labels=tuple(Label(call, T("called here")) for call in node.calls),
        )
