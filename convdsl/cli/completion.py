"""`convdsl completion`: what a shell reads so that Tab knows commands, options and files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib import import_module

from convdsl.cli.parsing import CallError, Parser
from convdsl.messages import T

SHELLS = ("bash", "zsh", "fish", "powershell")
_FILES = ("FILE", "FOLDER", "RUN", "PATH", "DIR", "CSV", "ZIP")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help=str(T("the shell that reads what is printed")))


def run(options: argparse.Namespace) -> int:
    try:
        import shtab
    except ModuleNotFoundError:
        raise CallError(T('this needs shtab: `pip install "convdsl[shell]"`.')) from None
    parser = whole()
    for action in _actions(parser):
        if action.choices is None and any(word in str(action.metavar or "").upper() for word in _FILES):
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, shell=options.shell))
    return 0


def whole() -> argparse.ArgumentParser:
    """One parser with all commands, as nobody needs it but a shell."""
    from convdsl.cli import COMMANDS, FILES

    parser = argparse.ArgumentParser(prog="convdsl", allow_abbrev=False)
    parser.add_argument("--lang", choices=("en", "es"), help=str(T("the language of all texts")))
    parser.add_argument("--version", action="store_true", help=str(T("the version")))
    commands = parser.add_subparsers(parser_class=Parser)
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=str(about), description=str(about))
        import_module(f"convdsl.cli.{FILES.get(name, name)}").arguments(command)
    return parser


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)
