"""`convdsl repl`: a network grows line by line, in a terminal or through a pipe."""

from __future__ import annotations

import argparse
from pathlib import Path

from convdsl.aside import Aside
from convdsl.cli.courses import add_course, student_at
from convdsl.cli.loop import at_terminal, keyboard_or_pipe, talk
from convdsl.cli.parsing import CallError
from convdsl.cli.stopping import Stopper
from convdsl.messages import T
from convdsl.report.console import console
from convdsl.report.session import print_answer
from convdsl.teaching.answers import is_wrong
from convdsl.teaching.session import Session


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", metavar="FILE", type=Path, help=str(T("a program to begin with")))
    add_course(parser)


def run(options: argparse.Namespace) -> int:
    Stopper.for_itself = False
    Aside.wanted = True
    practice = student_at(options.course) if options.course is not None else None
    session = Session(practice, asked=at_terminal())
    out = console()
    wrong = False
    if options.file is not None:
        if not options.file.exists():
            raise CallError(T("there is no file {name}.", name=options.file))
        answer = session.load(options.file)
        print_answer(out, answer)
        wrong = is_wrong(answer)
    source = keyboard_or_pipe(session, out)
    done = talk(session, out, source)
    return 0 if source.terminal else int(done.any_wrong or wrong)
