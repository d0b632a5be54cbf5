"""The commands of a session: their names, what they take and what they do."""

from __future__ import annotations

from typing import NamedTuple

from convdsl.messages import T


class Command(NamedTuple):
    """How a command is written behind its colon, and what it does."""

    takes: T | str
    does: T
    about: str = "net"


COMMANDS: dict[str, Command] = {
    "show": Command("[text]", T("the table of the whole network; or its text")),
    "undo": Command("", T("take the last change back")),
    "redo": Command("", T("make it again")),
    "explain": Command(T("[LAYER]"), T("how sizes and costs come about, of one layer (3, conv, conv2) or all")),
    "solve": Command("", T("the values of holes and symbols")),
    "set": Command("N=224", T("give a symbol a value; alone it lists them")),
    "unset": Command("N", T("take the value back")),
    "load": Command(T("FILE"), T("take a program from a file")),
    "save": Command(T("[FILE]"), T("write the program to a file (`:save! FILE` over one that is there)")),
    "clear": Command("", T("begin anew")),
    "train": Command(T("[OPTIONS]"), T("train the network; the options are those of `convdsl run`")),
    "convolve": Command(T("MATRIX …"), T("convolution by hand, as `convdsl convolve` does it")),
    "next": Command("", T("the next exercise of the course"), "course"),
    "exercise": Command("ID", T("one exercise, by its name or number"), "course"),
    "list": Command("", T("all exercises"), "course"),
    "hint": Command("", T("a hint; there are three"), "course"),
    "answer": Command("", T("the answer, without points"), "course"),
    "skip": Command("", T("leave the exercise for later"), "course"),
    "pause": Command("", T("back to the network; the exercise stays open"), "course"),
    "progress": Command("", T("what has been solved"), "course"),
    "reset": Command(T("[ID | all]"), T("forget the progress of an exercise, or of all"), "course"),
    "lang": Command("es|en", T("speak Spanish or English"), "session"),
    "help": Command(T("[WORD]"), T("this list; or what a layer or a diagnostic's code means"), "session"),
    "quit": Command("", T("the end (also Ctrl-D)"), "session"),
}
"""Every command by its name."""

CALLS = {"explain": "explain", "solve": "solve", "train": "run", "convolve": "convolve"}
"""Those that call a command of the command line, with its options."""

SHORT = {
    "q": "quit",
    "exit": "quit",
    "h": "help",
    "?": "help",
    "u": "undo",
    "r": "redo",
    "e": "explain",
    "s": "show",
    "w": "save",
    "o": "load",
    "salir": "quit",
    "ayuda": "help",
    "deshacer": "undo",
    "rehacer": "redo",
    "mostrar": "show",
    "explicar": "explain",
    "explica": "explain",
    "resolver": "solve",
    "guardar": "save",
    "cargar": "load",
    "entrenar": "train",
    "convolucionar": "convolve",
    "siguiente": "next",
    "lista": "list",
    "pista": "hint",
    "saltar": "skip",
    "progreso": "progress",
    "ejercicio": "exercise",
    "respuesta": "answer",
    "borrar": "clear",
    "idioma": "lang",
    "pausa": "pause",
    "reiniciar": "reset",
}
"""Other ways to say them."""

BARE = {
    "help": "help",
    "quit": "quit",
    "exit": "quit",
    "undo": "undo",
    "redo": "redo",
    "ayuda": "help",
    "salir": "quit",
    "deshacer": "undo",
    "rehacer": "redo",
}
"""Words that are understood without their colon, where they stand alone."""


def closest(word: str) -> str | None:
    """The command that somebody meant who mistyped it."""
    from difflib import get_close_matches

    starting = [name for name in COMMANDS if word and name.startswith(word)]
    found = starting[:1] if len(starting) == 1 else get_close_matches(word, [*COMMANDS, *SHORT], 1)
    return SHORT.get(found[0], found[0]) if found else None
