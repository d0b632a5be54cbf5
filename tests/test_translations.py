"""Everything that a user meets exists in Spanish, with the same holes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from convdsl.layers import LAYERS
from convdsl.messages import T, translate, use_language

SCRIPT = Path(__file__).parent.parent / "scripts" / "translations.py"


@pytest.fixture(scope="module")
def translations() -> ModuleType:
    pytest.importorskip("babel")
    spec = importlib.util.spec_from_file_location("translations", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["translations"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def in_spanish():
    use_language("es")
    yield
    use_language(None)


def test_nothing_is_missing_or_stale(translations: ModuleType) -> None:
    assert translations.complaints() == []


def test_texts_of_all_rooms_are_found(translations: ModuleType) -> None:
    found = translations.texts()
    assert found["The stride {s} does not divide: {exact} is rounded down to {size}."].room == "network"
    assert found["… and one more."].plural == "… and {n} more."
    assert found["stride (S)"].room == "layers"


@pytest.mark.parametrize(
    ("english", "plural", "forms", "complaint"),
    [
        ("a {x}", None, ("un {x}",), ""),
        ("a {x}", None, ("un {y}",), "holes differ"),
        ("a {x}", None, ("un",), "holes differ"),
        ("a {x}", None, ("un {x",), "damaged"),
        ("one", "{n} of them", ("uno", "{n} de ellos"), ""),
        ("one", "{n} of them", ("uno", "varios"), "holes differ"),
        ("one", "{n} of them", ("uno",), "wrong number of forms"),
    ],
)
def test_damage_is_seen(
    translations: ModuleType, english: str, plural: str | None, forms: tuple[str, ...], complaint: str
) -> None:
    found = list(translations._damage(translations.Text(english, plural, "room", "place", True), forms))
    assert len(found) == bool(complaint)
    assert not complaint or complaint in found[0]


def test_a_text_is_translated_when_it_is_shown(in_spanish: None) -> None:
    text = T("called here")
    assert str(text) == "llamado aquí"
    use_language("en")
    assert str(text) == "called here"


def test_documentation_of_layers_is_found_by_its_lookup(in_spanish: None) -> None:
    for layer in LAYERS:
        assert layer.documentation()
        for argument in layer.arguments.values():
            assert not argument.doc or translate(argument.doc)
    assert translate(LAYERS[0].documentation()).startswith("Convolución")


def test_plurals(in_spanish: None) -> None:
    rows = "The last row or column of the input is read by no window."
    many = "The last {n} rows or columns of the input are read by no window."
    assert str(T(rows, many, n=1)) == "Ninguna ventana lee la última fila o columna de la entrada."
    assert str(T(rows, many, n=3)) == "Ninguna ventana lee las últimas 3 filas o columnas de la entrada."
