"""Windows worth a second look: strides that do not divide, and what that loses; even windows that cannot keep a size."""

from __future__ import annotations

from math import gcd
from typing import Any

from convdsl import algebra
from convdsl.diagnostics import Findings, Label
from convdsl.layers import Axis
from convdsl.layers.convolution import Local
from convdsl.layers.window import Pooling, Windowed, size_formula
from convdsl.messages import Rounded, T
from convdsl.network.graph import Network, Node
from convdsl.network.sizes import Facts, fixes_of
from convdsl.source import Span

DOES_NOT_DIVIDE = ("W501", "N530")
"""Codes that say it of a stride: data is lost, or none is."""


def look_at_windows(
    network: Network, node: Node, facts: Facts, findings: Findings, harmless: list[tuple[Node, Axis, Span]]
) -> None:
    layer = node.layer
    if not isinstance(layer, (Windowed, Local)):
        return
    axes = layer.geometry(facts.inputs[0])
    span = node.places.get("s") or node.places.get("k") or node.span
    for number, axis in enumerate(axes):
        if axis in axes[:number] or not all(map(algebra.is_number, axis[:7])):
            continue
        if axis.rule == "floor" and axis.remainder and axis.lost:
            _does_not_divide(network, node, facts, axis, span, findings)
        elif axis.rule == "floor" and axis.remainder:
            harmless.append((node, axis, span))
        if axis.rule == "same" and (axis.before + axis.after) % 2 and axis.k % 2 == 0:
            findings.add(
                "W502",
                node.places.get("p", node.span),
                T("With a window of {k}, `p same` pads one more after than before.", k=axis.k)
                if axis.after > axis.before
                else T("With a window of {k}, `p same_lower` pads one more before than after.", k=axis.k),
                note=T(
                    "An even window has no middle: the output is shifted by half a position. {before} before, "
                    "{after} after.",
                    before=axis.before,
                    after=axis.after,
                ),
                help=T("An odd window such as {k} keeps the middle.", k=axis.k + 1),
                labels=calls(node),
                fixes=fixes_of(
                    node, [("k", axis.k + 1)], network, lambda layer: not any(a.k % 2 == 0 for a in _axes(layer, facts))
                ),
            )


def _axes(layer: Any, facts: Facts) -> tuple[Axis, ...]:
    return layer.geometry(facts.inputs[0])


def _loses(layer: Any, facts: Facts) -> bool:
    """Whether inputs are read by no window along one of the axes whose sizes are numbers."""
    axes = (axis for axis in _axes(layer, facts) if all(map(algebra.is_number, axis[:7])))
    return any(axis.remainder and axis.lost for axis in axes)


def _does_not_divide(network: Network, node: Node, facts: Facts, axis: Axis, span: Span, findings: Findings) -> None:
    ways = _would_divide(axis, isinstance(node.layer, Pooling))
    findings.add(
        "W501",
        span,
        _rounded_down(axis),
        note=T(
            "The last row or column of the input is read by no window.",
            "The last {n} rows or columns of the input are read by no window.",
            n=axis.lost,
        ),
        formula=_quotient(axis),
        help=T(
            "What would divide: {options}; or an input of {sizes} here.",
            options=", ".join(f"{name}{value}" for name, value in ways),
            sizes=" / ".join(map(str, _sizes_that_divide(axis))),
        ),
        labels=calls(node),
        fixes=fixes_of(node, ways, network, lambda layer: not _loses(layer, facts)),
    )


def nothing_lost(places: list[tuple[Node, Axis, Span]], findings: Findings) -> None:
    """Where a stride does not divide and all data is read that it ever reads: the first place of each of both kinds."""
    zeros = [p for p in places if p[1].remainder <= p[1].after]
    for kind in (zeros, [p for p in places if p not in zeros]):
        if not kind:
            continue
        node, axis, span = kind[0]
        read = min(axis.k, axis.s // gcd(axis.s, axis.d))
        further = len({s for _, _, s in kind}) - 1
        findings.add(
            "N530",
            span,
            _rounded_down(axis),
            note=T("Only zeros of the padding are left out: no data is lost.")
            if kind is zeros
            else T(
                "By design, a window of {k} in steps of {s} leaves {gap} of every {s} rows or columns unread; at the end "
                "no others are lost.",
                k=axis.k,
                s=axis.s,
                gap=axis.s - read,
            ),
            formula=_quotient(axis),
            help=T("It is the same on one further line.", "It is the same on {n} further lines.", n=further)
            if further
            else None,
            labels=calls(node),
        )


def _rounded_down(axis: Axis) -> T:
    return T(
        "The stride {s} does not divide: {exact} is rounded down to {size}.",
        s=axis.s,
        exact=_exact(axis),
        size=axis.output,
    )


def _exact(axis: Axis) -> Rounded:
    return Rounded((axis.input + axis.before + axis.after - axis.extent) / axis.s + 1, ".2f")


def _quotient(axis: Axis) -> str:
    formula = size_formula(axis.input, axis.k, axis.s, axis.before, axis.d)
    return f"{formula} = {_exact(axis).english} → {axis.output}"


def _would_divide(axis: Axis, pooled: bool) -> list[tuple[str, int]]:
    """Paddings and strides near the given ones that leave no remainder."""
    n, s, p, extent = axis.input, axis.s, axis.before, axis.extent
    ways: list[tuple[str, int]] = []
    most = min(p + s - 1, axis.extent // 2) if pooled else p + s - 1
    lacking = s - axis.remainder + (s if (s - axis.remainder) % 2 else 0)
    if lacking % 2 == 0 and p + lacking // 2 <= most:
        ways.append(("p", p + lacking // 2))
    path = n + 2 * p - extent
    smaller = next((t for t in range(min(s - 1, path), max(s - 1000, 0), -1) if path % t == 0), None)
    if smaller is not None:
        ways.append(("s", smaller))
    return ways


def _sizes_that_divide(axis: Axis) -> list[int]:
    """Input sizes near the given one that leave no remainder."""
    near = (axis.input - axis.remainder, axis.input - axis.remainder + axis.s)
    return [m for m in near if m + 2 * axis.before >= axis.extent and m > 0]


def calls(node: Node) -> tuple[Label, ...]:
    return tuple(Label(call, T("called here")) for call in node.calls)
