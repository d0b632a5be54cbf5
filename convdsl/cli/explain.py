"""`convdsl explain`: how a size or a cost comes about; what a layer does; what a diagnostic means."""

from __future__ import annotations

import argparse
import os
import re

from convdsl.cli.parsing import CallError, add_unknowns, given_from, read_program
from convdsl.messages import T, language
from convdsl.network import Analysis
from convdsl.report.json_writer import print_json
from convdsl.report.telling import FORMATS as DOCUMENTS
from convdsl.report.telling import tell
from convdsl.source import Source
from convdsl.training import checked

FORMATS = (*DOCUMENTS, "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "subject",
        nargs="*",
        metavar="FILE [LAYER]",
        help=str(
            T(
                "a program and, if you like, one of its layers (3, conv, conv2); or a diagnostic's code, the name of a "
                "layer, or the word layers"
            )
        ),
    )
    parser.add_argument(
        "-e",
        "--program",
        action="append",
        default=[],
        metavar="PROGRAM",
        help=str(T("a program in one line instead of a file: 'input 7x7x1 -> conv 1 k3 s3'")),
    )
    parser.add_argument(
        "--compare", action="store_true", help=str(T("two programs side by side (also where two are given)"))
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help=str(T("text for the terminal, markdown or latex for slides, html for a page, json for programs")),
    )
    add_unknowns(parser)


def run(options: argparse.Namespace) -> int:
    subject = list(options.subject)
    if options.compare or _are_two_programs(subject, options.program):
        return _compare(subject, options)
    if not options.program and len(subject) == 1 and (page := _page(subject[0])) is not None:
        _print_page(page)
        return 0
    programs = [Source(p, "net.cnn" if "\n" in p else "<-e>") for p in options.program]
    if not programs:
        if not subject:
            raise CallError(T("say what to explain: a program, a diagnostic's code, or the name of a layer."))
        programs = [read_program(subject.pop(0))]
    options.subject = subject
    return about(checked(programs[0], **given_from(options)), options)


def about(analysis: Analysis, options: argparse.Namespace) -> int:
    """Explains a program, or the layer of it that `options.subject` names."""
    if len(options.subject) > 1:
        raise CallError(T("one layer is explained at a time: name one of {list}.", list=", ".join(options.subject)))
    return _explain(analysis, options.subject[0] if options.subject else None, options.format)


def _are_two_programs(subject: list[str], programs: list[str]) -> bool:
    """Whether two programs are given where one would do: then they are compared."""
    files = [name for name in subject if name.endswith(".cnn")]
    return len(programs) + len(files) > 1


# Pages.


def _page(word: str) -> str | None:
    """What there is to read about a code, a layer or all layers; None where the word is a file's name."""
    from convdsl.language.keywords import WORDS
    from convdsl.layers import BY_NAME
    from convdsl.network.elsewhere import keyword_called, layer_called
    from convdsl.report.reference import describe, overview

    if re.fullmatch(r"[EWNewn][0-9]{3}", word):
        return _code(word.upper())
    if os.path.exists(word):
        return None
    if word == "layers":
        return "\n".join(overview())
    layer = BY_NAME.get(word) or layer_called(word)
    if layer is not None:
        return "\n".join(describe(layer))
    structure = WORDS.get(keyword_called(word) or "")
    if structure is not None:
        return f"`{structure[0]}`\n\n{structure[1]}"
    if re.fullmatch(r"\w+", word):
        raise CallError(_unknown(word))
    return None


def _unknown(word: str) -> T:
    from convdsl.language.keywords import WORDS
    from convdsl.layers import BY_NAME
    from convdsl.network.suggest import closest

    name = closest(word, [*BY_NAME, *WORDS])
    if name is not None:
        return T("there is no layer and no file `{word}`. Did you mean `convdsl explain {name}`?", word=word, name=name)
    return T("there is no layer and no file `{word}`. `convdsl explain layers` lists all layers.", word=word)


def _code(code: str) -> str:
    from convdsl.resources import resource

    for folder in ("docs/es/errors", "docs/errors") if language() == "es" else ("docs/errors",):
        page = resource(f"{folder}/{code}.md")
        if page.is_file():
            return page.read_text("utf-8")
    raise CallError(T("there is no page about {code}.", code=code))


def _print_page(page: str) -> None:
    """Markdown, drawn in a terminal and plain in a pipe."""
    from rich.markdown import Markdown

    from convdsl.report.console import console

    out = console()
    if out.is_terminal:
        out.print(Markdown(page))
    else:
        print(page.rstrip())


# Programs.


def _explain(analysis: Analysis, wanted: str | None, format: str) -> int:
    from convdsl.derivation import derive, derive_layer
    from convdsl.report import derivations
    from convdsl.report.diagnostics import complain

    if not analysis.network.nodes:
        return complain(analysis.diagnostics)
    if wanted is None:
        net = derive(analysis)
        layers, totals = net.layers, net.totals
        known = any(layer.derivations for layer in layers)
        told = derivations.document(net) if known or format != "text" else iter(())
    else:
        layers, totals = (derive_layer(analysis, _find(analysis, wanted)),), ()
        told = derivations.layer_document(layers[0])
    if format == "json":
        print_json(derivations.net_data(analysis.network.name, layers, totals))
    else:
        tell(told, format)
        if format == "text" and wanted is None and known and analysis.failed:
            print()
    return complain(analysis.diagnostics)


def _find(analysis: Analysis, wanted: str) -> int:
    """The index of a layer: `3`, `conv` (the first), `conv2` (the second)."""
    nodes = analysis.network.nodes
    if wanted.isdecimal():
        if not 1 <= int(wanted) <= len(nodes):
            raise CallError(
                T("there is no layer {n}: the layers are numbered from 1 to {last}.", n=wanted, last=len(nodes))
            )
        return int(wanted)
    found = [n.index for n in nodes if n.op == wanted]
    if found:
        return found[0]
    match = re.fullmatch(r"(.+?)[_.:]?([0-9]+)", wanted)
    found = [n.index for n in nodes if match and n.op == match[1]]
    if match and 1 <= int(match[2]) <= len(found):
        return found[int(match[2]) - 1]
    if match and found:
        raise CallError(
            T("there is no {wanted}: of {op} there are {count}.", wanted=wanted, op=match[1], count=len(found))
        )
    names = ", ".join(dict.fromkeys(n.op for n in nodes if n.layer is not None))
    raise CallError(
        T(
            "there is no layer `{wanted}`. Name one by its number (1 to {last}) or its word: {names}.",
            wanted=wanted,
            last=len(nodes),
            names=names,
        )
    )


def _compare(subject: list[str], options: argparse.Namespace) -> int:
    from convdsl.derivation.compare import compare
    from convdsl.report import comparison as report
    from convdsl.report.diagnostics import complain

    sources = [read_program(name) for name in subject] + [Source(p, f"<{n}>") for n, p in enumerate(options.program, 1)]
    if len(sources) != 2:
        raise CallError(T("`--compare` takes two programs; here there are {n}.", n=len(sources)))
    first, second = (checked(source, **given_from(options)) for source in sources)
    if first.failed or second.failed:
        return complain(first.diagnostics) | complain(second.diagnostics)
    comparison = compare(first, second)
    if options.format == "json":
        print_json(report.comparison_data(comparison))
    else:
        tell(report.document(comparison), options.format)
    return 0
