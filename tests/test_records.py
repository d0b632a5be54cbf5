"""Named tuples made quickly are those of `typing`."""

from __future__ import annotations

import pickle
import typing

import pytest

from convdsl.records import NamedTuple


class Quick(NamedTuple):
    """A pair."""

    first: int
    second: str = "b"

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"

    def __str__(self) -> str:
        return "quick"


class Usual(typing.NamedTuple):
    """A pair."""

    first: int
    second: str = "b"

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"

    def __str__(self) -> str:
        return "quick"


class Further(Quick):
    pass


def test_they_are_the_same() -> None:
    for kind in (Quick, Usual, Further):
        pair = kind(1)
        assert pair == (1, "b") and pair.both == "1b" and str(pair) == "quick" and hash(pair) == hash((1, "b"))
        assert pair._replace(first=2)._asdict() == {"first": 2, "second": "b"}
        assert type(pair._replace(first=2)) is kind and pickle.loads(pickle.dumps(pair)) == pair
        assert kind._fields == ("first", "second") and kind._field_defaults == {"second": "b"}
        assert repr(pair) == f"{kind.__name__}(first=1, second='b')"
        with pytest.raises(TypeError):
            kind()  # type: ignore[call-arg]
        with pytest.raises(AttributeError):
            pair.first = 3  # type: ignore[misc]
    names = ("__doc__", "__module__", "__match_args__")
    assert [getattr(Quick, n) for n in names] == [getattr(Usual, n) for n in names]
    assert typing.get_type_hints(Quick) == typing.get_type_hints(Usual) == {"first": int, "second": str}


def test_defaults_come_last() -> None:
    with pytest.raises(TypeError, match="default"):

        class Wrong(NamedTuple):
            first: int = 1
            second: int  # type: ignore[misc]
