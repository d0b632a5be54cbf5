"""Writes a layer as it was probably meant: `conv 64 3 padding=same` as `conv 64 k3 p same`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from convdsl.language import tree
from convdsl.language.options import COUNTS, OPTIONS, fold
from convdsl.layers import ACTIVATIONS, Layer
from convdsl.layers.arguments import PADDING_WORDS, Choice, Flag, Real
from convdsl.layers.shaping import Sided
from convdsl.network.elsewhere import ACTIVATION, BIAS, NO, SIDES, WITHOUT_BIAS

_BY_FOLDED = {fold(name): name for name in ACTIVATIONS}
_SHORT = re.compile(r"([a-z]{1,2})([0-9]+(?:x[0-9]+)*)([a-z_]*)")
_IN_PARENTHESES = re.compile(r"\(\s*([0-9.]+)\s*\)")
_SEVERAL = re.compile(r"(?:[a-z]{1,2}[0-9]+)+x?")


def mend(declared: type[Layer], items: Sequence[tree.Item], text: str) -> str:
    """The layer with its options by their names here. `text` is the program's text, for what is kept as it stands."""
    return " ".join(filter(None, [declared.name, *map(str.strip, _Mending(declared, list(items), text).words())]))


class _Mending:
    def __init__(self, declared: type[Layer], items: list[tree.Item], text: str) -> None:
        self.declared = declared
        self.items = items
        self.text = text
        self.options = {n for n, a in declared.arguments.items() if not isinstance(a, (Flag, Choice))}
        self.values = [n for n, a in declared.arguments.items() if a.positional and n in self.options]
        self.words_of_choices = [w for a in declared.arguments.values() if isinstance(a, Choice) for w in a.words]
        self.loose = [n for n in self.declared.loose if n in self.options and n not in self.values]

    def words(self) -> Iterator[str]:
        self._join_sizes()
        if issubclass(self.declared, Sided):
            yield from self._sides()
        if (
            self.values == ["filters"]
            and len(self.items) > 1
            and isinstance(self.items[0], tree.Sizes)
            and isinstance(self.items[1], tree.Number)
        ):  # `conv 3x3 64`
            self.items[:2] = self.items[1::-1]
        while self.items:
            item = self.items.pop(0)
            written = self.text[item.span.start : item.span.end]
            match item:
                case tree.Comma():
                    continue
                case tree.Named():
                    yield self._named(item.key.text, self._written(item.value), written)
                case tree.Word():
                    yield self._word(item.text)
                case tree.Symbol() if self._means_option(item.name):
                    yield self._word(item.name.lower())
                case tree.Matrix() | tree.Text():
                    yield written
                case _ if self.values:
                    self.values.pop(0)
                    yield _IN_PARENTHESES.sub(r"\1", written)
                case _ if self.loose:
                    option = self.loose.pop(0)
                    yield f"{option}{'=' if len(option) > 2 else ''}" + _IN_PARENTHESES.sub(r"\1", written)
                case tree.Number() if (
                    not any(a.positional for a in self.declared.arguments.values())
                    and self.declared.name not in ACTIVATIONS
                ):
                    if "channels" in self.declared.arguments and self.declared.name == "ln":
                        yield "channels"  # the number of them is what others write
                case _:
                    yield written

    def _sides(self) -> Iterator[str]:
        """`pad top=1 left=2` is `pad before=1x2`."""
        found = {"before": ["0", "0"], "after": ["0", "0"]}
        for item in list(self.items):
            side = SIDES.get(fold(item.key.text)) if isinstance(item, tree.Named) else None
            if side is not None and isinstance(item, tree.Named):
                found[side[0]][side[1]] = self._written(item.value)
                self.items.remove(item)
        for name, (height, width) in found.items():
            if (height, width) != ("0", "0"):
                yield f"{name}={height}x{width}"

    def _join_sizes(self) -> None:
        """`reshape 28 28 1` is `reshape 28x28x1`; of `dense 784 10` only the outputs are written."""
        numbers = [i for i in self.items if isinstance(i, tree.Number)]
        if len(numbers) < 2 or self.items[: len(numbers)] != numbers:
            return
        if self.declared.name in ("reshape", "adaptiveavgpool", "pad", "crop", "upsample"):
            span = numbers[0].span.to(numbers[-1].span)
            self.text = (
                self.text[: span.start]
                + "x".join(n.text for n in numbers).ljust(span.end - span.start)
                + self.text[span.end :]
            )
            self.items[: len(numbers)] = [tree.Sizes(span, tuple(numbers))]
        elif self.declared.name == "dense":
            del self.items[0]

    def _written(self, value: tree.Value | tree.Word) -> str:
        return self.text[value.span.start : value.span.end]

    def _means_option(self, name: str) -> bool:
        """`K3` and `RELU` are no symbols, by the look of them."""
        match = _SHORT.fullmatch(name.lower())
        return name.lower() in ACTIVATIONS or (match is not None and match[1] in self.options and not match[3])

    def _named(self, key: str, value: str, written: str) -> str:
        plain = fold(key)
        if plain in ACTIVATION:
            return _BY_FOLDED.get(fold(value), value)
        if plain in BIAS:
            return "nobias" if value.lower() in ("false", "0", "no") else ""
        option = OPTIONS.get(plain, plain)
        if plain in _BY_FOLDED:
            return f"{_BY_FOLDED[plain]} {value}"
        if value in self.words_of_choices:
            return value
        if option not in self.options:
            return value if self.values and key not in self.options and value.replace(".", "").isdigit() else written
        self.loose.clear()
        if option in self.values:
            self.values.remove(option)
            return value
        if isinstance(self.declared.arguments[option], Real):
            return f"{option}={value}"
        word = "same" if value.lower() == "same_upper" else value.lower()
        return f"{option} {word}" if word in PADDING_WORDS else f"{option}{value.strip('()')}"

    def _word(self, word: str) -> str:
        plain = fold(word)
        following = self.items[0] if self.items else None
        if plain in NO and isinstance(following, tree.Word) and fold(following.text) in BIAS:
            self.items.pop(0)
            return "nobias"
        if plain in WITHOUT_BIAS:
            return "nobias"
        if word in PADDING_WORDS or plain in ("same", "valid", "psame", "pvalid"):
            return f"p {word if word in PADDING_WORDS else plain.removeprefix('p')}"
        if plain in COUNTS:
            return ""
        option = OPTIONS.get(plain, word if word in self.options else "")
        valued = isinstance(following, (tree.Number, tree.Sizes, tree.Symbol, tree.Hole, tree.Binary)) or (
            isinstance(following, tree.Word)
            and (following.text in PADDING_WORDS or fold(following.text) in ("same", "valid"))
        )
        if (
            (option in self.options or plain in ACTIVATION)
            and following is not None
            and (valued or isinstance(following, tree.Word))
        ):
            self.items.pop(0)
            return self._named(option or word, self.text[following.span.start : following.span.end], word)
        if _SEVERAL.fullmatch(word):
            self.loose.clear()
            return " ".join(re.findall(r"[a-z]+[0-9]+", word))
        match = _SHORT.fullmatch(word.lower())
        if match and match[1] in self.options:
            self.loose.clear()
            return f"{match[1]}{match[2]} {match[3]}".strip()
        if self.values and re.fullmatch("[a-z]", word):
            self.values.pop(0)
            return word.upper()
        if re.fullmatch("[a-z]{2}", word) and word[0] in self.options:
            return word[0] + word[1].upper()
        return _BY_FOLDED.get(plain, word)
