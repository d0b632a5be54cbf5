"""From the lines of a `train` block to settings. What cannot be used becomes a diagnostic E214."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, NoReturn

from convdsl.algebra import is_number
from convdsl.diagnostics import Findings, Fix, Label, written
from convdsl.language import tree
from convdsl.language.options import fold
from convdsl.messages import T
from convdsl.network.edits import without, without_word
from convdsl.network.suggest import did_you_mean
from convdsl.network.suggest import meant as meant_name
from convdsl.network.values import Refused, Scope, Values
from convdsl.source import Span
from convdsl.training.commas import misplaced_comma
from convdsl.training.kinds import Number, OneOf, OneWord, Option
from convdsl.training.lines import ELSEWHERE, LINES, SAME, Line

_INLINE = re.compile(r"([a-z_]+?)([0-9]+)")


class Given(NamedTuple):
    """What one line says: a word, a number (of `numbers` the last), names and options, each with its place."""

    span: Span
    word: str | None = None
    number: float | None = None
    options: Mapping[str, tuple[Any, Span]] = {}
    numbers: tuple[float, ...] = ()
    names: tuple[str, ...] = ()

    def option(self, name: str, default: Any = None) -> Any:
        return self.options[name][0] if name in self.options else default


def read_block(settings: Iterable[tree.Setting], findings: Findings) -> dict[str, Given]:
    """The lines by name; lines with an error are left out."""
    seen: dict[str, Span] = {}
    result: dict[str, Given] = {}
    for setting in settings:
        name = setting.name.text
        line = LINES.get(name)
        if name == "loss":
            name, setting = _of_output(setting)
        if line is None:
            _unknown(setting, findings)
        elif name in seen:
            findings.add(
                "E214",
                setting.span,
                T("`{name}` is given twice.", name=name),
                help=Fix(T("Keep one of them."), (without(findings.source.text, setting.span),)),
                labels=(Label(seen[name], T("the first one")),),
            )
        else:
            seen[name] = setting.span
            with suppress(Refused):
                result[name] = _Reader(name.partition(" ")[0], line, setting, findings).read()
                _only_of_outputs(name, result.pop(name), findings, result)
    for name in ("lr", "weight_decay"):
        if name in result and "optimizer" in result and name in result["optimizer"].options:
            findings.add(
                "E214",
                result[name].span,
                T("`{name}` is given twice.", name=name),
                help=Fix(T("Keep one of them."), (without(findings.source.text, result[name].span),)),
                labels=(Label(result["optimizer"].options[name][1], T("the first one")),),
            )
    return result


def _of_output(setting: tree.Setting) -> tuple[str, tree.Setting]:
    """`loss boxes mae weight=0.5` as the line `loss boxes` with what stands behind the name; other lines as they are."""
    first = setting.items[0] if setting.items else None
    line = LINES["loss"]
    if len(setting.items) < 2 or not isinstance(first, tree.Word):
        return "loss", setting
    if SAME.get(first.text, first.text) in (*line.words, *line.options):
        return "loss", setting
    items = setting.items[1:] if not isinstance(setting.items[1], tree.Comma) else setting.items
    return f"loss {first.text}", setting._replace(items=items)


def _only_of_outputs(name: str, line: Given, findings: Findings, result: dict[str, Given]) -> None:
    """Takes a line that was read, unless it weighs the only loss."""
    if name == "loss" and "weight" in line.options:
        findings.add(
            "E214",
            line.options["weight"][1],
            T("One loss alone has no weight: it is that of an output with a name."),
            help=T("For example `{example}`.", example="loss boxes mae weight=0.5"),
        )
        return
    result[name] = line


def _unknown(setting: tree.Setting, findings: Findings) -> None:
    name = setting.name.text
    owner = next((n for n, line in LINES.items() if name in line.options), None)
    meant = ELSEWHERE.get(fold(name))
    if owner and owner != "augment":
        help: T | Fix = T("It is an option of `{line}`: `{example}`.", line=owner, example=_with_option(owner, name))
    elif owner:
        example = name if isinstance(LINES["augment"].options[name], OneOf) else f"{name} …"
        help = T("It is an option of `{line}`: `{example}`.", line=owner, example=f"augment {example}")
    elif meant:
        help = meant_name(name, meant, setting.name.span)
    else:
        help = did_you_mean(name, LINES, setting.name.span) or T("There are: {list}.", list=", ".join(LINES))
    findings.add("E214", setting.name.span, T("There is no setting `{name}`.", name=name), help=help)


def _with_option(line: str, option: str) -> str:
    """An example of a line with an option in it."""
    word = next((w for w, declared in LINES[line].words.items() if option in declared.options), "")
    example = f"{option}=…" if isinstance(LINES[line].options[option], Number) else option
    return " ".join(filter(None, (line, word, example)))


class _Reader:
    """Reads one line."""

    def __init__(self, name: str, line: Line, setting: tree.Setting, findings: Findings) -> None:
        self.name = name
        self.line = line
        self.setting = setting
        self.findings = findings
        self.values = Values(findings, {})
        self.word: str | None = None
        self.word_span = setting.span
        self.number: float | None = None
        self.numbers: list[float] = []
        self.options: dict[str, tuple[Any, Span]] = {}

    def read(self) -> Given:
        comma = misplaced_comma(self.line, self.setting.items, self.findings.source.text)
        if comma is not None:
            self._refuse(*comma)
        items = [i for i in self.setting.items if not isinstance(i, tree.Comma)]
        if self.line.free:
            return self._free(items)
        position = 0
        while position < len(items):
            position += self._item(items[position], items[position + 1] if position + 1 < len(items) else None)
        if self.word is None and self.number is None and not self.options and self.name != "early_stop":
            self._refuse(self.setting.name.span, T("`{name}` has no value.", name=self.name), self._example())
        if self.line.many and self.word is not None and self.numbers:
            self._refuse(self.word_span, T("`{word}` goes with nothing else.", word=self.word), None)
        self._check_word()
        return Given(self.setting.span, self.word, self.number, self.options, tuple(self.numbers))

    def _free(self, items: Sequence[tree.Item]) -> Given:
        """A name or a path, as it is written."""
        if not items:
            self._refuse(self.setting.name.span, T("`{name}` has no value.", name=self.name), self._example())
        if self.line.many:
            return Given(self.setting.span, names=self._names(items))
        if isinstance(items[0], tree.Text):
            if len(items) > 1:
                self._refuse(items[1].span, T("`{name}` takes one value.", name=self.name), self._example())
            return Given(self.setting.span, items[0].text)
        span = items[0].span.to(items[-1].span)
        value = self.findings.source.text[span.start : span.end]
        if re.search(r"\s", value):
            self._refuse(
                span,
                T("`{name}` takes one value.", name=self.name),
                T("A path stands in quotes: `{example}`.", example='data "my pictures"'),
            )
        return Given(self.setting.span, value)

    def _names(self, items: Sequence[tree.Item]) -> tuple[str, ...]:
        """Names with commas or blanks between them; what touches is one name, as `ankle-boot` is."""
        text = self.findings.source.text
        found: list[str] = []
        end = -1
        for item in items:
            written = item.text if isinstance(item, tree.Text) else text[item.span.start : item.span.end]
            if item.span.start == end:
                found[-1] += written
            else:
                found.append(written)
            end = item.span.end
        return tuple(found)

    def _item(self, item: tree.Item, following: tree.Item | None) -> int:
        """Takes one item, or an option with the item behind it; returns how many were used."""
        match item:
            case tree.Named():
                option = self._option(item.key)
                self._put(item.key, self._of_option(option, item.key, item.value), item.span)
            case tree.Word():
                return self._written_word(item, following)
            case tree.Text() | tree.Matrix() | tree.Sizes() | tree.Comma():
                self._refuse(item.span, T("This means nothing behind `{name}`.", name=self.name), self._example())
            case _:
                if self.line.number is None or (self.number is not None and not self.line.many):
                    self._too_many(item)
                self.number = self._number(self.line.number, self.name, item)
                self.numbers.append(self.number)
        return 1

    def _written_word(self, word: tree.Word, following: tree.Item | None) -> int:
        text = SAME.get(word.text, word.text)
        declared = self.line.options.get(text)
        first = self.word is None and text in self.line.words
        if declared is None or first:
            inline = _INLINE.fullmatch(text)
            if inline and isinstance(self.line.options.get(inline[1]), Number) and not first:
                key = tree.Word(word.span, inline[1])
                number = tree.Number(word.span, int(inline[2]), inline[2])
                self._put(key, self._of_option(self.line.options[inline[1]], key, number), word.span)
                return 1
            if not first:
                self._unknown_word(word)
            self.word, self.word_span = text, word.span
            return 1
        takes = following is not None and not isinstance(following, (tree.Named, tree.Text, tree.Matrix, tree.Sizes))
        if isinstance(following, tree.Word):
            takes = isinstance(declared, OneOf) and following.text in declared.words
        if isinstance(declared, OneWord) or (isinstance(declared, OneOf) and not isinstance(following, tree.Word)):
            takes = False
        if not takes and isinstance(declared, Number):
            self._refuse(
                word.span,
                T("`{name}` has no value.", name=text),
                T("For example `{example}`.", example=self._example_of(text)),
            )
        value = self._of_option(declared, word, following if takes else None)
        self._put(word, value, word.span.to(following.span) if takes and following is not None else word.span)
        return 2 if takes else 1

    def _put(self, key: tree.Word, value: Any, span: Span) -> None:
        if key.text in self.options:
            self._refuse(span, T("`{name}` is given twice.", name=key.text), self._without(span))
        self.options[key.text] = (value, span)

    def _without(self, span: Span) -> Fix:
        return Fix(T("Keep one of them."), (without_word(self.findings.source.text, span),))

    def _option(self, key: tree.Word) -> Option:
        declared = self.line.options.get(key.text)
        if declared is None:
            self._unknown_word(key)
        return declared

    def _of_option(self, declared: Option, key: tree.Word, value: Any) -> Any:
        match declared:
            case OneWord():
                if value is not None:
                    self._refuse(value.span, T("`{name}` stands alone.", name=key.text), None)
                return True
            case OneOf():
                if value is None:
                    return declared.words[0]
                if not isinstance(value, tree.Word) or value.text not in declared.words:
                    self._refuse(
                        value.span,
                        T("`{name}` is one of: {words}.", name=key.text, words=", ".join(declared.words)),
                        None,
                    )
                return value.text
        return self._number(declared, key.text, value)

    def _number(self, declared: Number, name: str, item: Any) -> float:
        if isinstance(item, (tree.Word, tree.Text, tree.Sizes)):
            self._refuse(item.span, T("`{name}` takes a number.", name=name), None)
        value = self.values.of(item, Scope(), name)
        if not is_number(value):
            self._refuse(
                item.span, T("`{name}` takes a number.", name=name), T("Symbols and holes have no value here.")
            )
        if declared.whole and isinstance(item, tree.Number) and re.fullmatch(r"[0-9]{1,3}\.[0-9]{3}", item.text):
            self._refuse(
                item.span,
                T("A point is decimal: {text} is {value}.", text=item.text, value=f"{value:g}"),
                written(item.span, item.text.replace(".", "")),
            )
        trouble = declared.trouble(name, value)
        if trouble:
            self._refuse(item.span, *trouble)
        return int(value) if declared.whole else float(value)

    def _check_word(self) -> None:
        """A line of kinds needs one, and its options have to go with it."""
        kinds = any(w.options for w in self.line.words.values())
        if self.word == "none" and self.options:
            span = next(iter(self.options.values()))[1]
            self._refuse(span, T("`{word}` goes with nothing else.", word="none"), None)
        if not kinds:
            return
        if self.word is None:
            if set(self.options) == {"warmup"}:
                self.word = "constant"
                return
            self._refuse(
                self.setting.name.span,
                T("`{name}` does not say which one.", name=self.name),
                T("There are: {list}.", list=", ".join(self.line.words)),
            )
        for name, (_, span) in self.options.items():
            if name not in self.line.words[self.word].options:
                fitting = [w for w, declared in self.line.words.items() if name in declared.options]
                self._refuse(
                    span,
                    T("`{word}` has no `{option}`.", word=self.word, option=name),
                    T("It goes with: {list}.", list=", ".join(fitting)),
                )

    def _unknown_word(self, word: tree.Word) -> NoReturn:
        names = [*self.line.words, *self.line.options]
        meant = SAME.get(word.text) or ELSEWHERE.get(fold(word.text))
        if meant is not None and (meant in self.line.options or meant in self.line.words):
            help: T | Fix = meant_name(word.text, meant, word.span)
        elif word.text in LINES and self.name != word.text:
            help = T("`{name}` is a line of its own: `{example}`.", name=word.text, example=LINES[word.text].example)
        elif not names:
            help = T("It takes a number: `{example}`.", example=self.line.example)
        else:
            help = did_you_mean(word.text, names, word.span) or T("There are: {list}.", list=", ".join(names))
        self._refuse(word.span, T("`{name}` takes no `{word}`.", name=self.name, word=word.text), help)

    def _too_many(self, item: tree.Item) -> NoReturn:
        help: T | Fix = self._example()
        if self.name == "optimizer":
            value = self.findings.source.text[item.span.start : item.span.end]
            help = written(item.span, f"lr={value}", T("The learning rate is written `lr={value}`.", value=value))
        self._refuse(item.span, T("`{name}` takes no further value without a name.", name=self.name), help)

    def _example(self) -> T:
        return T("For example `{example}`.", example=self.line.example)

    def _example_of(self, option: str) -> str:
        found = re.search(rf"\b{option}[ =][0-9.]+", self.line.example)
        return found[0] if found else f"{option}={3 if getattr(self.line.options[option], 'whole', False) else 0.1}"

    def _refuse(self, span: Span, message: T, help: T | Fix | None) -> NoReturn:
        self.findings.add("E214", span, message, help=help)
        raise Refused
