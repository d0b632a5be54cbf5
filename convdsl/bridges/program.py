"""The text of a network that came from elsewhere, and its weights under the names that they have here."""

from __future__ import annotations

import re
from math import prod
from typing import Any

from convdsl.bridges.bracing import braced, order
from convdsl.bridges.folding import Lines, folded, lines_of
from convdsl.bridges.pieces import Flow, Foreign
from convdsl.bridges.weighted import Weighted
from convdsl.diagnostics import Findings
from convdsl.language import parse
from convdsl.language.formatter import formatted
from convdsl.language.keywords import KEYWORDS
from convdsl.messages import T
from convdsl.network import analyse
from convdsl.source import Source


def written(flow: Flow, name: str = "") -> Weighted:
    """The network as a program in the one usual form, with its weights. Raises Foreign."""
    name = _identifier(name or flow.name)
    statements = braced(flow)
    blocks, lines = folded(lines_of(statements))
    head = [f"net {name}", f"input {'x'.join(map(str, flow.shape))}", ""]
    text = "\n".join([*head, *(part for block in blocks for part in (*_text(block, 0), "")), *_all(lines, 0)])
    source = Source(text, f"{name}.cnn")
    findings = Findings(source)
    program = parse(source, findings)
    if findings.failed:  # a number without end, say
        raise _unwritten(findings.items[0].message)
    source = Source(formatted(program), source.name)
    analysis = analyse(source)
    pieces = order(statements)
    nodes = analysis.network.nodes
    errors = [d for d in analysis.diagnostics if d.severity == "error"]
    if errors or len(nodes) != len(pieces):
        raise _unwritten(errors[0].message if errors else f"{len(pieces)} ≠ {len(nodes)}")
    weights: dict[str, Any] = {}
    for node, piece in zip(nodes, pieces, strict=True):
        facts = analysis.report[node.index]
        for role, value in (piece.weights if piece else {}).items():
            shape = {**facts.weights, **facts.buffer_shapes}.get(role)
            if shape is None or prod(shape) != value.size:
                raise Foreign(
                    T("The tensor {role} of `{name}` has {given} values, and the layer takes {wanted}.",
                      role=role, name=piece.name if piece else node.op, given=value.size, wanted=prod(shape or (0,)))
                )  # fmt: skip
            weights[f"{node.index}.{node.op}.{role}"] = value.reshape(shape)
    return Weighted(analysis, weights, flow.about)


def _unwritten(why: T | str) -> Foreign:
    return Foreign(T("The network cannot be written: {reason}", reason=why))


def _identifier(name: str) -> str:
    letters = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name).strip("_").lower()
    return letters if letters[:1].isalpha() and letters not in KEYWORDS else f"the_{letters or 'network'}"


_OURS = re.compile(r"\d+\.[a-z]+(/\w+)?$")
"""A name that says nothing more than the layer does."""


def _text(line: Lines, depth: int) -> list[str]:
    indent = "  " * depth
    told = line.comment and line.comment.isprintable() and not _OURS.match(line.comment)
    comment = f"  # {line.comment}" if told else ""
    if not line.bodies:
        return [f"{indent}{line.text}{comment}"]
    rows = [f"{indent}{line.text} {{"]
    for number, body in enumerate(line.bodies):
        rows += [f"{indent}|"] * (number > 0) + _all(body, depth + 1)
    return [*rows, f"{indent}}} {line.after}".rstrip()]


def _all(lines: list[Lines], depth: int) -> list[str]:
    return [row for line in lines for row in _text(line, depth)]
