"""`convdsl lsp`: the language server that an editor starts."""

from __future__ import annotations

import argparse
import sys

from convdsl.cli.parsing import CallError
from convdsl.messages import T, asked_language


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--stdio",
        action="store_true",
        help=str(T("speak on standard input and output; what happens anyway, and what some editors say")),
    )


def run(options: argparse.Namespace) -> int:
    try:
        from convdsl.server.server import made
    except ModuleNotFoundError as error:
        if error.name not in ("pygls", "lsprotocol", "cattrs", "attrs"):
            raise
        raise CallError(T('the language server needs pygls: `pip install "convdsl[lsp]"`.')) from None
    if sys.stdin.isatty():
        raise CallError(
            T("an editor starts this and speaks to it; docs/editors.md tells how. In a terminal, use `convdsl check`.")
        )
    made(asked_language()).start_io()
    return 0
