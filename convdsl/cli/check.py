"""`convdsl check`: sizes, costs and diagnostics."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from convdsl.cli.parsing import CallError, NotOurs, Unread, add_unknowns, given_from, read_program, replace_program
from convdsl.diagnostics import Findings, not_text
from convdsl.messages import T
from convdsl.net import Net
from convdsl.network import Analysis, analyse
from convdsl.source import NotText, Source
from convdsl.training import checked


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=str(T("a program, or - for standard input")))
    parser.add_argument(
        "--format",
        choices=("text", "json", "github", "sarif"),
        default="text",
        help=str(T("text for people, json for programs, github for annotations, sarif for code scanning")),
    )
    parser.add_argument("--strict", action="store_true", help=str(T("warnings are errors")))
    parser.add_argument(
        "--fix",
        action="store_true",
        help=str(T("write what has one reading only in the words of this language, and say the rest")),
    )
    parser.add_argument("--watch", action="store_true", help=str(T("look again whenever a file changes")))
    parser.add_argument("--expand", action="store_true", help=str(T("show every layer of long networks")))
    parser.add_argument(
        "--show",
        choices=("tree", "network", "plan"),
        help=str(T("print a stage of the way from the text to the numbers, and nothing else")),
    )
    add_unknowns(parser)


def run(options: argparse.Namespace) -> int:
    if options.watch:
        return _watch(options)
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    analyses = []
    unread = 0
    for name in options.files:
        try:
            analyses.append(_analyse(name, options))
        except (NotOurs, Unread) as error:
            if len(options.files) == 1:
                raise
            print(f"convdsl: {error}", file=sys.stderr)
            unread += 1
    if options.show:
        _print_stage(analyses, options)
    elif options.format == "json":
        from convdsl.report.data import analysis_data
        from convdsl.report.json_writer import print_json

        facts = [analysis_data(a, a.diagnostics, options.strict) for a in analyses]
        print_json(*facts, together=len(options.files) > 1)
    elif options.format == "github":
        from convdsl.report.diagnostics import github

        for analysis in analyses:
            for diagnostic in analysis.diagnostics:
                print(github(diagnostic, options.strict))
    elif options.format == "sarif":
        from convdsl.report.json_writer import print_json
        from convdsl.report.sarif import sarif

        print_json(sarif((d for a in analyses for d in a.diagnostics), options.strict))
    else:
        _print_text(analyses, options)
    return 2 if unread else int(any(_fails(a, options.strict) for a in analyses))


def _watch(options: argparse.Namespace) -> int:
    from convdsl.cli.watching import watch

    if "-" in options.files or options.fix:
        raise CallError(T("`--watch` looks at files, and writes none: not with `-` or `--fix`."))

    def check() -> int:
        try:
            return _run(options)
        except (NotOurs, Unread) as error:  # an editor may be about to write it
            print(f"convdsl: {error}", file=sys.stderr)
            return 2

    return watch(options.files, check)


def _analyse(name: str, options: argparse.Namespace) -> Analysis:
    try:
        source = read_program(name)
    except NotText as error:
        return analyse(Source("", error.source.name))._replace(diagnostics=(not_text(error),))
    given = given_from(options)
    return _mended(name, source, lambda text: checked(text, **given)) if options.fix else checked(source, **given)


def _mended(name: str, source: Source, check: Callable[[Source], Analysis]) -> Analysis:
    """Looks at a program, and writes what can be mended into its file."""
    from convdsl.editing.fixing import mended

    if name == "-":
        raise CallError(T("`--fix` writes into files, and standard input is none."))
    better, count = mended(source, check)
    if better.text != source.text:
        replace_program(name, better.text)
        print(
            T("{file}: one error is mended.", "{file}: {n} errors are mended.", file=source.name, n=count),
            file=sys.stderr,
        )
    return check(better)


def _fails(analysis: Analysis, strict: bool) -> bool:
    severities = ("error", "warning") if strict else ("error",)
    return any(d.severity in severities for d in analysis.diagnostics)


def _print_stage(analyses: list[Analysis], options: argparse.Namespace) -> None:
    from convdsl.report.diagnostics import complain
    from convdsl.report.show import show_network, show_tree

    for analysis in analyses:
        wrong = complain(analysis.diagnostics)
        if options.show == "tree":
            print(show_tree(analysis))
        elif options.show == "network":
            print(show_network(analysis))
        elif not wrong:
            _print_plan(analysis)


def _print_plan(analysis: Analysis) -> None:
    """The engine's plan for this machine, with the batch and the optimiser of the `train` block."""
    open_names = ", ".join(sorted(analysis.network.symbols | set(analysis.network.holes)))
    if open_names:
        raise CallError(
            T(
                "a plan needs numbers, and these are open: {names}. `--set` or `--input` gives them values.",
                names=open_names,
            )
        )
    from convdsl.engine import EngineError
    from convdsl.engine.cpu.target import detect
    from convdsl.engine.plan import plan
    from convdsl.training.configure import training_settings

    settings = training_settings(analysis.network, Findings(analysis.source))
    try:
        print(plan(Net(analysis), settings.batch or 128, settings.optimizer, detect()))
    except EngineError as error:
        raise CallError(str(error)) from None


def _print_text(analyses: list[Analysis], options: argparse.Namespace) -> None:
    from convdsl.report.console import console
    from convdsl.report.terminal import print_analysis

    out = console()
    for analysis in analyses:
        if len(options.files) > 1:
            out.rule(analysis.source.name, align="left", style="blue")
        print_analysis(out, analysis, expand=options.expand, strict=options.strict)
    if len(analyses) > 1:
        wrong = sum(_fails(a, options.strict) for a in analyses)
        out.print(
            str(
                T(
                    "{total} programs, one of them with an error.",
                    "{total} programs, {n} of them with errors.",
                    total=len(analyses),
                    n=wrong,
                )
            )
            if wrong
            else str(T("{total} programs, all without errors.", total=len(analyses)))
        )
