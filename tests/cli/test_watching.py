"""`check --watch`, Tab in a shell, SARIF."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from convdsl.cli import COMMANDS, main
from convdsl.cli.watching import watch
from convdsl.codes import CODES
from tests.test_error_pages import programs


def test_a_change_is_looked_at(tmp_path: Path) -> None:
    """Also one that puts a new file in the old one's place, and the file's absence."""
    path = tmp_path / "a.cnn"
    path.write_text("1")
    seen: list[str] = []
    steps = [
        lambda: path.write_text("22"),
        path.unlink,
        lambda: path.write_text("333"),
        lambda: path.write_text("4444"),
    ]

    def check() -> int:
        seen.append(path.read_text() if path.exists() else "")
        if not steps:
            raise KeyboardInterrupt
        threading.Timer(0.05, steps.pop(0)).start()
        return len(seen)

    started = time.monotonic()
    assert watch([str(path)], check, pause=0.01) == 4
    assert seen == ["1", "22", "", "333", "4444"] and time.monotonic() - started < 30


def test_watching_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--watch", "-"]) == 2
    assert "`--watch` looks at files" in capsys.readouterr().err


def test_sarif_has_every_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many results as `check --format json` has diagnostics, at the same places; rules for all of them."""
    monkeypatch.chdir(tmp_path)
    names = []
    for code in CODES:
        for text in programs(code, "en")[:1]:
            names.append(f"{code} ñ.cnn")
            Path(names[-1]).write_bytes(text.encode("utf-8", "surrogateescape"))
    main(["check", "--format", "json", *names])
    expected = [d for entry in json.loads(capsys.readouterr().out) for d in entry["diagnostics"]]
    main(["check", "--format", "sarif", *names])
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert len(run["results"]) == len(expected) > 50
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result, one in zip(run["results"], expected, strict=True):
        place = result["locations"][0]["physicalLocation"]
        assert (result["ruleId"], place["region"]["startLine"], place["region"]["startColumn"]) == (
            one["code"], one["line"], one["column"],
        )  # fmt: skip
        assert rules[result["ruleIndex"]] == one["code"] and result["message"]["text"].startswith(one["message"])
        assert (
            place["artifactLocation"]["uri"].endswith("%20%C3%B1.cnn") and "\n" not in place["artifactLocation"]["uri"]
        )
        assert len(result.get("fixes", ())) == len(one["fixes"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_what_a_shell_reads_names_every_command(shell: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("shtab", reason="the extra `shell` is not installed")
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS) and "strict" in text
    if shell in ("bash", "zsh", "fish") and shutil.which(shell):
        (tmp_path / "script").write_text(text)
        subprocess.run([shell, "-n", str(tmp_path / "script")], check=True)
