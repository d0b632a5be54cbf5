"""Spanish: collects the English texts of the code, compares them with the catalogues and compiles these.

How a text gets its Spanish:

1. In the code write `T("The stride {s} does not divide.", s=3)`, and for a plural `T("one layer", "{n} layers", n=n)`.
   The English text is written out in the call itself: that is where this script finds it. Documentation of layers and
   arguments is found through the registry.
2. `python scripts/translations.py --add ROOM` adds what is missing to `convdsl/locale/es/ROOM.po` (ROOM is the folder
   below `convdsl/` that the text stands in, `core` for files at the top) and drops what no longer stands in the code.
3. Fill in each `msgstr`. Named holes `{x}` stay as they are; docs/glossary.md has the vocabulary.
4. `python scripts/translations.py` compiles `convdsl/locale/es/convdsl.mo` and lists what is left. The compiled file is
   not committed: building or installing the package makes it (`scripts/build_hook.py`), and so does a run of the tests.

With `--check` nothing is written, and the exit status is 1 if anything is missing, stale or damaged: this
is what tests/test_translations.py does.
"""

from __future__ import annotations

import argparse
import ast
import io
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "convdsl"
LOCALE = PACKAGE / "locale" / "es"
COMPILED = LOCALE / "convdsl.mo"

ARGPARSE = (
    "usage: ",
    "options",
    "positional arguments",
    "show this help message and exit",
    "expected one argument",
    "expected at most one argument",
    "expected at least one argument",
    "unrecognized arguments: %s",
    "the following arguments are required: %s",
    "argument %(argument_name)s: %(message)s",
    "invalid choice: %(value)r (choose from %(choices)s)",
    "invalid %(type)s value: %(value)r",
    "not allowed with argument %s",
    "one of the arguments %s is required",
    "ignored explicit argument %r",
)
"""What argparse says by itself (see convdsl/cli/parsing.py), in all Python versions from 3.11 on."""


class Text(NamedTuple):
    """An English text of the program. `formatted` ones have holes in braces."""

    english: str
    plural: str | None
    room: str
    place: str
    formatted: bool


def texts() -> dict[str, Text]:
    """Every text that a user may meet, by its English."""
    found: dict[str, Text] = {}
    for text in (*_in_code(), *_in_registry(), *(Text(t, None, "cli", "argparse", False) for t in ARGPARSE)):
        known = found.get(text.english)
        if known is None or (known.plural is None and text.plural is not None):
            found[text.english] = text
    return found


def _in_code() -> Iterator[Text]:
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE)
        room = inside.parts[0] if len(inside.parts) > 1 else "core"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in ("T", "translate"):
                continue
            given = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            given += [k.value.value for k in node.keywords if k.arg == "plural" and isinstance(k.value, ast.Constant)]
            if given:
                place = f"convdsl/{inside.as_posix()}:{node.lineno}"
                yield Text(given[0], given[1] if len(given) > 1 else None, room, place, node.func.id == "T")


def _in_registry() -> Iterator[Text]:
    sys.path.insert(0, str(ROOT))
    from convdsl.layers import LAYERS

    for layer in LAYERS:
        yield Text(layer.documentation(), None, "layers", f"the layer `{layer.name}`", False)
        for argument in layer.arguments.values():
            if argument.doc:
                yield Text(argument.doc, None, "layers", f"`{argument.name}` of `{layer.name}`", False)


def rooms() -> dict[str, Catalog]:
    """The catalogues, by the name of their room."""
    return {path.stem: _read(path) for path in sorted(LOCALE.glob("*.po"))}


def _empty() -> Catalog:
    """A catalogue with the two plural forms that ours have; Babel from 2.19 on has a third one, for millions."""
    catalogue = Catalog(locale="es")
    catalogue._num_plurals, catalogue._plural_expr = 2, "(n != 1)"
    return catalogue


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale="es", abort_invalid=True)


def spanish(catalogues: dict[str, Catalog]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The Spanish of each English text (one form, or singular and plural), and what the rooms do not agree on."""
    merged: dict[str, tuple[str, ...]] = {}
    quarrels = []
    for room, catalogue in catalogues.items():
        for message in catalogue:
            if not message.id or message.fuzzy:
                continue
            english = message.id if isinstance(message.id, str) else message.id[0]
            forms = _forms(message.string)
            if not all(forms):
                continue
            if merged.setdefault(english, forms) != forms:
                quarrels.append(f"{room}.po: another room translates this otherwise: {english!r}")
    return merged, quarrels


def complaints() -> list[str]:
    """What is wrong with the catalogues: missing, stale, contradictory or damaged."""
    wanted = texts()
    catalogues = rooms()
    merged, found = spanish(catalogues)
    found += [f"missing: {t.english!r} ({t.room}.po; {t.place})" for e, t in wanted.items() if e not in merged]
    for room, catalogue in catalogues.items():
        ids = [m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id]
        found += [f"stale: {room}.po: {e!r}" for e in ids if e not in wanted]
    for english, forms in merged.items():
        if english in wanted:
            found += _damage(wanted[english], forms)
    return found


def _damage(text: Text, forms: tuple[str, ...]) -> Iterator[str]:
    """Holes that differ, plurals where there are none."""
    if len(forms) != (2 if text.plural else 1):
        yield f"wrong number of forms: {text.english!r}"
        return
    for english, form in zip((text.english, text.plural), forms, strict=False):
        assert english is not None
        try:
            wanted, given = _holes(english, text.formatted), _holes(form, text.formatted)
        except ValueError as error:
            yield f"damaged ({error}): {form!r}"
            continue
        if wanted != given and not (text.plural and wanted ^ given == {"n"} and form is forms[0]):
            yield f"holes differ: {english!r} has {sorted(wanted)}, {form!r} has {sorted(given)}"


def _holes(text: str, formatted: bool) -> set[str]:
    if formatted:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    return set(re.findall(r"%(?:\(\w+\))?[sdr]", text))


def compile_all() -> None:
    """Makes `convdsl.mo` of all catalogues, unless it says the same already. Needs nothing of the program itself."""
    merged, _ = spanish(rooms())
    plurals = {m.id[0]: m.id[1] for c in rooms().values() for m in c if m.id and not isinstance(m.id, str)}
    catalogue = _empty()
    for english, forms in sorted(merged.items()):
        catalogue.add(
            (english, plurals[english]) if english in plurals else english, forms if english in plurals else forms[0]
        )
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    if not COMPILED.exists() or _content(COMPILED.read_bytes()) != _content(buffer.getvalue()):
        beside = COMPILED.with_suffix(f".{os.getpid()}")
        beside.write_bytes(buffer.getvalue())
        os.replace(beside, COMPILED)


def _content(compiled: bytes) -> dict[object, object]:
    """What a .mo file says, without its header, which knows the time and the version of Babel."""
    return {m.id if isinstance(m.id, str) else m.id[0]: m.string for m in read_mo(io.BytesIO(compiled)) if m.id}


def add_missing(room: str) -> None:
    """Adds the texts of a room that have no Spanish to its catalogue, and drops what no longer stands in the code."""
    wanted = texts()
    merged, _ = spanish(rooms())
    path = LOCALE / f"{room}.po"
    catalogue = _read(path) if path.exists() else _empty()
    known = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id}
    for english in known - set(wanted):
        catalogue.delete(english)
    for text in wanted.values():
        if text.room == room and text.english not in merged and text.english not in known:
            catalogue.add((text.english, text.plural) if text.plural else text.english, auto_comments=[text.place])
    write_catalogue(path, catalogue)


def write_catalogue(path: Path, catalogue: Catalog) -> None:
    """Writes a .po file with no more header than gettext needs."""
    plain = _empty()
    for message in catalogue:
        if message.id:
            plain.add(
                message.id,
                message.string,
                user_comments=message.user_comments,
                auto_comments=[] if all(_forms(message.string)) else message.auto_comments,
            )
    buffer = io.BytesIO()
    write_po(buffer, plain, width=118, omit_header=True)
    header = (
        'msgid ""\nmsgstr ""\n"Language: es\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
    )
    path.write_text(header + buffer.getvalue().decode("utf-8").strip() + "\n", encoding="utf-8")


def _forms(string: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """The translation of a message: one form, or singular and plural; empty where there is none."""
    return (string or "",) if isinstance(string, str | None) else tuple(string)


def main() -> int:
    parser = argparse.ArgumentParser(description="Collects English texts and compiles their Spanish.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if anything is wrong")
    parser.add_argument("--add", metavar="ROOM", nargs="+", default=[], help="add what is missing to these catalogues")
    parser.add_argument("--compile", action="store_true", help="compile, and look for nothing that is missing")
    options = parser.parse_args()
    if options.compile:
        compile_all()
        return 0
    for room in options.add:
        add_missing(room)
    if not options.check:
        compile_all()
    found = complaints()
    for complaint in found:
        print(complaint)
    return 1 if options.check and found else 0


if __name__ == "__main__":
    raise SystemExit(main())
