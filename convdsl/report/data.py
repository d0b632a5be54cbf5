"""What `check` knows, as data for JSON. Sizes are H, W, C; formulas are strings that sympy reads."""

from __future__ import annotations

from typing import Any

from convdsl.algebra import is_number, text
from convdsl.diagnostics import Diagnostic, Fix
from convdsl.network import Analysis
from convdsl.network.graph import COUNTED
from convdsl.network.outline import dotted
from convdsl.source import Source


def analysis_data(analysis: Analysis, diagnostics: tuple[Diagnostic, ...], strict: bool = False) -> dict[str, Any]:
    """One program's facts and diagnostics, as `check --format json` prints them. Where an error leaves a
    layer's size unknown, its figures and the totals are null."""
    network, report = analysis.network, analysis.report
    total = report.total
    sums = {k: getattr(total, k) for k in COUNTED}
    memory = {
        "params": total.parameter_bytes,
        "activations": total.activation_bytes,
        "inference": total.inference_bytes,
        "training": total.training_bytes,
    }
    return {
        "net": network.name,
        "input": plain(network.input),
        "output": plain(report.output) if network.nodes else None,
        **({"outputs": {o.name: plain(report[o.node].output) for o in network.named}} if network.named else {}),
        "layers": [
            {
                "index": node.index,
                "op": node.op,
                "source": node.text,
                "line": analysis.source.position(node.span.start)[0],
                "path": dotted(node.path),
                "inputs": list(node.inputs),
                "shared": node.shared or None,
                "output": plain(facts.output),
                **{
                    k: plain(getattr(facts, k)) if facts.output else None for k in (*COUNTED, "receptive_field", "jump")
                },
            }
            for node, facts in report
        ],
        "total": {
            **{k: plain(v) if report.complete else None for k, v in sums.items()},
            "bytes": {k: plain(v) if report.complete else None for k, v in memory.items()},
        },
        "holes": list(network.holes),
        "symbols": sorted(network.symbols),
        "diagnostics": [diagnostic_data(d, strict) for d in diagnostics],
    }


def diagnostic_data(diagnostic: Diagnostic, strict: bool = False) -> dict[str, Any]:
    """A diagnostic with its place; columns count from 1, `end_column` is the one behind the last."""
    line, column = diagnostic.source.position(diagnostic.span.start)
    end_line, end_column = diagnostic.source.position(max(diagnostic.span.end, diagnostic.span.start))
    severity = "error" if strict and diagnostic.severity == "warning" else diagnostic.severity
    return {
        "severity": severity,
        "code": diagnostic.code,
        "message": str(diagnostic.message),
        "file": diagnostic.source.name,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "formula": diagnostic.formula,
        "note": str(diagnostic.note) if diagnostic.note else None,
        "help": str(diagnostic.help) if diagnostic.help else None,
        "fixes": [fix_data(fix, diagnostic.source) for fix in diagnostic.fixes],
    }


def fix_data(fix: Fix, source: Source) -> dict[str, Any]:
    """A way out as edits, which do not overlap: what stands between two places becomes `text`. Lines and columns are
    those of the text before."""
    edits = []
    for edit in fix.edits:
        (line, column), (end_line, end_column) = source.position(edit.span.start), source.position(edit.span.end)
        place = {"line": line, "column": column, "end_line": end_line, "end_column": end_column}
        edits.append({**place, "text": edit.text})
    return {"title": str(fix.title), "safe": fix.safe, "edits": edits}


def plain(value: Any) -> Any:
    """A size, shape or count as JSON can hold it."""
    if value is None or isinstance(value, (int, str)):
        return value
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    if is_number(value):
        return int(value) if value == int(value) else float(value)
    return text(value)
