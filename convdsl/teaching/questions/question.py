"""An exercise with its numbers drawn: what is asked, and what the answer is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from convdsl.messages import T
from convdsl.teaching.course.draw import Dice, draw, new_seed
from convdsl.teaching.course.exercise import PROGRAM_KINDS, Both, Exercise, Mistake, Option
from convdsl.teaching.course.expressions import evaluate
from convdsl.teaching.course.facts import network
from convdsl.teaching.course.functions import is_matrix
from convdsl.teaching.course.seen import Seen
from convdsl.teaching.course.written import fill, fill_program, pieces, written
from convdsl.teaching.questions import holes
from convdsl.teaching.questions.gap import gap


class Names(dict[str, Any]):
    """The values that expressions may use. `net` and the other programs are analysed when they are first asked for."""

    def __init__(self, values: Mapping[str, Any], late: Mapping[str, Callable[[Names], Any]]) -> None:
        super().__init__(values)
        self._late = late

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._late[name](self)
        return value


class Question:
    """An exercise with numbers. The same exercise and seed make the same question. Raises ExpressionError."""

    def __init__(self, exercise: Exercise, seed: int) -> None:
        self.exercise = exercise
        self.seed = seed
        self.kind = exercise.kind
        dice = Dice(seed, exercise.id)
        self.drawn = draw(exercise.draw, exercise.where, dice)
        self.names = self.names_with({})
        self._order = dice.shuffled(range(len(exercise.options)))

    def names_with(self, instead: Mapping[str, Any], program: str | None = None) -> Names:
        """The values of all names, some of the drawn ones replaced, and perhaps with another program for `net`."""
        exercise = self.exercise
        values = dict(self.drawn)
        for name, value in instead.items():
            values[name] = evaluate(value, values) if isinstance(value, str) else value
        main = exercise.program if program is None else program
        late: dict[str, Callable[[Names], Any]] = {
            name: lambda names, text=text: network(fill_program(text, names))  # type: ignore[misc]
            for name, text in {**exercise.programs, **({"net": main} if main else {})}.items()
        }
        names = Names(values, late)
        for name, value in exercise.let.items():
            names[name] = self._set(value, names)
        return names

    def _set(self, value: Any, names: Names) -> Any:
        """The value of a `let`: an expression, one for each language, or a value as it stands."""
        if isinstance(value, dict):
            return Both(*(str(evaluate(str(value.get(language, "")), names)) for language in ("en", "es")))
        return evaluate(value, names) if isinstance(value, str) else value

    # What is asked.

    @property
    def title(self) -> str:
        return str(self.exercise.title)

    @property
    def text(self) -> str:
        """The question, in the language in use."""
        return fill(str(self.exercise.question), self.names)

    @property
    def told(self) -> tuple[str | Seen, ...]:
        """The question, cut where pictures stand in it."""
        return pieces(str(self.exercise.question), self.names)

    def option_told(self, option: Option) -> tuple[str | Seen, ...]:
        """An option, cut where pictures stand in it."""
        return pieces(str(option.text), self.names)

    @property
    def program(self) -> str | None:
        """The program that belongs to the question, with its holes or its gap."""
        return self.fill_program(self.exercise.program) if self.exercise.program else None

    def fill_program(self, program: str) -> str:
        """A program of the exercise with the numbers drawn."""
        return fill_program(program, self.names)

    @property
    def options(self) -> tuple[tuple[str, str], ...]:
        """Letters and texts to choose from, in an order that the seed decides."""
        return tuple((letter, fill(str(o.text), self.names)) for letter, o in self.lettered.items())

    @cached_property
    def lettered(self) -> dict[str, Option]:
        """The options by their letters: all, or with `show` one right one and so many wrong ones of the pool."""
        pool = [self.exercise.options[i] for i in self._order]
        if self.exercise.show:
            right = [o for o in pool if self.holds(o.right)][:1]
            wrong = [o for o in pool if not self.holds(o.right)][: self.exercise.show - len(right)]
            pool = [o for o in pool if o in (*right, *wrong)]
        return {chr(ord("a") + n): option for n, option in enumerate(pool)}

    @property
    def hints(self) -> tuple[str, ...]:
        """The formula, the substitution, the first step."""
        return tuple(fill(str(hint), self.names) for hint in self.exercise.hints)

    @property
    def why(self) -> str:
        """What there is to say once the answer is known, or nothing."""
        return fill(str(self.exercise.why), self.names) if self.exercise.why else ""

    @property
    def multiline(self) -> bool:
        """Whether a program is asked for."""
        return self.kind in PROGRAM_KINDS

    @property
    def how(self) -> str:
        """How an answer is written."""
        if self.multiline:
            return str(
                T("the missing lines, or the whole program")
                if gap(self.exercise.program) is not None
                else T("a program")
            )
        if self.exercise.options:
            return str(T("one letter: {letters}", letters=", ".join(self.lettered)))
        if self.kind == "hole":
            return _or_arithmetic(self.exercise, ", ".join(f"{n} = …" for n in holes.names_of(self.program or "")))
        if is_matrix(self.right) and len(self.right) == 1:
            return str(T("a row of {n} numbers, spaces between them", n=len(self.right[0])))
        if isinstance(self.right, tuple):
            return str(
                T("a matrix, rows separated by `;`: 1 2; 3 4")
                if is_matrix(self.right)
                else T("a size such as 28x28x6")
                if len(self.right) > 1
                else T("a number")
            )
        if self.exercise.unit == "%":
            return str(T("a percentage"))
        if self.exercise.unit == "°":
            return str(T("an angle in degrees"))
        if self.exercise.digits:
            return str(T("a number; {n} figures are enough", n=self.exercise.digits))
        return str(T("a whole number") if isinstance(self.right, int) else T("a number, a fraction or a decimal"))

    # What is right.

    @cached_property
    def right(self) -> Any:
        """The right value: a number, a shape, a matrix; of a choice the option's letter. Raises ExpressionError."""
        if self.exercise.options:
            return next((k for k, o in self.lettered.items() if self.holds(o.right)), None)
        return evaluate(self.exercise.answer, self.names)

    def holds(self, condition: bool | str) -> bool:
        """Whether an option's `right` holds for the numbers drawn."""
        return condition if isinstance(condition, bool) else bool(evaluate(condition, self.names))

    @cached_property
    def solutions(self) -> list[dict[str, int]]:
        """All the values for the holes, within the ranges in which they are looked for."""
        return holes.solutions(self.program or "", self.exercise.ranges, self.names)

    @property
    def answer(self) -> str:
        """The right answer, or one of them, as a text."""
        if self.multiline:
            return self.fill_program(self.exercise.solution)
        if self.exercise.options:
            told = self.option_told(self.lettered[self.right])
            words = " ".join(p for p in told if isinstance(p, str))
            return f"{self.right}) {words}".strip() if words else str(self.right)
        if self.kind == "hole":
            found = [", ".join(f"{k} = {v}" for k, v in s.items()) for s in self.solutions]
            return str(T(" or ")).join(found[:4]) + (" …" if len(found) > 4 else "")
        return written(self.right)

    @property
    def derivation(self) -> str:
        """How the right answer comes about: the hints, the answer, and what there is to say of it."""
        right = self.lettered[self.right] if self.exercise.options and self.right is not None else None
        last = fill(str(right.why), self.names) if right is not None else ""
        lines = [*(f"· {hint}" for hint in self.hints), f"→ {self.answer}" if not self.multiline else self.answer]
        return "\n".join(filter(None, [*lines, last, self.why]))

    def mistaken(self, mistake: Mistake) -> Any:
        """What the misconception gives for these numbers. Raises ExpressionError."""
        if mistake.answer:
            return evaluate(mistake.answer, self.names)
        names = self.names_with(mistake.instead, mistake.program or None)
        return evaluate(self.exercise.answer, names)

    def fill(self, text: str) -> str:
        """A text of the exercise with the numbers drawn."""
        return fill(text, self.names)

    def message_of(self, mistake: Mistake) -> str:
        """What is said to somebody who made this mistake."""
        return fill(str(mistake.text), self.names)


def _or_arithmetic(exercise: Exercise, how: str) -> str:
    return str(T("{how} (arithmetic will do)", how=how)) if exercise.arithmetic else how


def ask(exercise: Exercise, seed: int | None = None) -> Question:
    """The exercise with numbers drawn by `seed`, or by a new one. Raises ExpressionError."""
    return Question(exercise, new_seed() if seed is None else seed)
