"""`convdsl repl` through a pipe, and its terminal with a keyboard that is a script."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from convdsl.cli.loop import talk
from convdsl.report.console import console
from convdsl.teaching.session import Session
from tests.test_architecture import loaded_by


def test_a_pipe_answers_without_decoration(convdsl: Any) -> None:
    done = convdsl("repl", stdin="input 32x32x3\nconv 6 k5\nmaxpool 2\n")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].strip() == "32×32×3"
    assert lines[1].split() == ["1", "conv", "6", "k5", "28×28×6", "456", "params", "352,800", "MACs", "RF", "5×5"]
    assert "›" not in done.stdout
    assert "\x1b" not in done.stdout


def test_a_wrong_line_is_the_exit_status(convdsl: Any) -> None:
    done = convdsl("repl", stdin="input 5x5x1\nconv 8 k7\nconv 8 k3\n")
    assert done.returncode == 1
    assert "error[E301]" in done.stdout
    assert "(5 + 2·0 − 7)/1 + 1 = −1" in done.stdout
    assert "3×3×8" in done.stdout


def test_lines_that_belong_together(convdsl: Any) -> None:
    done = convdsl("repl", stdin="input 8x8x4\nblock b(C) {\n  conv C k3 p1\n\n  -> bn relu\n}\nresidual {\n b(4)\n}\n")
    assert done.returncode == 0, done.stdout
    assert "add" in done.stdout


def test_a_brace_left_open_is_an_error(convdsl: Any) -> None:
    done = convdsl("repl", stdin="input 8x8x4\nadd { relu\n")
    assert done.returncode == 1
    assert "E1" in done.stdout


def test_commands_through_a_pipe(convdsl: Any, tmp_path: Path) -> None:
    script = "input 32x32x3\nconv 6 k5\n:explain 1\n:convolve '1 2 3' -k '1 0 -1'\n:save net\n:quit\nnonsense\n"
    done = convdsl("repl", stdin=script)
    assert done.returncode == 0
    assert "(5·5·3 + 1)·6" in done.stdout
    assert "[ −2 ]" in done.stdout
    assert (tmp_path / "net.cnn").exists()


def test_a_command_that_fails_is_the_exit_status(convdsl: Any) -> None:
    done = convdsl("repl", stdin=":convolve '1 x' -k mean\n:convolve --help\ninput 8x8x1\n")
    assert done.returncode == 1
    assert "`x` is not a number" in done.stdout
    assert "8×8×1" in done.stdout


def test_expectations_that_hold_and_that_are_open(convdsl: Any) -> None:
    assert "✓ holds" in convdsl("repl", stdin="input 8x8x1\nconv 2 k3\nexpect 6x6x2\n").stdout
    opened = convdsl("repl", stdin="input 8x8x1\nconv 2 k?\nexpect 6x6x2\n:solve\n").stdout
    assert "holds" not in opened
    assert "k = 3" in opened
    assert "N508" in convdsl("repl", stdin="input NxNx1\nconv 2 k3\nexpect 6x6x2\n").stdout


def test_an_unsaved_net_is_trained_and_kept_beside_its_runs(convdsl: Any, tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "tiny.cnn").write_text("input 4x4x1 -> dense 2\n")
    script = "net tiny\ninput 28x28x1\navgpool 4\ndense 10 softmax\n:train --epochs 1 --limit 200 --threads 1\n"
    done = convdsl("repl", stdin=script)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "tiny-2.cnn").read_text().startswith("net tiny\n")
    assert (tmp_path / "runs" / "tiny.cnn").read_text() == "input 4x4x1 -> dense 2\n"
    assert "runs/tiny-2.cnn" in done.stdout
    done = convdsl("repl", stdin=script.replace("--epochs 1", "--epochs 1 --no-such-option"))
    assert done.returncode == 1
    assert "--no-such-option" in done.stdout


def test_it_begins_with_a_file(convdsl: Any, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text("input 32x32x3\nconv 6 k5\n")
    assert "14×14×6" in convdsl("repl", "a.cnn", stdin="maxpool 2\n").stdout
    assert convdsl("repl", "none.cnn", stdin="").returncode == 2
    (tmp_path / "b.cnn").write_text("input 3x3x3\nconv 6 k5\n")
    assert convdsl("repl", "b.cnn", stdin="").returncode == 1


def test_in_spanish(convdsl: Any) -> None:
    done = convdsl("repl", "--lang", "es", stdin="input 5x5x1\nconv 8 k7\n:help\n")
    assert "La ventana mide 7" in done.stdout
    assert "deshace" in done.stdout


def test_exercises_through_a_pipe(convdsl: Any, tmp_path: Path) -> None:
    done = convdsl("repl", stdin=":next\nno number\n:answer\n:progress\n", CONVDSL_DATA_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "1/" in done.stdout


# The terminal.


def typed(
    keys: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, session: Session | None = None
) -> tuple[Session, str]:
    from convdsl.cli import prompt

    monkeypatch.setenv("CONVDSL_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(prompt, "_warm_up", lambda session: None)
    session = session or Session()
    file = io.StringIO()
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        keyboard.send_text(keys)
        out = console(file)
        talk(session, out, prompt.Keyboard(session, out))
    return session, file.getvalue()


def test_a_wrong_line_comes_back_for_editing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session, shown = typed("input 5x5x1\rconv 8 k7 relu\r\x1b[D\x7f3\r:quit\r", monkeypatch, tmp_path)
    assert session.program.text == "input 5x5x1\nconv 8 k3 relu"  # ← goes behind k7
    assert "E301" in shown


def test_what_is_typed_replaces_a_wrong_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session, _ = typed("input 5x5x1\rconv 8 k7 relu\rrelu\r:quit\r", monkeypatch, tmp_path)
    assert session.program.text == "input 5x5x1\nrelu"
    session, _ = typed("input 5x5x1\rconv 8 k7 relu\r\x7ftanh\r\x04", monkeypatch, tmp_path)
    assert session.program.text == "input 5x5x1\ntanh"
    session, _ = typed("input 5x5x1\rconv 8 k7 relu\r\x04", monkeypatch, tmp_path)
    assert session.program.text == "input 5x5x1"


def test_control_c_drops_the_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session, _ = typed("input 5x5x1\rconv 8 k7\r\x03relu\r\x04", monkeypatch, tmp_path)
    assert session.program.text == "input 5x5x1\nrelu"


def test_enter_goes_on_while_a_brace_is_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session, _ = typed("input 8x8x4\rblock b(C) {\rconv C k3\r}\rb(2)\r\x04", monkeypatch, tmp_path)
    assert session.program.text == "input 8x8x4\nblock b(C) {\n  conv C k3\n}\nb(2)"


def test_an_empty_line_ends_what_is_open(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    session, shown = typed("input 8x8x4\radd { relu\r\r\x03\x04", monkeypatch, tmp_path)
    assert session.program.text == "input 8x8x4"
    assert "error[" in shown


def test_words_and_files_are_completed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from convdsl.cli.prompt import SessionCompleter

    def completed(text: str) -> list[str]:
        document = Document(text, len(text))
        found = SessionCompleter(Session()).get_completions(document, CompleteEvent())
        return [text[: len(text) + c.start_position] + c.text for c in found]

    assert completed("conv 8 k3 -> maxp") == ["conv 8 k3 -> maxpool"]
    assert completed(":expl") == [":explain"]
    assert completed(":train --epo") == [":train --epochs"]
    assert completed(":convolve '1 2' --ker") == [":convolve '1 2' --kernel"]
    assert completed(":undo --x") == []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first.cnn").write_text("")
    assert completed(":load fi") == [":load first.cnn"]


def test_pasted_lines_with_commands_are_taken_one_by_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pasted = "\x1b[200~input 8x8x4\nrelu\n:undo\ntanh\x1b[201~\r\x04"
    session, _ = typed(pasted, monkeypatch, tmp_path)
    assert session.program.text == "input 8x8x4\ntanh"


def test_history_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    typed("input 8x8x4\r\x04", monkeypatch, tmp_path)
    assert "input 8x8x4" in (tmp_path / "history").read_text()
    session, _ = typed("\x1b[A\r\x04", monkeypatch, tmp_path)
    assert session.program.text == "input 8x8x4"


def test_a_folder_that_cannot_be_written_is_no_obstacle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    session, _ = typed("input 8x8x4\r\x04", monkeypatch, tmp_path / "file")
    assert session.program.text == "input 8x8x4"


def test_nothing_heavy_is_loaded_at_the_start() -> None:
    code = "import sys, io; sys.stdin = io.StringIO('input 8x8x1\\nconv 2 k3\\n'); from convdsl.cli import main; main(['repl'])"
    assert not loaded_by(code) & {"numba", "numpy", "sympy", "PIL", "prompt_toolkit"}
    assert not loaded_by("import convdsl.cli.prompt") & {"numba", "numpy", "sympy", "PIL"}
