"""The grammar as tables: lark reads grammar/convdsl.lark and makes them, a file in the user's cache remembers them.

Making the tables takes longer than everything else that `check` does, and so does importing lark; with the tables at
hand neither is needed.
"""

from __future__ import annotations

import re
import sys
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from convdsl import caches
from convdsl.records import NamedTuple
from convdsl.resources import resource

PACKED = "grammar/tables.json"
"""Where the tables are in a package that was packed for a page: there, neither lark nor a cache is at hand."""
_LARGEST = 10_000_000
"""Bytes of a file with tables; there are some 100,000."""


class Rule(NamedTuple):
    """One alternative of a rule: what the builder knows it by, the rule's name, how many parts it has.

    `hand on` is a rule whose value is its one part. A `*` or `+` of the grammar is a rule of its own: `several` begins
    a list, `grow` has a list as its first part and puts the others behind it.
    """

    name: str
    origin: str
    size: int


class Tables:
    """What the lexer and the parser are driven by.

    `actions[state][kind]` is the state after shifting a token of this kind, or ~n to reduce by `rules[n]`;
    `gotos[state][origin]` the state behind a reduced rule.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.scan = re.compile(data["pattern"]).finditer
        self.ignored = frozenset(data["ignored"])
        self.keywords: dict[str, str] = data["keywords"]
        self.actions: list[dict[str, int]] = data["actions"]
        self.gotos: list[dict[str, int]] = data["gotos"]
        self.rules = tuple(Rule(*r) for r in data["rules"])
        self.start: int = data["start"]
        self.end: int = data["end"]


@cache
def tables() -> Tables:
    """The tables of the grammar: those that were made where the package was packed, else from the cache if they are there
    and belong to it."""
    packed = resource(PACKED)
    if packed.is_file():
        import json

        return Tables(json.loads(packed.read_text(encoding="utf-8")))
    key = _key()
    file = _cache_file(key)
    data = _remembered(file, key) if file else None
    if data is not None:
        try:
            return Tables(data)
        except (LookupError, TypeError, ValueError, re.error):
            pass
    data = make(resource("grammar/convdsl.lark").read_text(encoding="utf-8"))
    if file:
        _remember(file, key, data)
    return Tables(data)


# Making them.


def make(grammar: str) -> dict[str, Any]:
    """The tables of a grammar as plain data. Raises lark's GrammarError where it is ambiguous or wrong."""
    from lark import Lark
    from lark.lexer import PatternStr
    from lark.parsers.lalr_analysis import Shift

    class Keep:
        """Tells lark that tokens are used that the grammar does not name."""

        always_accept = ("ARROW", "NEWLINE", "COMMENT", "STRAY")

        def process(self, tokens: Any) -> Any:
            return tokens

    lark = Lark(grammar, parser="lalr", lexer="basic", keep_all_tokens=True, maybe_placeholders=False, postlex=Keep())
    table = lark.parse_interactive("").parser_state.parse_conf.parse_table
    terminals = sorted(lark.terminals, key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))
    word = next(t.pattern.to_regexp() for t in terminals if t.name == "WORD")
    keywords = {
        t.pattern.value: t.name
        for t in terminals
        if isinstance(t.pattern, PatternStr) and re.fullmatch(word, t.pattern.value)
    }
    pieces = [f"(?P<{t.name}>{t.pattern.to_regexp()})" for t in terminals if t.name not in keywords.values()]
    rows = _in_order(table, Shift)
    numbers = {state: n for n, state in enumerate(rows)}
    rules: list[Rule] = []
    actions: list[dict[str, int]] = []
    gotos: list[dict[str, int]] = []
    for row in rows.values():
        actions.append({})
        gotos.append({})
        for name, (action, argument) in row.items():
            if action is Shift:
                (actions if _is_terminal(name) else gotos)[-1][name] = numbers[argument]
            else:
                rule = _rule(argument)
                if rule not in rules:
                    rules.append(rule)
                actions[-1][name] = ~rules.index(rule)
    _shorten(actions, gotos, rules)
    return {
        "pattern": "|".join(pieces),
        "ignored": sorted(lark.ignore_tokens),
        "keywords": keywords,
        "actions": actions,
        "gotos": gotos,
        "rules": rules,
        "start": numbers[table.start_states["start"]],
        "end": numbers[table.end_states["start"]],
    }


def _in_order(table: Any, shift: Any) -> dict[Any, dict[str, Any]]:
    """The rows of a table by their states, as they are reached from the start; lark's own order is another one each time."""
    states = [table.start_states["start"]]
    rows = {}
    for state in states:
        rows[state] = dict(sorted(table.states[state].items()))
        for action, target in rows[state].values():
            if action is shift and target not in rows and target not in states:
                states.append(target)
    return rows


def _is_terminal(name: str) -> bool:
    return name.lstrip("_").isupper() or name == "$END"


def _rule(rule: Any) -> Rule:
    origin, size = rule.origin.name, len(rule.expansion)
    if rule.options.expand1 and not rule.alias and size == 1:
        return Rule("hand on", origin, size)
    if origin.startswith("__"):
        return Rule("grow" if rule.expansion[0].name == origin else "several", origin, size)
    return Rule(rule.alias or origin, origin, size)


def _shorten(actions: list[dict[str, int]], gotos: list[dict[str, int]], rules: list[Rule]) -> None:
    """Leads past the states where nothing can be done but hand a part on: a number is not first called an atom, then a
    factor, then a term."""
    for state, row in enumerate(actions):
        codes = set(row.values())
        code = codes.pop() if len(codes) == 1 else 0
        if code < 0 and rules[~code].name == "hand on":
            for shifts, goto in zip(actions, gotos, strict=True):
                for table in (shifts, goto):
                    for symbol in [s for s, target in table.items() if target == state]:
                        table[symbol] = goto[rules[~code].origin]


# Remembering them.


def _key() -> str:
    """Changes with the grammar, this file, lark and Python. Does not import lark."""
    lark = find_spec("lark")
    files = (resource("grammar/convdsl.lark"), __file__, lark.origin if lark and lark.origin else __file__)
    return "\n".join((sys.version, *(Path(f).read_text(encoding="utf-8") for f in files)))


def _cache_file(key: str) -> Path | None:
    """Where tables with this key are remembered, or None where the user has no such place."""
    from zlib import crc32

    folder = caches.grammar_folder()
    return folder / f"grammar-{crc32(key.encode()):08x}" if folder else None


def _remembered(file: Path, key: str) -> dict[str, Any] | None:
    """What is in the cache, if it is whole and has this key."""
    import json

    content = caches.load(file, _LARGEST, quick=True)
    try:
        found = json.loads(content) if content else {}
        return found["tables"] if found["key"] == key else None
    except (ValueError, LookupError, TypeError, RecursionError):
        return None


def _remember(file: Path, key: str, data: dict[str, Any]) -> None:
    """Writes the cache in one step, so that another process reads all of it or nothing. Where that cannot be, the
    tables are made again next time."""
    import json

    caches.keep(file, json.dumps({"key": key, "tables": data}).encode(), quick=True)
    with suppress(OSError):
        _forget_others(file)


def _forget_others(file: Path) -> None:
    """Removes what other versions left behind, if it is older than a month."""
    import time

    for other in file.parent.glob("grammar*"):
        if other != file and other.stat().st_mtime < time.time() - 30 * 86400:
            other.unlink()
