"""The commands of a session: their names in both languages, what they take and what they do.

A command is called by its English name in the code. What is shown is the name in the language in use (`shown`); what is
taken (`meant`) is any name that it has.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from convdsl.messages import T, language


class Command(NamedTuple):
    """How a command is written behind its colon, and what it does."""

    takes: T | str
    does: T
    about: str = "net"


COMMANDS: dict[str, Command] = {
    "show": Command(T("[text]"), T("the table of the whole network; or its text")),
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
    "exercise": Command("[ID]", T("one exercise, by its name or number; alone it asks the open one again"), "course"),
    "list": Command("", T("all exercises"), "course"),
    "hint": Command("", T("a hint; there are three"), "course"),
    "answer": Command("", T("the answer, without points"), "course"),
    "skip": Command("", T("leave the exercise for later"), "course"),
    "pause": Command("", T("back to the network; the exercise stays open"), "course"),
    "review": Command(
        T("[all]"), T("what was wrong comes back, after 1 to 30 days; `all`: before its day too"), "course"
    ),
    "progress": Command("", T("what has been solved, in how many tries and how long"), "course"),
    "course": Command(
        T("[FOLDER]"), T("which course it is; or go over to your own in a folder (`convdsl`: back)"), "course"
    ),
    "reset": Command(T("[ID | all]"), T("forget the progress of an exercise, or of all"), "course"),
    "lang": Command("es|en", T("speak Spanish or English"), "session"),
    "help": Command(T("[WORD]"), T("this list; or what a layer or a diagnostic's code means"), "session"),
    "quit": Command("", T("the end (also Ctrl-D)"), "session"),
}
"""Every command by its name."""

SPANISH = {
    "show": "mostrar",
    "undo": "deshacer",
    "redo": "rehacer",
    "explain": "explicar",
    "solve": "resolver",
    "set": "poner",
    "unset": "quitar",
    "load": "cargar",
    "save": "guardar",
    "clear": "vaciar",
    "train": "entrenar",
    "convolve": "convolucionar",
    "next": "siguiente",
    "exercise": "ejercicio",
    "list": "lista",
    "hint": "pista",
    "answer": "respuesta",
    "skip": "saltar",
    "pause": "pausa",
    "review": "repasar",
    "progress": "progreso",
    "course": "curso",
    "reset": "reiniciar",
    "lang": "idioma",
    "help": "ayuda",
    "quit": "salir",
}
"""Each command's name in Spanish."""

WITHOUT_NET = tuple(n for n, c in COMMANDS.items() if c.about != "net" and n != "pause")
"""The commands of a session that is only about the course."""

CALLS = {"explain": "explain", "solve": "solve", "train": "run", "convolve": "convolve"}
"""Those that call a command of the command line, with its options."""

SHORT = {
    **{spanish: name for name, spanish in SPANISH.items()},
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
    "explica": "explain",
    "borrar": "clear",
    "repaso": "review",
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


def shown(name: str) -> str:
    """A command as it is written in the language in use, without its colon."""
    return SPANISH[name] if language() == "es" else name


def meant(word: str) -> str:
    """The command that a word behind a colon stands for; the word itself, where it is none."""
    word = word.lower()
    return SHORT.get(word, word)


def path_in(written: str) -> Path:
    """A path as it is typed behind a command."""
    path = Path(written.strip().strip("\"'"))
    try:
        return path.expanduser()
    except (RuntimeError, ValueError):  # `~somebody` who is not known; a zero byte
        return path


def closest(word: str) -> str | None:
    """The command that somebody meant who mistyped it."""
    from difflib import get_close_matches

    starting = {meant(name) for name in (*COMMANDS, *SPANISH.values()) if word and name.startswith(word)}
    found = [*starting] if len(starting) == 1 else get_close_matches(word, [*COMMANDS, *SHORT], 1)
    return meant(found[0]) if found else None
