"""From a written layer to a declared one: which word goes with which value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from convdsl.diagnostics import Findings, Fix, written
from convdsl.language import parse, tree
from convdsl.layers import ACTIVATIONS, BY_NAME, Argument, BadValue, Layer
from convdsl.layers.activation import Activation
from convdsl.layers.arguments import PADDING_WORDS, REQUIRED, Choice, Flag, Real
from convdsl.messages import T
from convdsl.network.edits import line_instead, without_word
from convdsl.network.suggest import did_you_mean
from convdsl.network.values import Refused, Scope, Values
from convdsl.source import Source, Span

_WORD_BEFORE = re.compile(r"([a-z]+)[ \t]+$")
_PADDING_WORD = re.compile(rf"\s*=?\s*({'|'.join(PADDING_WORDS)})\b")
_CAPITALS = ("SAME", "VALID", "SAME_LOWER", "SAME_UPPER")
_INLINE = re.compile(r"([a-z_]+?)([0-9]+)")
MAX_MENDED = 50
"""Errors that are answered with the whole line as it should be; that takes longer than the others."""


class Bound:
    """A layer with its values, its activation, and where each option was written."""

    __slots__ = ("activation", "layer", "places")

    def __init__(self, layer: Layer, activation: Activation | None, places: dict[str, Span]) -> None:
        self.layer = layer
        self.activation = activation
        self.places = places


class Binder:
    """Reads the items behind a layer's name, by the layer's declaration."""

    def __init__(self, values: Values, findings: Findings) -> None:
        self.values = values
        self.findings = findings
        self.mended = 0

    def bind(self, declared: type[Layer], name: tree.Word, items: Sequence[tree.Item], scope: Scope) -> Bound:
        """The layer that is written. Adds a diagnostic for everything that is wrong with it, then raises Refused."""
        before = len(self.findings.items)
        items = tuple(filter(None, (_meant(item, scope) for item in items)))
        given: dict[str, Any] = {}
        places: dict[str, Span] = {}
        positional = iter([a for a in declared.arguments.values() if a.positional and not isinstance(a, Choice)])
        activation: Activation | None = None
        wrong = False
        queue = _Queue(items)
        for item in queue:
            try:
                if isinstance(item, tree.Word) and self._is_layer(declared, item):
                    self._arrow_missing(declared, name, item)
                if isinstance(item, tree.Word) and item.text in ACTIVATIONS:
                    activation = self._activation(declared, name, item, queue, activation, scope)
                else:
                    argument, value, span = self._argument(declared, name, item, queue, positional, scope)
                    if argument.name in given:
                        self.findings.add(
                            "E206",
                            span,
                            T("`{option}` is given twice.", option=argument.name),
                            help=Fix(T("Keep one of them."), (without_word(self.findings.source.text, span),)),
                        )
                        raise Refused
                    given[argument.name] = value
                    places[argument.name] = span
            except Refused:
                wrong = True
            except _Ended:
                raise Refused from None
        missing = [a for n, a in declared.arguments.items() if a.default is REQUIRED and n not in given]
        if declared.one_of and not given.keys() & set(declared.one_of):
            missing.append(declared.arguments[declared.one_of[0]])
        if missing and not wrong:
            self._missing(declared, name, missing, items, scope)
            raise Refused
        if wrong:
            self._offer(declared, name, items, scope, before)
            raise Refused
        return Bound(declared(**given), activation, places)

    def _offer(
        self, declared: type[Layer], name: tree.Word, items: Sequence[tree.Item], scope: Scope, before: int
    ) -> None:
        """Where all that is wrong with a line is how it is written, says so once, with the line as it should be."""
        found = self.findings.items[before:]
        if not found or not all(d.code in ("E202", "E203", "E204", "E205") for d in found):
            return  # nothing new where a number was too large already for the lexer
        line = self.mended_line(declared, items, scope)
        if line is not None:
            first = self.findings.items[before]
            fix = line_instead(self.findings.source.text, name, items, line, T("Write `{text}`.", text=line))
            self.findings.items[before:] = [first._replace(help=fix.title, fixes=(fix,))]

    def mended_line(self, declared: type[Layer], items: Sequence[tree.Item], scope: Scope) -> str | None:
        """The layer in this language's words, if it can be guessed and is right."""
        self.mended += 1
        if self.mended > MAX_MENDED:
            return None
        from convdsl.network.mending import mend

        line = mend(declared, items, self.findings.source.text)
        return line if self.is_right(line, declared, scope) else None

    def is_right(self, line: str, declared: type[Layer], scope: Scope) -> bool:
        """Whether a line written by this program is one layer without errors."""
        trial = Findings(Source(line))
        statements = parse(trial.source, trial).statements
        if trial.failed or len(statements) != 1 or not isinstance(statements[0], tree.Layer):
            return False
        binder = Binder(Values(trial, {}), trial)
        binder.mended = MAX_MENDED
        try:
            binder.bind(declared, statements[0].name, statements[0].items, scope)
        except Refused:
            return False
        return True

    def _is_layer(self, declared: type[Layer], word: tree.Word) -> bool:
        """Whether a word behind a layer's name begins another layer: an arrow is missing before it."""
        if word.text not in BY_NAME or word.text in ACTIVATIONS or _option_called(word.text) in declared.arguments:
            return False
        return not any(word.text in a.words for a in declared.arguments.values() if isinstance(a, Choice))

    def _arrow_missing(self, declared: type[Layer], name: tree.Word, word: tree.Word) -> NoReturn:
        before = self.findings.source.text[name.span.start : word.span.start].strip()
        line = f"{before} -> {word.text}"
        self.findings.add(
            "E202",
            word.span,
            T("`{word}` is a layer of its own, and no option of `{layer}`.", word=word.text, layer=declared.name),
            help=written(
                word.span.front,
                "-> ",
                T("Put `->` or the end of the line before it: `{text}`.", text=line),
                safe=True,
            ),
        )
        raise _Ended

    def _argument(
        self,
        declared: type[Layer],
        name: tree.Word,
        item: tree.Item,
        queue: _Queue,
        positional: Iterator[Argument],
        scope: Scope,
    ) -> tuple[Argument, Any, Span]:
        match item:
            case tree.Word():
                return self._word(declared, name, item, queue, scope)
            case tree.Named():
                argument = self._option(declared, name, item.key)
                if isinstance(item.value, tree.Symbol) and item.value.name in _CAPITALS:
                    return argument, self._accept(argument, item.value.name, item.span), item.span
                if isinstance(item.value, tree.Word):
                    return argument, self._accept(argument, item.value.text, item.span), item.span
                return argument, self._value(argument, item.value, scope, item.span), item.span
            case tree.Matrix():
                choice = next((a for a in declared.arguments.values() if isinstance(a, Choice)), None)
                if choice is None:
                    self.findings.add("E205", item.span, T("`{layer}` takes no matrix.", layer=declared.name))
                    raise Refused
                return choice, self._accept(choice, item.text, item.span), item.span
            case tree.Text() | tree.Comma():
                self.findings.add("E205", item.span, T("This means nothing behind `{layer}`.", layer=declared.name))
                raise Refused
        following = next(positional, None)
        if following is None:
            self._too_many(declared, name, item)
        return following, self._value(following, item, scope, item.span, context=declared.name), item.span

    def _word(
        self, declared: type[Layer], name: tree.Word, word: tree.Word, queue: _Queue, scope: Scope
    ) -> tuple[Argument, Any, Span]:
        for argument in declared.arguments.values():
            if isinstance(argument, Flag) and argument.word == word.text:
                return argument, argument.sets, word.span
            if isinstance(argument, Choice) and word.text in argument.words:
                return argument, word.text, word.span
        if word.text in declared.arguments and not isinstance(declared.arguments[word.text], (Flag, Choice)):
            argument = declared.arguments[word.text]
            following = queue.peek()
            if following is None or isinstance(following, (tree.Named, tree.Matrix, tree.Text, tree.Comma)):
                self.findings.add(
                    "E203",
                    word.span,
                    T("`{option}` has no value.", option=word.text),
                    help=T("It takes {kind}: `{example}`.", kind=argument.kind, example=_as_written(argument, 3)),
                )
                raise Refused
            queue.take()
            span = word.span.to(following.span)
            if isinstance(following, tree.Word):
                return argument, self._accept(argument, following.text, span), span
            return argument, self._value(argument, following, scope, span), span
        match = _INLINE.fullmatch(word.text)
        if match and match[1] in declared.arguments and not isinstance(declared.arguments[match[1]], (Flag, Choice)):
            argument = declared.arguments[match[1]]
            if len(match[2]) > 15:
                self.findings.add(
                    "E106",
                    word.span,
                    T("The number {number} is too large.", number=match[2][:10] + "…"),
                    help=T("Numbers go up to {limit}.", limit="10^15"),
                )
                raise Refused
            return argument, self._accept(argument, int(match[2]), word.span), word.span
        if _option_called(word.text) is not None:
            queue.skip_value()
        return self._option(declared, name, tree.Word(word.span, match[1] if match else word.text)), None, word.span

    def _option(self, declared: type[Layer], name: tree.Word, word: tree.Word) -> Argument:
        argument = declared.arguments.get(word.text)
        if argument is not None and not isinstance(argument, (Flag, Choice)):
            return argument
        known = [
            a.word if isinstance(a, Flag) else a.name
            for a in declared.arguments.values()
            if not a.positional or not isinstance(a, Choice)
        ]
        known += [w for a in declared.arguments.values() if isinstance(a, Choice) for w in a.words]
        if declared.activates:
            known += list(ACTIVATIONS)
        meant = _option_called(word.text)
        following = _PADDING_WORD.match(self.findings.source.text, word.span.end)
        word_behind = following[1] if following else ""
        padding = self._padding_word(word) if "p" in declared.arguments else None
        if padding is not None:
            help: T | Fix = padding
        elif meant is not None and meant in declared.arguments:
            help = written(
                Span(word.span.start, word.span.start + len(word.text)),
                meant,
                T(
                    "Here it is called `{option}`, as in `{example}`.",
                    option=meant,
                    example=f"{meant} {word_behind}"
                    if meant == "p" and word_behind
                    else _as_written(declared.arguments[meant], 2),
                ),
            )
        else:
            options = [a.word if isinstance(a, Flag) else n for n, a in declared.arguments.items() if not a.positional]
            help = did_you_mean(word.text, known, word.span) or (
                T(
                    "It is written like this: `{example}`; its options are: {list}.",
                    example=declared.example,
                    list=", ".join(options),
                )
                if options
                else T("It is written like this: `{example}`.", example=declared.example)
            )
        self.findings.add(
            "E202",
            word.span,
            T("`{layer}` has no option `{option}`.", layer=declared.called or declared.name, option=word.text),
            help=help,
        )
        raise Refused

    def _padding_word(self, word: tree.Word) -> T | Fix | None:
        """The way out for a padding in words that is not written as one: `same lower`, or `same` without its `p`."""
        text = self.findings.source.text
        before = _WORD_BEFORE.search(text, 0, word.span.start)
        whole = f"{before[1]}_{word.text}" if before else ""
        if before is not None and whole in PADDING_WORDS:
            span = Span(before.start(1), word.span.start + len(word.text))
            return written(span, whole, T("Write `{text}`, in one word.", text=whole))
        if whole == "same_upper":
            return T("`p same` puts the odd one at the end, `p same_lower` in front.")
        if word.text in PADDING_WORDS:
            span = Span(word.span.start, word.span.start + len(word.text))
            return written(span, f"p {word.text}", T("Write `{text}`.", text=f"p {word.text}"))
        return None

    def _activation(
        self,
        declared: type[Layer],
        name: tree.Word,
        word: tree.Word,
        queue: _Queue,
        before: Activation | None,
        scope: Scope,
    ) -> Activation:
        if not declared.activates or before is not None:
            message = (
                T("`{layer}` takes no activation.", layer=declared.name)
                if before is None
                else T("A layer ends in one activation, and this is a second one.")
            )
            self.findings.add(
                "E210",
                word.span,
                message,
                help=written(
                    word.span.front,
                    "-> ",
                    T("Put `-> {activation}` behind it, as a layer of its own.", activation=word.text),
                    safe=before is None,
                ),
            )
            raise Refused
        activation = ACTIVATIONS[word.text]
        items: list[tree.Item] = []
        following = queue.peek()
        if activation.arguments and isinstance(following, (tree.Number, tree.Negative, tree.Symbol)):
            items.append(queue.take())
        layer = self.bind(activation, word, items, scope).layer
        assert isinstance(layer, Activation)
        return layer

    def _value(self, argument: Argument, value: tree.Value, scope: Scope, span: Span, context: str = "") -> Any:
        return self._accept(argument, self.values.of(value, scope, context or argument.name, argument.minimum), span)

    def _accept(self, argument: Argument, value: Any, span: Span) -> Any:
        try:
            return argument.accept(value)
        except BadValue as error:
            self.findings.add("E204", span, error.message, help=error.help)
            raise Refused from None

    def _too_many(self, declared: type[Layer], name: tree.Word, item: tree.Item) -> NoReturn:
        if not any(a.positional for a in declared.arguments.values()):
            message = T("`{layer}` takes no value without a name.", layer=declared.name)
        else:
            message = T("`{layer}` takes no further value without a name.", layer=declared.name)
        if issubclass(declared, Activation) and isinstance(item, tree.Number):
            help: T | Fix = written(
                name.span.to(item.span),
                f"dense {item.text} {declared.name}",
                T(
                    "It changes no sizes. With {n} outputs before it: `dense {n} {name}`.",
                    n=item.text,
                    name=declared.name,
                ),
            )
        else:
            help = T("It is written like this: `{example}`.", example=declared.example)
        self.findings.add("E205", item.span, message, help=help)
        raise Refused

    def _missing(
        self,
        declared: type[Layer],
        name: tree.Word,
        missing: list[Argument],
        items: Sequence[tree.Item],
        scope: Scope,
    ) -> None:
        first = missing[0] if missing[0].positional or len(missing) == 1 else missing[1]
        if first.name == "k" and not first.positional:
            message = T("`{layer}` needs its window size `k`.", layer=declared.name)
        else:
            message = T("`{layer}` lacks a value: {doc}.", layer=declared.name, doc=translated_doc(first))
        text = self.findings.source.text
        written = [text[i.span.start : i.span.end] for i in items]
        value = declared.example.split()[1] if first.positional else ""
        window = "k3" if any(a.name == "k" and not a.positional for a in missing) else ""
        line = " ".join(filter(None, (name.text, value, *written, window)))
        way = T("For example `{example}`.", example=line)
        fix = line_instead(text, name, items, line, way)
        self.findings.add("E203", name.span, message, help=fix if self.is_right(line, declared, scope) else way)


def _meant(item: tree.Item, scope: Scope) -> tree.Item | None:
    """An item, with a block's parameter that stands for a word replaced by that word; None for `identity`, which as an
    activation is none."""
    word = item.value if isinstance(item, tree.Named) else item
    if not isinstance(word, tree.Word) or not isinstance(meant := scope.get(word.text), str):
        return item
    if isinstance(item, tree.Named):
        return item._replace(value=word._replace(text=meant))
    return None if meant == "identity" else word._replace(text=meant)


class _Ended(Exception):
    """The rest of a line is not worth reading."""


class _Queue:
    """The items behind a name, taken from the front."""

    def __init__(self, items: Sequence[tree.Item]) -> None:
        self.items = items
        self.position = 0

    def __iter__(self) -> Iterator[tree.Item]:
        while self.position < len(self.items):
            yield self.take()

    def peek(self) -> tree.Item | None:
        return self.items[self.position] if self.position < len(self.items) else None

    def skip_value(self) -> None:
        """Leaves out what an unknown option is given."""
        item = self.peek()
        word = isinstance(item, tree.Word) and item.text in PADDING_WORDS
        if word or isinstance(item, (tree.Number, tree.Sizes)):
            self.take()

    def take(self) -> tree.Item:
        self.position += 1
        return self.items[self.position - 1]


def _as_written(argument: Argument, number: int) -> str:
    """An option with a value: its usual one where that is a real number, such as `eps=1e-05`, else one that is allowed."""
    if isinstance(argument, Real):
        usual = argument.default not in (REQUIRED, None)
        return argument.write(argument.default if usual else min(max(0.5, argument.low), argument.high))
    return f"{argument.name}{number}"


def _option_called(word: str) -> str | None:
    """The option that is called like this elsewhere, or here in another layer."""
    from convdsl.language.options import OPTIONS, fold

    return word if word in OPTIONS.values() else OPTIONS.get(fold(word))


def translated_doc(argument: Argument) -> T:
    """An argument's documentation as a text in the user's language."""
    return T(argument.doc or argument.name)
