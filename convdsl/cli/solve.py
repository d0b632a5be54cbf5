"""`convdsl solve`: values for holes and symbols."""

from __future__ import annotations

import argparse
import json
import sys

from convdsl.cli.parsing import CallError, add_unknowns, read_program
from convdsl.messages import T
from convdsl.solver import Answer, solve
from convdsl.source import NotText


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=str(T("a program, or - for standard input")))
    parser.add_argument("--format", choices=("text", "json"), default="text",
                        help=str(T("text for people, json for programs")))
    parser.add_argument("--strict", action="store_true", help=str(T("strides must divide")))
    add_unknowns(parser)


def run(options: argparse.Namespace) -> int:
    try:
        source = read_program(options.file)
    except NotText as error:
        raise CallError(T("{file} is not text in UTF-8.", file=error.source.name)) from None
    answer = solve(source, symbols=dict(options.set), input=options.input, strict=options.strict)
    if not answer.unknowns and not answer.diagnostics:
        raise CallError(T("there is nothing to find: the program has no hole `?` and no open symbol."))
    if options.format == "json":
        _print_json(answer)
    else:
        _print_text(answer)
    return int(not answer.solutions)


def _print_json(answer: Answer) -> None:
    data = {
        "holes": list(answer.names),
        "solutions": list(answer.solutions),
        "complete": answer.complete,
        "family": str(answer.family) if answer.family else None,
        "reason": str(answer.reason) if answer.reason else None,
    }
    json.dump(data, sys.stdout, ensure_ascii=False)
    print()


def _print_text(answer: Answer) -> None:
    from convdsl.report.console import console
    from convdsl.report.diagnostics import print_diagnostics

    if answer.diagnostics:
        print_diagnostics(console(), answer.diagnostics)
    for values in answer.solutions:
        print("  " + ", ".join(f"{name} = {value}" for name, value in values.items()))
    if answer.family:
        print("  …")
        print(T("All of them: {condition}", condition=str(answer.family)))
    elif answer.solutions and answer.complete:
        print(T("This is the only solution.", "These are all {n} solutions.", n=len(answer.solutions)))
    if answer.reason:
        print(answer.reason)
