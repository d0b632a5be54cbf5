"""How low the cross-entropy of a softmax can go where an activation bounds the scores before it.

Scores in an interval of width d give the right class at most e^d times the weight of each other: the loss of n classes
stays above ln(1 + (n − 1)·e^−d). Of ten sigmoids that is ln(1 + 9/e) = 1.461.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, inf, log
from typing import Any

from convdsl.algebra import is_number
from convdsl.diagnostics import Findings, Fix, written
from convdsl.language import tree
from convdsl.messages import Rounded, T
from convdsl.network.edits import without, without_word
from convdsl.network.ending import Ending, ending
from convdsl.records import NamedTuple
from convdsl.source import Span

RANGES = {
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu6": (0.0, 6.0),
    "relu": (0.0, inf),
}
"""Between what values an activation's answers lie; of a softmax those that another layer takes for scores."""
OF_CLASSES = ("fashion-mini", "mnist", "fashion-mnist", "cifar10")
"""Known data sets whose labels are classes."""


class Floor(NamedTuple):
    """What bounds the scores: its name and the width of the interval; the least loss of `classes` classes."""

    name: str
    width: float
    classes: int

    @property
    def loss(self) -> float:
        return log(1 + (self.classes - 1) * exp(-self.width))

    @property
    def formula(self) -> str:
        """`ln(1 + 9·e^−1)`."""
        return f"ln(1 + {self.classes - 1}·e^−{self.width:g})"


def floor_of(end: Ending, classes: int) -> Floor | None:
    """What keeps the cross-entropy of a network up that ends so; None where nothing does."""
    if end.scores == "softmax":
        end = end.before or Ending()
    if end.name not in RANGES or classes < 2:
        return None
    low, high = RANGES[end.name]
    return Floor(end.name, high - low, classes)


def smoothing_floor(share: float, classes: int) -> float:
    """The entropy of labels of which `share` is spread over all classes: no cross-entropy with them is lower."""
    if not 0 < share < 1 or classes < 2:
        return 0.0
    rest = share / classes
    right = 1 - share + rest
    return -right * log(right) - (classes - 1) * rest * log(rest)


def is_classifier(train: Iterable[tree.Setting]) -> bool:
    """Whether a `train` block says that a class is to be answered, without a look at any data."""
    lines = {line.name.text: line for line in train}
    words = {n: [i.text for i in line.items if isinstance(i, (tree.Word, tree.Text))] for n, line in lines.items()}
    if "target" in lines and "images" in words["target"]:
        return False
    loss = words.get("loss", ["auto"])
    if loss != ["auto"]:
        return loss in (["cross_entropy"], ["crossentropy"], ["xent"])
    if not lines:
        return False
    data = words.get("data", [OF_CLASSES[0]])
    return len(data) == 1 and data[0].lower() in OF_CLASSES


def bounded_scores(nodes: Any, output: int, classes: int, findings: Findings) -> None:
    """Adds W521 where the last activation of a classifier bounds what its cross-entropy takes for scores."""
    end = ending(nodes, output)
    floor = floor_of(end, classes)
    if floor is None or end.node is None:
        return
    behind = end.scores == "softmax"  # a softmax of its own, behind another activation
    if behind and end.before is not None and end.before.node is not None:
        end = end.before
    if end.node is None or (behind and end.name == "softmax"):  # W504 names two softmaxes
        return
    if end.dropped is not None and end.name == "softmax":
        findings.add(
            "W521",
            end.dropped.span,
            T("A dropout behind the last softmax: the loss takes the probabilities for scores."),
            note=_note(floor),
            formula=f"{floor.formula} = {floor.loss:.3f}",
            help=T("Put it before the last layer with weights."),
        )
        return
    if floor.width == inf:
        note = T(
            "The loss is the cross-entropy of a softmax, which the network may leave out. Behind `relu` no score falls "
            "below 0, and where all scores are 0 nothing is learned: the loss is ln {n} = {loss} there.",
            n=classes,
            loss=Rounded(log(classes), ".3f"),
        )
    else:
        note = _note(floor)
    findings.add(
        "W521",
        end.node.places.get(end.name, end.node.span),
        T("`{name}` before the last softmax bounds its scores.", name=end.name)
        if behind
        else T("`{name}` at the end of a classifier bounds its scores.", name=end.name),
        note=note,
        formula=None if floor.width == inf else f"{floor.formula} = {floor.loss:.3f}",
        help=_leave_out(end, findings.source.text, T("Leave it out: the softmax takes the scores as they are."))
        if behind
        else _way(end, classes, findings.source.text),
    )


def _leave_out(end: Ending, text: str, title: T) -> T | Fix:
    """The way out that takes an activation out: its word, or the statement that it is."""
    node = end.node
    start = text.rfind(end.name, *node.span) if node is not None else -1
    if node is None or start < 0:
        return title
    word = Span(start, start + len(end.name))
    return Fix(title, (without(text, node.span) if node.activation is None else without_word(text, word),))


def bounded_answers(nodes: Any, output: int, low: float, high: float, findings: Findings) -> None:
    """Adds W521 where the last activation cannot give the numbers from `low` to `high` that are to be answered."""
    end = ending(nodes, output)
    if end.node is None or end.name not in RANGES:
        return
    least, most = RANGES[end.name]
    if low >= least and high <= most:
        return
    beyond = (
        T("`{name}` gives no numbers below {least}, and those to be answered go from {low} to {high}.", name=end.name,
          least=Rounded(least, "g"), low=Rounded(low, ".4g"), high=Rounded(high, ".4g"))
        if most == inf
        else T("`{name}` gives numbers from {least} to {most}, and those to be answered go from {low} to {high}.",
               name=end.name, least=Rounded(least, "g"), most=Rounded(most, "g"),
               low=Rounded(low, ".4g"), high=Rounded(high, ".4g"))
    )  # fmt: skip
    findings.add(
        "W521",
        end.node.places.get(end.name, end.node.span),
        beyond,
        note=T("What lies beyond can never be reached, however long the training."),
        help=_leave_out(end, findings.source.text, T("End with no activation, or bring the targets into that range.")),
    )


def _note(floor: Floor) -> T:
    low, high = RANGES[floor.name]
    return T(
        "The loss is the cross-entropy of a softmax over scores, and these lie between {low} and {high}: with {n} classes "
        "it cannot fall below {loss}.",
        low=Rounded(low, "g"),
        high=Rounded(high, "g"),
        n=floor.classes,
        loss=Rounded(floor.loss, ".3f"),
    )


def _way(end: Ending, classes: int, text: str) -> T | Fix:
    if end.name == "sigmoid" and classes == 2:
        way = T("End with `softmax` in its place, or with one output: `dense 1 sigmoid` answers yes or no.")
    elif end.name == "sigmoid":
        way = T("End with `softmax` in its place; for several labels at once, say `loss binary_cross_entropy`.")
    else:
        way = T("End with `softmax` in its place, or with no activation.")
    if end.node is None or end.name == "softmax":
        return way
    start = text.rfind(end.name, *end.node.span)
    return written(Span(start, start + len(end.name)), "softmax", way) if start >= 0 else way


def look_at_end(network: Any, report: Any, findings: Findings) -> None:
    """The warning for a program that says by itself that it answers classes."""
    if not network.nodes or not network.output or network.named or report[network.output].output is None:
        return
    classes = report[network.output].output[-1]
    end = ending(network.nodes, network.output)
    sure = is_classifier(network.train) or (end.name == "softmax" and (end.dropped or end.before) is not None)
    if sure and is_number(classes) and classes > 1:
        bounded_scores(network.nodes, network.output, int(classes), findings)
