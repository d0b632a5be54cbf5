"""`convdsl check` as a process: what it prints, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Convdsl

LENET = """net lenet5
input 32x32x1

conv 6 k5 tanh
avgpool 2
conv 16 k5 tanh
avgpool 2
conv 120 k5 tanh
dense 84 tanh
dense 10 softmax

expect 10
expect params 61706
"""


def test_json_is_the_interface_of_the_language_page(convdsl: Convdsl) -> None:
    done = convdsl("check", "-", "--format", "json", stdin=LENET)
    data = json.loads(done.stdout)
    assert done.returncode == 0 and not done.stderr
    assert (data["net"], data["input"], data["output"]) == ("lenet5", [32, 32, 1], [10])
    first = data["layers"][0]
    expected = {
        "index": 1,
        "op": "conv",
        "source": "conv 6 k5 tanh",
        "line": 4,
        "output": [28, 28, 6],
        "params": 156,
        "trainable": 156,
        "macs": 117600,
        "flops": 244608,
        "receptive_field": [5, 5],
        "jump": [1, 1],
        "path": "",
    }
    assert {k: first[k] for k in expected} == expected
    assert {k: data["total"][k] for k in ("params", "trainable", "buffers", "macs")} == {
        "params": 61706,
        "trainable": 61706,
        "buffers": 0,
        "macs": 416520,
    }
    assert data["total"]["bytes"]["params"] == 4 * 61706
    assert data["diagnostics"] == []


def test_a_diagnostic_in_json_has_its_place(convdsl: Convdsl) -> None:
    done = convdsl("check", "-", "--format", "json", stdin="input 8x8x3\nconv 4 k3 -> cnov 8 k3")
    (diagnostic,) = json.loads(done.stdout)["diagnostics"]
    assert done.returncode == 1
    assert (diagnostic["severity"], diagnostic["code"]) == ("error", "E201")
    assert (diagnostic["line"], diagnostic["column"], diagnostic["end_column"]) == (2, 14, 18)
    assert diagnostic["help"] == "Did you mean `conv`?"


def test_totals_are_null_where_a_size_is_unknown(convdsl: Convdsl) -> None:
    data = json.loads(convdsl("check", "-", "--format", "json", stdin="input 8x8x3 -> conv 4 k9").stdout)
    assert data["output"] is None and data["total"]["params"] is None and data["total"]["bytes"]["training"] is None


def test_a_layer_that_does_not_fit_has_no_figures(convdsl: Convdsl) -> None:
    data = json.loads(convdsl("check", "-", "--format", "json", stdin="input 8x8x3 -> conv 4 k3 -> conv 4 k9").stdout)
    first, second = data["layers"]
    assert first["params"] == 112 and first["receptive_field"] == [3, 3]
    assert {second[k] for k in ("output", "params", "macs", "flops")} == {None} and second["receptive_field"] is None


def test_formulas_in_json_can_be_read_by_sympy(convdsl: Convdsl) -> None:
    import sympy

    data = json.loads(convdsl("check", "-", "--format", "json", stdin="input NxNx3 -> conv 6 k5 s2").stdout)
    assert data["layers"][0]["output"] == ["floor((N - 5)/2) + 1", "floor((N - 5)/2) + 1", 6]
    assert sympy.sympify(data["layers"][0]["output"][0], {"N": sympy.Symbol("N")}).subs("N", 32) == 14


def test_set_and_input_give_numbers(convdsl: Convdsl) -> None:
    program = "conv F k3 p same -> maxpool 2 -> dense 10"
    done = convdsl("check", "-", "--format", "json", "--set", "F=64", "--input", "28×28×1", stdin=program)
    data = json.loads(done.stdout)
    assert data["input"] == [28, 28, 1] and data["total"]["params"] == 640 + 14 * 14 * 64 * 10 + 10


def test_a_size_of_the_input_that_nobody_wrote_is_not_zero(convdsl: Convdsl) -> None:
    done = convdsl("check", "-", "--set", "H=0", stdin="conv 4 k3 p1")
    assert done.returncode == 1 and "E204" in done.stdout and "H = 0" in done.stdout


def test_set_wins_over_let(convdsl: Convdsl) -> None:
    program = "let C = 64\ninput 8x8x3 -> conv C k1"
    data = json.loads(convdsl("check", "-", "--format", "json", "--set", "C=2", stdin=program).stdout)
    assert data["output"] == [8, 8, 2]


def test_an_unknown_symbol_is_a_wrong_call(convdsl: Convdsl) -> None:
    done = convdsl("check", "-", "--set", "Q=3", stdin="input NxNx3 -> conv 8 k3")
    assert done.returncode == 2
    assert done.stderr == "convdsl: <standard input> has no symbol Q; it has N.\n"


def test_strict_makes_the_stride_an_error(convdsl: Convdsl) -> None:
    program = "input 7x7x1 -> conv 1 k3 s3"
    assert convdsl("check", "-", stdin=program).returncode == 0
    done = convdsl("check", "-", "--strict", stdin=program)
    assert done.returncode == 1
    assert "error[W501]: The stride 3 does not divide: 2.33 is rounded down to 2." in done.stdout
    assert "(7 + 2·0 − 3)/3 + 1 = 2.33 → 2" in done.stdout


def test_github_annotations(convdsl: Convdsl) -> None:
    done = convdsl("check", "-", "--format", "github", stdin="input 8x8x3\nmaxpol 2")
    assert done.returncode == 1
    assert done.stdout.startswith(
        "::error file=<standard input>,line=2,endLine=2,col=1,endColumn=7,title=E201::There is"
    )


def test_the_table_of_a_small_net(convdsl: Convdsl) -> None:
    done = convdsl("check", "-", stdin=LENET)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["1", "conv", "6", "k5", "tanh", "28×28×6", "156", "<1", "%", "117,600", "28", "%", "5×5"] in rows
    assert "parameters 61,706" in done.stdout and "MACs 416,520" in done.stdout
    assert "\x1b[" not in done.stdout


def test_spanish(convdsl: Convdsl) -> None:
    done = convdsl("--lang", "es", "check", "-", stdin="input 5x5x1 -> conv 1 k7")
    assert "La ventana mide 7, pero la entrada solo 5." in done.stdout
    assert convdsl("check", "-", stdin="input 5x5x1 -> conv 1 k7", LC_ALL="es_ES.UTF-8").stdout == done.stdout


def test_several_programs(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text(LENET)
    (tmp_path / "b.cnn").write_text("cov 3")
    done = convdsl("check", "a.cnn", "b.cnn", "--format", "json")
    assert done.returncode == 1
    assert [d["net"] for d in json.loads(done.stdout)] == ["lenet5", "b"]
    assert "2 programs, one of them with an error." in convdsl("check", "a.cnn", "b.cnn").stdout


def test_calls_that_are_wrong(convdsl: Convdsl, tmp_path: Path) -> None:
    for arguments, message in [
        (["check"], "required"),
        (["check", "nowhere.cnn"], "there is no file nowhere.cnn."),
        (["check", str(tmp_path)], "is a folder"),
        (["chek", "a.cnn"], "Did you mean `convdsl check`?"),
        (["check", "a.cnn", "--set", "n=3"], "is not of the form N=224"),
        (["check", "a.cnn", "--input", "3,4"], "is not of the form 224x224x3"),
        (["--lang", "fr", "check", "a.cnn"], "en, es"),
    ]:
        done = convdsl(*arguments)
        assert done.returncode == 2, arguments
        assert message in done.stderr and done.stderr.count("\n") == 1 and not done.stdout, done.stderr


def test_binary_and_empty_files(convdsl: Convdsl) -> None:
    binary = convdsl("check", "-", stdin=b"\x89PNG\r\n\x1a\n\xff\xfe")
    assert binary.returncode == 1 and "error[E102]" in binary.stdout
    empty = convdsl("check", "-", stdin="")
    assert empty.returncode == 1 and "error[E103]: There is no layer here." in empty.stdout


def test_show_prints_the_stages(convdsl: Convdsl) -> None:
    program = "input 8x8x4 -> residual { conv 4 k3 p1 relu }"
    tree = convdsl("check", "-", "--show", "tree", stdin=program).stdout
    assert "name: Word(text='residual', mixed=False)" in tree
    graph = convdsl("check", "-", "--show", "network", stdin=program).stdout.splitlines()
    assert graph[1].split() == ["1", "conv", "4", "k3", "p1", "relu", "←", "0", "8×8×4", "residual"]
    assert graph[2].split() == ["2", "add", "←", "1,", "0", "8×8×4"]


def test_show_plan_needs_numbers(convdsl: Convdsl) -> None:
    program = "input NxNx1 -> conv 4 k3 relu -> dense 10"
    refused = convdsl("check", "-", "--show", "plan", stdin=program)
    assert refused.returncode == 2 and "these are open: N" in refused.stderr
    shown = convdsl("check", "-", "--show", "plan", "--set", "N=8", stdin=program)
    assert shown.returncode == 0 and "1.conv.weight" in shown.stdout


def test_a_missing_file_hides_no_other(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "good.cnn").write_text(LENET)
    done = convdsl("check", "nofile.cnn", "good.cnn")
    assert done.returncode == 2 and "there is no file nofile.cnn" in done.stderr
    assert "61,706" in done.stdout and "good.cnn" in done.stdout
    data = json.loads(convdsl("check", "nofile.cnn", "good.cnn", "--format", "json").stdout)
    assert [program["net"] for program in data] == ["lenet5"]


def test_a_mistyped_file_is_guessed(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "lenet5.cnn").write_text(LENET)
    for name in ("nets/lenet.cnn", "nets/lenet5", "nets/lente5.cnn"):
        done = convdsl("check", name)
        assert done.returncode == 2 and f"{name}. Did you mean nets/lenet5.cnn?" in done.stderr.replace("\\", "/")
    assert convdsl("check", "nets/vgg.cnn").stderr == "convdsl: there is no file nets/vgg.cnn.\n"


def test_json_of_several_programs_is_a_list(convdsl: Convdsl, tmp_path: Path) -> None:
    (tmp_path / "a.cnn").write_text(LENET)
    (tmp_path / "b.cnn").write_text("cnov 3")
    first, second = json.loads(convdsl("check", "a.cnn", "b.cnn", "--format", "json").stdout)
    assert first["net"] == "lenet5" and second["diagnostics"][0]["code"] == "E201"


def test_utf16_without_its_mark_is_named(convdsl: Convdsl) -> None:
    for encoding in ("utf-16-le", "utf-16-be"):
        done = convdsl("check", "-", stdin=LENET.encode(encoding))
        assert done.returncode == 1 and "This text is UTF-16 without the mark that says so." in done.stdout
    assert convdsl("check", "-", stdin=LENET.encode("utf-16")).returncode == 0
