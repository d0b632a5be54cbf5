"""What is done to a flow before it becomes a program: what nothing reads goes, activations join the layers before them,
and values that are joined over and over, as dense blocks do, are joined one after the other."""

from __future__ import annotations

from collections import Counter

from convdsl.bridges.pieces import Flow, Piece
from convdsl.layers.activation import Activation
from convdsl.layers.combining import Concat


def tidied(flow: Flow) -> Flow:
    """The same network with fewer pieces."""
    return _numbered_anew(_joined(_nested_concats(_numbered_anew(flow))))


def _numbered_anew(flow: Flow) -> Flow:
    """Only what leads to the output, numbered on."""
    needed, waiting = set(), [flow.output]
    while waiting:
        at = waiting.pop()
        if at and at not in needed:
            needed.add(at)
            waiting += flow.pieces[at - 1].inputs
    numbers = {0: 0}
    pieces = []
    for number, piece in enumerate(flow.pieces, 1):
        if number in needed:
            piece.inputs = tuple(numbers[i] for i in piece.inputs)
            pieces.append(piece)
            numbers[number] = len(pieces)
    return Flow(flow.name, flow.shape, pieces, numbers[flow.output], flow.about)


def _nested_concats(flow: Flow) -> Flow:
    """concat(a, b, c) is concat(concat(a, b), c) where concat(a, b) is there anyway."""
    known: dict[tuple[int, ...], int] = {}
    for number, piece in enumerate(flow.pieces, 1):
        if not isinstance(piece.layer, Concat):
            continue
        whole = piece.inputs
        for length in range(len(whole) - 1, 1, -1):
            if whole[:length] in known:
                piece.inputs = (known[whole[:length]], *whole[length:])
                break
        known.setdefault(whole, number)
    return flow


def _joined(flow: Flow) -> Flow:
    """Activations become part of the layer before them where nothing else reads it."""
    read = Counter(i for piece in flow.pieces for i in piece.inputs)
    stands: dict[int, int] = {}
    for number, piece in enumerate(flow.pieces, 1):
        piece.inputs = tuple(stands.get(i, i) for i in piece.inputs)
        before = flow.pieces[piece.inputs[0] - 1] if piece.inputs[0] else None
        if before is None or not isinstance(piece.layer, Activation) or not _takes(before, piece):
            continue
        if read[number and flow.pieces[number - 1].inputs[0]] == 1 and flow.output != piece.inputs[0]:
            before.activation = piece.layer
            before.weights.update(piece.weights)
            stands[number] = piece.inputs[0]
    flow.output = stands.get(flow.output, flow.output)
    return flow


def _takes(before: Piece, piece: Piece) -> bool:
    return before.layer.activates and before.activation is None and before.frozen == piece.frozen
