"""Notebooks: `%load_ext convdsl`, then a cell that begins with `%%cnn name` is a program, and `name` the network."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import Any

from convdsl.diagnostics import ProgramError, UnknownSymbol, told
from convdsl.document import Sentence
from convdsl.document.html import fragment
from convdsl.messages import T
from convdsl.net import Net, parse

_USAGE = T("`%%cnn name` takes the name of a variable, and values of symbols such as `N=224`.")


class CellResult:
    """What a cell came to: the network, or what is wrong with it."""

    def __init__(self, html: str, text: str) -> None:
        self.html, self.text = html, text

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def cell(line: str, body: str, variables: dict[str, Any]) -> CellResult:
    """Checks the program in a cell, and puts its network into `variables` under the name that the first line gives.

    A wrong program is shown with its places and leaves the variable as it is.
    """
    name, symbols = "", {}
    for word in line.split():
        given = re.fullmatch(r"([A-Z][A-Z0-9_]*)=([0-9]{1,15})", word)
        if given:
            symbols[given[1]] = int(given[2])
        elif name or not word.isidentifier() or iskeyword(word):
            return CellResult(fragment([Sentence(str(_USAGE))]), str(_USAGE))
        else:
            name = word
    try:
        net = parse(body, f"{name or 'net'}.cnn", symbols=symbols)
    except ProgramError as error:
        return CellResult(error._repr_html_(), str(error))
    except UnknownSymbol as error:
        return CellResult(fragment([Sentence(str(error))]), str(error))
    if name:
        variables[name] = net
    return CellResult(_told(net), repr(net))


def _told(net: Net) -> str:
    """The network, and its warnings and notes."""
    return net._repr_html_() + (fragment(told(net.diagnostics)) if net.diagnostics else "")


def load(shell: Any) -> None:
    """Gives an IPython shell the magic `%%cnn`."""

    def cnn(line: str, cell_text: str) -> CellResult:
        return cell(line, cell_text, shell.user_ns)

    cnn.__doc__ = str(T("A program of convdsl: `%%cnn name` makes its network the variable `name`."))
    shell.register_magic_function(cnn, "cell", "cnn")
