"""Diagnostics as SARIF 2.1.0, the format of code scanning (https://docs.oasis-open.org/sarif/sarif/v2.1.0/)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from convdsl.codes import CODES
from convdsl.diagnostics import SEVERITIES, Diagnostic, Fix
from convdsl.messages import with_decimals
from convdsl.source import Source, Span
from convdsl.version import VERSION

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"error": "error", "warning": "warning", "note": "note"}


def sarif(diagnostics: Iterable[Diagnostic], strict: bool = False) -> dict[str, Any]:
    """A log with one run: the rules that were broken, and each place. Columns count characters (code points)."""
    found = list(diagnostics)
    codes = sorted({d.code for d in found})
    driver = {"name": "convdsl", "version": VERSION, "rules": [_rule(code) for code in codes]}
    results = [_result(d, codes.index(d.code), strict) for d in found]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    return {
        "id": code,
        "shortDescription": {"text": str(CODES[code])},
        "defaultConfiguration": {"level": LEVELS[SEVERITIES[code[0]]]},
    }


def _result(diagnostic: Diagnostic, rule: int, strict: bool) -> dict[str, Any]:
    parts = [diagnostic.message, with_decimals(diagnostic.formula), diagnostic.note, diagnostic.help]
    level = LEVELS[diagnostic.severity]
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": "error" if strict and level == "warning" else level,
        "message": {"text": "\n".join(str(part) for part in parts if part)},
        "locations": [{"physicalLocation": _place(diagnostic.source, diagnostic.span)}],
    }
    if diagnostic.labels:
        result["relatedLocations"] = [
            {"physicalLocation": _place(diagnostic.source, label.span), "message": {"text": str(label.text)}}
            for label in diagnostic.labels
        ]
    if diagnostic.fixes:
        result["fixes"] = [_fix(fix, diagnostic.source) for fix in diagnostic.fixes]
    return result


def _place(source: Source, span: Span) -> dict[str, Any]:
    return {"artifactLocation": _file(source), "region": _region(source, span)}


def _file(source: Source) -> dict[str, str]:
    """A file's name as an address; below the folder in which the command runs, as code scanning wants it, without a scheme."""
    path = PurePath(source.name)
    return {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix())}


def _region(source: Source, span: Span) -> dict[str, int]:
    line, column = source.position(span.start)
    end_line, end_column = source.position(max(span.start, span.end))
    return {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}


def _fix(fix: Fix, source: Source) -> dict[str, Any]:
    edits = [
        {"deletedRegion": _region(source, edit.span), "insertedContent": {"text": edit.text}} for edit in fix.edits
    ]
    return {
        "description": {"text": str(fix.title)},
        "artifactChanges": [{"artifactLocation": _file(source), "replacements": edits}],
    }
