"""Strategies of hypothesis for files that were damaged or edited: bytes flipped, cut, put in, repeated, swapped; values of
other types, names left out, numbers that are none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convdsl.messages import use_language

COUNT = int(os.environ.get("CONVDSL_MUTATIONS", "60"))
TOKENS = (b"\0", b"\xff", b"\n", b'"', b"{", b"[", b"]", b"}", b":", b"9" * 50, b"1e999", b"null", b"NaN", b"\\u0000", b"-",
          b"true", b"=", b"PK\3\4", b"\x80\2c", b"\x1b[31m")  # fmt: skip
ODD = st.one_of(
    st.sampled_from(
        (None, True, -1, 0, 10**400, "\ud800", "\x1b[31m", "x" * 300, [], {}, [[]], {"a": 1}, [None], "NaN")
    ),
    st.floats(),
    st.integers(),
    st.text(max_size=8),
)


@st.composite
def damaged(draw: st.DrawFn, original: bytes) -> bytes:
    """Some places of a file are changed, in one to five ways."""
    result = bytearray(original)
    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 5)))):
        at = draw(st.integers(0, len(result)))
        end = min(len(result), at + draw(st.sampled_from((1, 2, 8, 100, 1000))))
        match draw(st.sampled_from(("flip", "cut", "repeat", "insert", "noise", "swap", "end"))):
            case "flip" if at < len(result):
                result[at] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del result[at:end]
            case "repeat":
                result[at:at] = result[at:end]
            case "insert":
                result[at:at] = draw(st.sampled_from(TOKENS))
            case "noise":
                result[at : min(end, at + 100)] = draw(st.binary(max_size=100))
            case "swap":
                result[at : 2 * end - at] = result[end : 2 * end - at] + result[at:end]
            case _:
                del result[at:]
    return bytes(result)


@st.composite
def _changed(draw: st.DrawFn, value: Any) -> Any:
    """One value replaced, left out, called otherwise or put in, somewhere in what JSON holds."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        name = draw(st.sampled_from(sorted(value)))
        match draw(st.sampled_from(("within",) * 5 + ("without", "more", "renamed"))):
            case "within":
                return {**value, name: draw(_changed(value[name]))}
            case "more":
                return {**value, draw(st.text(max_size=4)): draw(ODD)}
            case "renamed":
                return {(f"{name}x" if n == name else n): v for n, v in value.items()}
        return {n: v for n, v in value.items() if n != name}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(value) - 1))
        match draw(st.sampled_from(("within", "within", "without", "twice"))):
            case "within":
                return [*value[:at], draw(_changed(value[at])), *value[at + 1 :]]
            case "twice":
                return [*value[:at], value[at], *value[at:]]
        return [*value[:at], *value[at + 1 :]]
    return draw(ODD)


def edited(original: bytes) -> st.SearchStrategy[bytes]:
    """JSON with another value somewhere, or damaged as bytes."""
    value = json.loads(original)
    changed = _changed(value).map(lambda found: json.dumps(found).encode("utf-8", "backslashreplace"))
    return st.one_of(changed, damaged(original))


def each(mutants: st.SearchStrategy[bytes], original: bytes, tried: Callable[[bytes], None]) -> None:
    """Tries so many of the mutants as are wanted, in both languages, the same ones each time."""

    @settings(
        max_examples=COUNT, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(mutants, st.sampled_from(("en", "es")))
    def all_of_them(data: bytes, language: str) -> None:
        if data != original:
            use_language(language)
            tried(data)

    try:
        all_of_them()
    finally:
        use_language(None)
