"""`convdsl fmt`: the one way to write a program."""

from __future__ import annotations

import argparse
import sys
from difflib import unified_diff

from convdsl.cli.parsing import read_program, replace_program
from convdsl.diagnostics import Findings, not_text
from convdsl.language import parse
from convdsl.language.formatter import formatted
from convdsl.messages import T
from convdsl.source import NotText, Source


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help=str(T("a program to rewrite, or - to read standard input and print the result")),
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help=str(T("rewrite nothing; name the files that would change, and exit with 1 if any would")),
    )
    parser.add_argument("--diff", action="store_true", help=str(T("rewrite nothing; print what would change")))


def run(options: argparse.Namespace) -> int:
    from convdsl.report.diagnostics import complain

    failed = changed = False
    for name in options.files:
        try:
            source = read_program(name)
        except NotText as error:
            complain([not_text(error)])
            failed = True
            continue
        findings = Findings(source)
        program = parse(source, findings)
        if findings.failed:
            complain(findings.items)
            failed = True
            continue
        text = formatted(program)
        changed |= text != source.text
        _deliver(name, source, text, options)
    return int(failed or (options.check and changed))


def _deliver(name: str, source: Source, text: str, options: argparse.Namespace) -> None:
    """Prints or writes the new text, as the options say."""
    if options.diff:
        lines = unified_diff(source.text.splitlines(True), text.splitlines(True), source.name, source.name)
        sys.stdout.writelines(line if line.endswith("\n") else f"{line}\n" for line in lines)
    elif options.check:
        if text != source.text:
            print(source.name)
    elif name == "-":
        getattr(sys.stdout, "unfiltered", sys.stdout).write(text)  # into a pipe or a file: the program as it is
    elif text != source.text:
        replace_program(name, text)
        print(T("{file} is rewritten.", file=name))
