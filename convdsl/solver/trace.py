"""Running the rules of layers on unknowns: every comparison whose answer depends on them is answered once with yes and
once with no, and what was answered is kept as a condition. So the conditions come from the layers' own rules, and each
way through the rules is one case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from convdsl.algebra import forms
from convdsl.algebra.forms import Atom, Form, Table
from convdsl.solver.intervals import Box, Empty, narrow, truth
from convdsl.solver.relations import ONE, Relation, tidy

Result = TypeVar("Result")
_YES, _NO, _ABOVE, _BELOW = "yes", "no", "above", "below"


class Impossible(Exception):
    """What was answered so far cannot all be true."""


class State(NamedTuple):
    """What is known at a point of the way: the conditions, and bounds that follow from them."""

    conditions: tuple[Relation, ...]
    box: Box


class Trace(Table):
    """The unknowns of a program, and the answers given on the present way through its rules."""

    def __init__(self, check_time: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.check_time = check_time
        self.unknowns: dict[str, Atom] = {}
        self.origin: Any = None
        self.trusting = False
        """Whether sizes are known to be possible: questions are answered so that nothing is refused, and not recorded."""
        self._start: State = State((), {})
        self._conditions: list[Relation] = []
        self._box: Box = {}
        self._known: dict[Any, bool] = {}
        self._ordered: list[str] = []
        self._given: list[str] = []

    def unknown(self, name: str, minimum: int) -> Form:
        """The form of an unknown; `algebra.symbols_from` asks here."""
        form = self.variable(name, minimum)
        (atom,) = form.atoms()
        self.unknowns[name] = atom
        self._box.setdefault(atom, (atom.minimum, forms.INFINITE))
        return form

    def ways(self, start: State, run: Callable[[], Result]) -> Iterator[tuple[Result, State]]:
        """What `run` returns on every way through it that is possible, with what holds there. `run` raises Impossible
        where a way ends."""
        self._ordered = []
        while True:
            self.check_time()
            self._conditions, self._box = list(start.conditions), dict(start.box)
            self._known = {r.key: True for r in start.conditions}
            self._given = []
            try:
                result = run()
                yield result, State(tuple(self._conditions), dict(self._box))
            except (Impossible, Empty):
                pass
            given = self._given
            while given and given[-1] in (_NO, _BELOW):
                given.pop()
            if not given:
                return
            last = given.pop()
            self._ordered = [*given, _BELOW if last == _ABOVE else _ABOVE if last == _YES + "?" else _NO]

    def decide(self, form: Form, comparison: str, divisor: Form | None = None) -> bool:
        """The answer on this way to a question that depends on unknowns."""
        if self.trusting:
            return comparison != "="
        kind = {"=": "eq", ">=": "ge", "%": "mod"}[comparison]
        relation = tidy(Relation(kind, form, divisor if divisor is not None else ONE, self.origin))
        if isinstance(relation, bool):
            return relation
        known = truth(relation, self._box)
        known = self._known.get(relation.key) if known is None else known
        if known is not None:
            return known
        number = len(self._given)
        answer = self._ordered[number] if number < len(self._ordered) else (_YES + "?" if kind == "eq" else _YES)
        self._given.append(answer)
        self._known[relation.key] = answer.startswith(_YES)
        self.require(relation if answer.startswith(_YES) else _opposite(relation, answer))
        return answer.startswith(_YES)

    def require(self, relation: Relation) -> None:
        """Adds a condition. Raises Impossible where it contradicts the bounds."""
        self._conditions.append(relation)
        try:
            narrow([relation], self._box)
        except Empty:
            raise Impossible from None


def _opposite(relation: Relation, answer: str) -> Relation:
    """What holds where a question was answered with no; an equation is missed from above or from below."""
    kind, form, divisor, origin = relation
    if kind == "mod":
        return Relation("not mod", form, divisor, origin)
    if kind == "eq" and answer == _ABOVE:
        return Relation("ge", form - 1, ONE, origin)
    return Relation("ge", -form - 1, ONE, origin)
