"""Training in the page: what the core makes of a program, and what the tab does with it, in a real browser."""

from __future__ import annotations

import base64
import io
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from tests.page.conftest import FIRST, Visited, typed
from tests.page.test_answers import asked

SMALL = "input 28x28x1\nconv 4 k5 s2 relu\nmaxpool 2\ndense 10 softmax\n"
BLOCK = "\ntrain {\n  optimizer sgd lr=0.1 momentum=0.9\n  epochs 3\n  augment flip\n}\n"


def test_the_program_says_how_it_is_trained_and_the_page_where_it_does_not() -> None:
    found = asked("prospect", text=FIRST, images=6000)
    assert (found["lr"], found["batch"], found["epochs"], found["optimizer"]) == (0.003, 16, 2, "adam")
    assert found["picture"] == [32, 32, 1] and found["classes"] == 10 and not found["refused"]
    said = asked("prospect", text=SMALL + BLOCK, images=6000)
    assert (said["lr"], said["batch"], said["epochs"], said["optimizer"]) == (0.1, 16, 3, "sgd")
    assert said["left_out"] == "`augment`"
    chosen = asked("prospect", text=SMALL + BLOCK, images=6000, lr="0,01", batch="8", epochs="1")
    assert (chosen["lr"], chosen["batch"], chosen["epochs"]) == (0.01, 8, 1)
    assert chosen["command"] == "convdsl run net.cnn --data fashion-mini --lr 0.01 --batch 8 --epochs 1"


@pytest.mark.parametrize(
    "text, more, said",
    [
        ("input 28x28x1\ncnov 3\n", {}, "without errors"),
        ("", {}, "without errors"),
        ("input 28x28x1\nconv 4 k?\ndense 10\n", {}, "open sizes"),
        ("input NxNx1\nconv 4 k3\ngap\ndense 10\n", {}, "open sizes (N)"),
        ("input 28x28x2\nconv 4 k3\ndense 10\n", {}, "grey or in colour"),
        ("input 40\ndense 10\n", {}, "grey or in colour"),
        ("input 28x28x1\nconv 4 k3\n", {}, "one class for each picture"),
        ("input 28x28x1\ndense 1 sigmoid\n", {}, "no classes to choose from"),
        (SMALL + "\ntrain { loss mse }\n", {}, "one class for each picture"),
        (SMALL, {"lr": "0"}, "`lr` is a number above 0; here it is 0"),
        (SMALL, {"lr": "nan"}, "`lr` is a number above 0"),
        (SMALL, {"lr": "quick"}, "here it is quick"),
        (SMALL, {"batch": "0"}, "`batch` is a whole number from 1"),
        (SMALL, {"batch": "1e9"}, "`batch` is a whole number"),
        (SMALL, {"epochs": "2.5"}, "`epochs` is a whole number"),
        ("input 28x28x1\ndense 20\nbn\nrelu\ndense 10\n", {"batch": "1"}, "at least 2"),
    ],
)
def test_what_cannot_be_trained_is_said(text: str, more: dict[str, str], said: str) -> None:
    for what in ("prospect", "train"):
        found = asked(what, text=text, images=6000, **more)
        assert found.keys() == {"said"} and said in found["said"], found


def test_what_is_too_large_is_said_before_it_starts_with_the_way_out() -> None:
    for text, why in (
        ("input 32x32x3\nrepeat 20 { conv 256 k3 p1 relu }\ngap\ndense 10 softmax\n", "parameters"),
        ("input 224x224x3\nrepeat 8 { conv 64 k3 p1 relu }\ngap\ndense 10 softmax\n", "minutes"),
        ("input 1000x1000x3\nconv 8 k3 s4 relu\nconv 8 k3 p1 relu\ngap\ndense 10 softmax\n", "gigabyte"),
    ):
        asks = {"text": text, "images": 20 if why == "gigabyte" else 6000, "batch": "4096" if why == "gigabyte" else ""}
        found = asked("prospect", **asks)
        assert why in found["refused"] and "convdsl run net.cnn --data" in found["refused"], found["refused"]
        assert asked("train", **asks)["said"] == found["refused"]


WITHOUT = """
import sys
sys.modules |= {"numpy": None, "numba": None, "llvmlite": None}
import json
from convdsl.page.answers import answer
for what in ("prospect", "train", "maps"):
    found = json.loads(answer(json.dumps({"what": what, "lang": "en", "text": sys.argv[1], "layer": 1, "free": 0})))
    print(what, "said" in found, "module" in str(found))
print(*(m.__file__ for n, m in sys.modules.items() if n.startswith("convdsl.") and m.__file__), sep="\\n")
"""


def test_none_of_it_needs_numpy_or_what_the_page_has_not(content: dict[str, bytes]) -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT, SMALL], capture_output=True, text=True, check=True)
    first, second, third, *files = done.stdout.splitlines()
    assert [first, second, third] == ["prospect False False", "train False True", "maps False True"], done.stdout
    with zipfile.ZipFile(io.BytesIO(content["python/convdsl.zip"])) as archive:
        there = set(archive.namelist())
    package = Path(convdsl.__file__).parent
    assert {f"convdsl/{Path(f).relative_to(package).as_posix()}" for f in files} <= there


STEPS = """async ([made, more, pictures, labels]) => {
  const { Engine } = await import("./engine.js");
  const bytes = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const engine = await Engine.of(made);
  await engine.grow(1, more);
  const [x, y] = [bytes(pictures), bytes(labels)];
  const losses = [];
  for (let n = 0; n < 4; n++) losses.push(engine.step(x, y, [...Array(8).keys()].map(i => i + 8 * (n % 2)), 0.01, 7 + n).loss);
  return { losses, weights: made.weights.map(w => [...engine.weights(w)]), classes: engine.judge(x, y, [0, 1, 2]).classes,
    answers: [...engine.answers(x)], maps: [...engine.maps(x, 1)], filters: [...engine.weights(made.filters)] };
}"""


def test_the_steps_are_those_of_the_engine(page: Any) -> None:
    """The same first weights, pictures and seeds: losses, weights, answers and maps are those of `--device wasm`."""
    from convdsl.engine import Model, Optimizer

    pytest.importorskip("wasmtime", reason="there is no wasmtime here (pip install convdsl[wasm])")
    text = "input 12x12x1\nconv 6 k3 relu\nbn\nmaxpool 2\ndropout 0.3\nconv 5 k2 tanh\ndense 7\ndense 4 softmax\n"
    asks = {"text": text, "images": 100, "batch": "8", "lr": "0.01"}
    made = asked("train", **asks)
    more = asked("maps", **asks, layer=1, free=made["size"])
    model = Model(convdsl.parse(text), batch=8, seed=3, device="wasm", optimizer=Optimizer("adam"))
    names = [p.name for p in model.plan.parameters.values()]
    before = {**model.weights, **model.buffers}
    for entry, name in zip(made["weights"], names, strict=True):
        entry.pop("spread", None)
        entry["values"] = _packed(before[name].astype(np.float32))
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (16, 12, 12, 1), np.uint8), rng.integers(0, 4, 16)
    wanted = [model.train_step(x[8 * (n % 2) :][:8], y[8 * (n % 2) :][:8], 0.01, 7 + n)[0] for n in range(4)]
    found = page.evaluate(STEPS, [made, more, _packed(x), _packed(y.astype(np.uint8))])
    np.testing.assert_allclose(found["losses"], wanted, rtol=1e-6)
    after = {**model.weights, **model.buffers}
    for values, name in zip(found["weights"], names, strict=True):
        np.testing.assert_allclose(values, after[name].reshape(-1), rtol=1e-5, atol=1e-7, err_msg=name)
    np.testing.assert_allclose(found["answers"], model.predict(x[:1])[0], rtol=1e-5)
    np.testing.assert_allclose(found["maps"], model.activations(x[:1], 1).reshape(-1), rtol=1e-5, atol=1e-6)
    assert found["classes"] == list(model.predict(x[:3]).argmax(1))
    assert np.array_equal(np.float32(found["filters"]), after["1.conv.weight"].reshape(-1))


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(array.tobytes()).decode()


def opened(page: Any, text: str, **fields: str) -> None:
    """The tab with a program, and with these settings beside it alone, whatever was chosen before."""
    page.locator("#tab-train").click()
    typed(page, text)
    for n, name in enumerate(("lr", "batch", "epochs")):
        page.locator("#train .fields input").nth(n).fill(fields.get(name, ""))


def begun(page: Any, text: str, **fields: str) -> None:
    """Presses the button, too."""
    opened(page, text, **fields)
    page.locator("#train [value=fashion]").check()
    page.locator("#train .main:enabled").click()
    page.locator(",".join(f"#train[data-state={s}]" for s in ("trains", "trained", "infinite"))).wait_for()


def test_lenet_learns_clothes_in_two_epochs(page: Any) -> None:
    """Curves, filters, confusions, a picture of the test with its maps; and no finding of axe beside them."""
    begun(page, FIRST)
    page.locator("#train[data-state=trained]").wait_for()
    accuracy = float(page.locator("#train .line").inner_text().split()[1])
    assert accuracy >= 80, accuracy
    assert (
        int(page.locator("#train").get_attribute("data-speed")) > 300
    )  # 2,000 and more on a quiet core: benchmarks/page.py
    assert page.locator("#train .chart path.train-line").count() == 2
    assert page.locator("#train .chart circle.test-line").count() == 4
    counts = page.locator("#train .confusion td").all_inner_texts()
    assert sum(int(n) for n in counts if n.isdecimal()) == 1000
    assert page.locator("#train .tiles canvas[aria-label^='filter']").count() == 6
    page.get_by_text("It is: T-shirt").wait_for()
    page.locator("#train canvas[aria-label^='map']").nth(5).wait_for()
    page.locator("#train .part select").select_option(label="3 conv 16 k5 tanh")
    page.locator("#train canvas[aria-label^='map']").nth(15).wait_for()
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    _draws(page)


def _draws(page: Any) -> None:
    """Pictures that are drawn, by the mouse and by the keyboard, are answered at once."""
    answers = page.locator("#train .answers")
    for way in ("mouse", "keys"):
        page.get_by_role("button", name="Wipe").click()
        assert answers.inner_text() == ""
        canvas = page.locator("#train .sketch")
        canvas.scroll_into_view_if_needed()
        if way == "mouse":
            box = canvas.bounding_box()
            page.mouse.move(box["x"] + 40, box["y"] + 40)
            page.mouse.down()
            page.mouse.move(box["x"] + 120, box["y"] + 90, steps=4)
            page.mouse.up()
        else:
            canvas.focus()
            for key in (" ", "ArrowDown", "ArrowDown", "ArrowRight", " "):
                page.keyboard.press(key)
        answers.locator("li").nth(4).wait_for()
        assert page.get_by_text("It is:").count() == 0
    page.locator("#tab-network").click()
    page.locator("#tab-train").click()
    assert answers.locator("li").count() == 5  # what was drawn is still there
    page.locator("#language").select_option("es")
    page.get_by_text("Es: ").wait_for()
    assert "camiseta" in page.locator("#train .confusion").inner_text()


def test_it_stops_within_a_fifth_of_a_second_and_begins_again(page: Any) -> None:
    begun(page, SMALL, epochs="500")
    page.locator("#train .chart path.train-line").first.wait_for()
    taken = page.evaluate("""async () => {
      const begun = performance.now();
      document.querySelector("#train .main").click();
      while (document.querySelector("#train").dataset.state !== "was_stopped") await new Promise(done => setTimeout(done, 2));
      return performance.now() - begun;
    }""")
    assert taken < 200, taken
    page.locator("#train").get_by_label("epochs").fill("1")
    page.locator("#train .main:enabled").click()
    page.locator("#train[data-state=trained]").wait_for()


def test_a_loss_that_is_no_number_is_said(page: Any) -> None:
    begun(page, "input 28x28x1\ndense 30\ndense 30\ndense 10\ntrain { optimizer sgd }\n", lr="100")
    page.locator("#train[data-state=infinite]").wait_for()
    assert "smaller learning rate" in page.locator("#train .line").inner_text()


def test_a_training_that_dies_says_so_once_and_the_text_stays(page: Any) -> None:
    begun(page, SMALL, epochs="500")
    page.workers[-1].evaluate("setTimeout(() => { throw new Error('dead') })")
    page.locator("#train[data-state=trainer_died]").wait_for()
    assert "dead" in page.locator("#train .line").inner_text() and page.evaluate("convdsl.text") == SMALL
    assert page.locator("#train .main").inner_text() == "Train"


def test_what_is_too_large_does_not_begin(page: Any) -> None:
    opened(page, "input 32x32x3\nrepeat 20 { conv 256 k3 p1 relu }\ngap\ndense 10 softmax\n")
    page.locator("#train .wrong code", has_text="convdsl run net.cnn --data cifar10").wait_for()
    assert page.locator("#train .main").is_disabled()
    typed(page, "input 28x28x1\ndense 3 softmax\n")
    page.get_by_text("10 classes, and the network answers 3").wait_for()


def _png(path: Path, height: int, width: int, level: int) -> None:
    """A grey picture, or the head of one that says how large it is."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + bytes([level]) * width for _ in range(min(height, 100)))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def test_own_pictures_are_learned_and_bad_ones_named(page: Any, tmp_path: Path) -> None:
    for n in range(10):
        _png(tmp_path / "mine" / "dark" / f"{n}.png", 12, 9, 10 + n)
        _png(tmp_path / "mine" / "bright" / f"{n}.png", 9, 12, 200 + n)
    _png(tmp_path / "mine" / "bright" / "huge.png", 10_000, 10_000, 1)
    (tmp_path / "mine" / "dark" / "torn.jpg").write_bytes(b"\xff\xd8 torn")
    (tmp_path / "mine" / "notes.txt").write_text("none")
    opened(page, "input 8x8x3\nconv 4 k3 relu\ndense 2 softmax\n", epochs="100")
    page.get_by_label("my own").check()
    page.get_by_text("Bring pictures: a folder for each class.").wait_for()
    page.locator("#train .drop input").set_input_files(tmp_path / "mine")
    page.get_by_text("bright (11), dark (11) · files that are no pictures: 1").wait_for()
    page.locator("#train .main:enabled").click()
    page.locator("#train[data-state=trained]").wait_for()
    said = page.locator("#train .line").inner_text()
    assert said.startswith("Trained: 100.0 %") and "2 (bright/huge.png, dark/torn.jpg)" in said, said
    assert page.locator("#train .confusion th[scope=row]").all_inner_texts() == ["bright", "dark"]


@pytest.mark.parametrize(
    "language, words", [("es", ("Entrenar", "Curvas", "Matriz de confusión", "de las imágenes de prueba"))]
)
def test_it_fits_a_phone_in_spanish_and_dark(visited: Visited, language: str, words: tuple[str, ...]) -> None:
    page = visited.page(width=360, height=740)
    page.locator("#theme").select_option("dark")
    page.locator("#language").select_option(language)
    begun(page, SMALL, epochs="1")
    page.locator("#train[data-state=trained]").wait_for()
    assert all(word in page.locator("#train").inner_text() for word in words)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
    visited.leave(page)
