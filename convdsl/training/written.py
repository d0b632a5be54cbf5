"""What a run's config.json says, checked: it is text, people edit text, and a run that goes on believes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from convdsl.messages import T
from convdsl.training.lines import LINES

NEW_EACH_TIME = (
    "settings.epochs",
    "settings.data",
    "settings.init_from",
    "data.name",
    "data.source",
    "call.settings",
    "call.init_from",
)
"""What a run that goes on may change (how far it goes; where its data lie, while they are the same), or what has its effect in
`settings`."""


def understood(data: bytes | str) -> dict[str, Any]:
    """The configuration in a text. Raises ValueError, which says what is wrong."""
    try:
        config = json.loads(data)
    except RecursionError:
        raise ValueError(T("it is nested too deep")) from None
    except UnicodeDecodeError:
        raise ValueError(T("it is no text")) from None
    if not isinstance(config, dict) or not {"program", "call", "settings", "data"} <= config.keys():
        raise ValueError(T("it is not the configuration of a run"))
    for name, right in _checks(config):
        if not right:
            raise ValueError(T("what stands at `{name}` is nothing that a run writes there", name=name))
    return config


def _checks(config: dict[str, Any]) -> Iterator[tuple[str, bool]]:
    """Each place that is looked at later, and whether there is what is expected."""
    yield "program", isinstance(config["program"], str)
    settings, data, call = config["settings"], config["data"], config["call"]
    yield "settings", isinstance(settings, dict)
    yield "settings.epochs", _is_count(settings.get("epochs"))
    yield "data", isinstance(data, dict)
    yield "data.sha256", isinstance(data.get("sha256"), str)
    yield "call", isinstance(call, dict) and {"settings", "set", "input"} <= call.keys()
    given = call["settings"]
    yield "call.settings", isinstance(given, dict) and all(k in LINES and isinstance(v, str) for k, v in given.items())
    yield "call.set", isinstance(call["set"], list) and all(map(_is_pair, call["set"]))
    shape = call["input"]
    yield (
        "call.input",
        shape is None
        or (isinstance(shape, list) and 1 <= len(shape) <= 4 and all(_is_count(n) and n > 0 for n in shape)),
    )
    start = call.get("init_from")
    yield "call.init_from", start is None or (isinstance(start, str) and "\0" not in start)


def _is_pair(value: Any) -> bool:
    """A symbol and its value, as `--set` takes them."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and re.fullmatch("[A-Z][A-Z0-9_]*", value[0]) is not None
        and _is_count(value[1])
    )


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10**15


def differences(one: Mapping[str, Any], other: Mapping[str, Any], above: str = "") -> list[str]:
    """The places, such as `settings.lr`, where two configurations differ; what may change is left out."""
    found = []
    for name in dict.fromkeys((*one, *other)):
        place = f"{above}{name}"
        here, there = one.get(name), other.get(name)
        if place in NEW_EACH_TIME:
            continue
        if isinstance(here, dict) and isinstance(there, dict):
            found += differences(here, there, f"{place}.")
        elif here != there:
            found.append(place)
    return found


def as_text(config: Mapping[str, Any]) -> bytes:
    """As config.json holds it; names in any bytes come back as they were."""
    return json.dumps(config, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n"
