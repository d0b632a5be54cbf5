"""The references of all layers and of all settings, written from their declarations, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from convdsl.codes import SECTIONS
from convdsl.language.keywords import WORDS
from convdsl.layers import BY_NAME, LAYERS, Argument, Layer
from convdsl.layers.activation import Activation
from convdsl.layers.arguments import REQUIRED, Choice, Flag
from convdsl.layers.combining import Combination
from convdsl.messages import T, translate
from convdsl.training.lines import LINES


def layers() -> str:
    """The page of all layers, in the language in use."""
    lines = [
        f"# {T('Layers')}",
        "",
        str(T("This page is written from the declarations in `convdsl/layers` by `scripts/reference.py`.")),
        "",
    ]
    for layer in LAYERS:
        if not issubclass(layer, Activation):
            lines += describe(layer)
    lines += [f"## {T('Activations')}", "", f"| {T('written')} | {T('value')} |", "|---|---|"]
    lines += [f"| `{_written(a)}` | {translate(a.documentation())} |" for a in LAYERS if issubclass(a, Activation)]
    lines += ["", f"## {T('Around layers')}", "", f"| {T('written')} | {T('meaning')} |", "|---|---|"]
    lines += [f"| `{written}` | {meaning} |" for written, meaning in WORDS.values()]
    return "\n".join(lines) + "\n"


def overview() -> Iterator[str]:
    """A line for each layer and for each word before braces: how it is written and what it does."""
    yield from (f"| {T('written')} | {T('meaning')} |", "|---|---|")
    for layer in LAYERS:
        yield f"| `{layer.name if issubclass(layer, Combination) else layer.example}` | {_first_sentence(layer)} |"
    yield from (f"| `{written}` | {meaning} |" for written, meaning in WORDS.values())


def _first_sentence(layer: type[Layer]) -> str:
    documentation = translate(layer.documentation())
    return documentation.partition(". ")[0].rstrip(".")


def describe(layer: type[Layer]) -> Iterator[str]:
    """The lines about one layer: names, what it does, an example, its options."""
    names = " ".join(f"`{n}`" for n, c in BY_NAME.items() if c is layer)
    yield from (f"## {names}", "", translate(layer.documentation()), "", f"```\n{layer.example}\n```", "")
    if layer.arguments:
        yield from (f"| {T('option')} | {T('default')} | {T('meaning')} |", "|---|---|---|")
        yield from (_argument(a) for a in layer.arguments.values())
        yield ""
    if layer.activates and not issubclass(layer, Combination):
        yield from (str(T("May end in an activation.")), "")


def codes() -> str:
    """The index of all diagnostics, in the language in use."""
    lines = [
        f"# {T('What diagnostics mean')}",
        "",
        str(
            T(
                "Every finding of `convdsl check` has a code: E for an error, W for a warning, N for a note. "
                "`convdsl explain CODE` prints these pages in a terminal."
            )
        ),
        "",
        str(T("This page is written from `convdsl/codes.py` by `scripts/reference.py`.")),
    ]
    for section, titles in SECTIONS:
        lines += ["", f"## {section}", "", f"| {T('code')} | {T('meaning')} |", "|---|---|"]
        lines += [f"| [{code}]({code}.md) | {title} |" for code, title in titles.items()]
    return "\n".join(lines) + "\n"


def settings() -> str:
    """The page of all lines of a `train` block, in the language in use."""
    lines = [
        f"# {T('Lines of the train block')}",
        "",
        str(T("This page is written from the declarations in `convdsl/training/lines.py` by `scripts/reference.py`.")),
        "",
    ]
    for name, line in LINES.items():
        lines += [
            f"## `{name}`",
            "",
            f"{line.doc}",
            "",
            f"```\n{line.example}\n```",
            "",
            f"{T('Without this line: `{written}`.', written=line.default)}",
            "",
        ]
        rows = [*line.words.items(), *line.options.items()]
        if rows:
            lines += [f"| {T('written')} | {T('meaning')} |", "|---|---|"]
            lines += [f"| `{word}` | {meaning.doc} |" for word, meaning in rows]
            lines.append("")
        if line.beside is not None:
            lines += [f"{T('Beside PyTorch:')} {line.beside}", ""]
    return "\n".join(lines)


def _written(layer: type[Layer]) -> str:
    return " ".join([layer.name, *(a.name.upper() for a in layer.arguments.values())])


def _argument(argument: Argument) -> str:
    if isinstance(argument, Flag):
        return f"| `{argument.word}` | | {translate(argument.doc)} |"
    written = argument.name.upper() if argument.positional else f"`{argument.name}`"
    if isinstance(argument, Choice):
        written = " ".join(f"`{w}`" for w in argument.words)
    if argument.default is REQUIRED or argument.default is None:
        default = ""
    else:
        default = f"`{argument.default if isinstance(argument.default, str) else argument.show(argument.default)}`"
    return f"| {written} | {default} | {translate(argument.doc)} |"
