"""Looking into a trained network: every picture is what the numbers are, and says what it cannot show."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

import convdsl
from convdsl.cli import main
from convdsl.messages import use_language
from convdsl.report.look.panels import Request, panels
from convdsl.report.page.pictures import filters, maps
from convdsl.training import looking
from tests.document.test_writers import Page
from tests.engine.checking import excited

NET = """input 20x20x1
conv 4 k3 s2 p1 relu
residual { conv 4 k3 p1 -> bn relu }
maxpool 2
conv 5 k3 p1 relu
globalavgpool
dense 3 softmax"""


@pytest.fixture(scope="module")
def model() -> Any:
    return excited(convdsl.parse(NET), device="plain")[0]


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (40, 20, 20, 1)).astype(np.uint8)


def test_a_patch_alone_gives_the_same_value(model: Any, images: np.ndarray) -> None:
    """What `check` knows of the receptive field decides the value: there need be nothing else in the image."""
    seen = 0
    for layer in (1, 4, 5, 6):
        for channel, found in enumerate(looking.strongest(model, images, layer, most=5)):
            values = model.activations(images, layer)[..., channel].reshape(len(images), -1).max(1)
            assert [p.image for p in found] == list(np.argsort(-values, kind="stable")[:5])
            for patch in found:
                assert patch.value == values[patch.image]
                assert looking.alone(model, images[patch.image], layer, patch, channel) == pytest.approx(
                    patch.value, abs=1e-4
                )
                seen += patch.part.shape[:2] != (20, 20)
    assert seen > 50


def test_grad_cam_is_the_class_activation_map_where_there_is_one(model: Any, images: np.ndarray) -> None:
    """Behind a global mean a dense layer's weights are what Grad-CAM finds (Zhou et al., 2016), up to the scale."""
    weight = next(w for n, w in model.weights.items() if "dense" in n)
    last = looking.last_places(model.net)
    assert last is not None and last.op == "conv"
    for answer in range(3):
        found = looking.grad_cam(model, images[0], answer, last.index)
        wanted = np.maximum((model.activations(images[:1], last.index)[0] * weight[answer]).sum(-1), 0)
        assert np.allclose(found * found.size, wanted, rtol=1e-4, atol=1e-4 * float(wanted.max(initial=1)))


def test_integrated_gradients_add_up_to_the_difference(model: Any, images: np.ndarray) -> None:
    for answer in range(3):
        parts, whole = looking.integrated(model, images[1], answer, steps=64)
        assert parts.shape == (20, 20, 1) and float(parts.sum()) == pytest.approx(whole, rel=0.01, abs=0.01)


def planted(places: list[tuple[int, int]]) -> np.ndarray:
    """Noise with a bright square of five pixels at each place."""
    found = np.random.default_rng(1).integers(0, 60, (len(places), 20, 20, 1)).astype(np.uint8)
    for image, (y, x) in zip(found, places, strict=True):
        image[y : y + 5, x : x + 5] = 255
    return found


def test_what_is_planted_is_found() -> None:
    """A network whose first class is how much is bright: covering, gradients and Grad-CAM point at the square."""
    net = convdsl.parse("input 20x20x1 -> conv 1 k3 p1 relu -> globalavgpool -> dense 2 softmax")
    model = net.compile(batch=8, device="plain")
    model.load_weights(
        {
            "1.conv.weight": np.full((1, 1, 3, 3), 1 / 9, np.float32),
            "1.conv.bias": np.array([-0.5], np.float32),
            "3.dense.weight": np.array([[40], [-40]], np.float32),
            "3.dense.bias": np.zeros(2, np.float32),
        }
    )
    places = [(int(y), int(x)) for y, x in np.random.default_rng(3).integers(0, 16, (20, 2))]
    found: dict[str, int] = dict.fromkeys(("occlusion", "grad-cam", "gradient"), 0)
    for image, (y, x) in zip(planted(places), places, strict=True):
        drops, size = looking.occlusion(model, image, 0)
        assert size == 4 and 0 < drops.max() <= looking.score(model, image[None], 0)[0]
        shown = (drops, looking.grad_cam(model, image, 0, 1), looking.amount(looking.gradient(model, image, 0)))
        for name, one in zip(found, shown, strict=True):
            top, left = np.unravel_index(int(one.argmax()), one.shape)
            found[name] += y - 1 <= top <= y + 5 and x - 1 <= left <= x + 5
    assert min(found.values()) >= 0.95 * len(places), found


def test_an_ideal_image_excites_more_than_all_others(model: Any, images: np.ndarray) -> None:
    for channel in range(2):
        image, value = looking.ideal(model, 1, channel)
        place = tuple(n // 2 for n in model.net.report.shape(1)[:2])
        others = model.activations(images, 1)[(slice(None), *place, channel)]
        assert image.min() >= 0 and image.max() <= 1
        assert value == pytest.approx(float(model.activations(image[None], 1)[(0, *place, channel)]))
        assert value >= others.max()


def test_pictures_are_the_numbers() -> None:
    values = np.random.default_rng(0).standard_normal((5, 4, 3))
    low, high = float(values.min()), float(values.max())
    shown = np.concatenate(maps(values, low, high), -1)
    assert np.array_equal(shown, np.rint(255 * (values - low) / (high - low)))
    weights = np.random.default_rng(0).standard_normal((6, 1, 3, 3)).astype(np.float32)
    scale = float(np.abs(weights).max())
    back = (np.stack(filters(weights))[..., 0] - 127.5) / 127.5 * scale
    assert np.abs(back - weights[:, 0]).max() <= scale / 255 + 1e-6


# The command.


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, images: np.ndarray) -> Path:
    folder = tmp_path_factory.mktemp("look")
    labels = np.arange(40) % 3
    np.savez(folder / "d.npz", images=images, labels=labels, classes=np.array(["<b>", "dog & cat", "数"]))
    (folder / "net.cnn").write_text(NET)
    run = ["run", str(folder / "net.cnn"), "--data", str(folder / "d.npz"), "--epochs", "1", "--device", "plain"]
    assert main([*run, "--no-report", "--out", str(folder / "r")]) == 0
    Image.fromarray(images[3, ..., 0]).save(folder / "photo.png")
    Image.fromarray(images[:2, ..., 0].reshape(40, 20)).save(folder / "tall.png")
    weights = load_file(folder / "r" / "weights.safetensors")
    huge = {n: w * np.float32(1e30) if n.endswith("conv.weight") else w for n, w in weights.items()}
    save_file(huge, folder / "huge.safetensors")
    np.save(folder / "nan.npy", np.where(np.arange(400).reshape(1, 20, 20, 1) == 7, np.nan, np.float32(0.5)))
    return folder


def look(*arguments: object) -> int:
    try:
        return main(["look", *map(str, arguments)])
    finally:
        use_language("en")


def test_the_command_writes_pages_and_pictures(here: Path) -> None:
    assert look(here / "r", "--index", 2, "--what", "all", "-o", here / "a.html") == 0
    text = (here / "a.html").read_text()
    page = Page(text)
    assert "<script" not in text and "Take care: these maps show the edges" in page.text
    titles = ("The image", "Layer 1: conv 4 k3 s2 p1 relu", "Filters of layer 1", "what excites it most", "Covered, for",
              "Gradient, for", "Integrated gradients, for", "Grad-CAM, for", "Guided gradient, for", "Deconvnet, for")  # fmt: skip
    for title in titles:
        assert title in page.text, title
    assert look(here / "r", "--image", here / "photo.png", "--layer", 6, "-o", here / "a.png", "--lang", "es") == 0
    picture = Image.open(here / "a.png")
    assert picture.width == 1000 and len(picture.convert("L").getcolors() or ()) > 20
    weights = ("--weights", here / "r" / "weights.safetensors")
    assert look(here / "net.cnn", *weights, "--image", here / "photo.png", "--what", "maps", "-o", here / "a.svg") == 0
    import xml.etree.ElementTree as ElementTree

    drawn = ElementTree.parse(here / "a.svg").getroot()
    found = drawn.findall("{http://www.w3.org/2000/svg}image")
    assert len(found) == 1 + sum(
        n.layer is not None and len(s) == 3 and s[0] > 1 for n, s in _shapes() for _ in range(min(s[-1], 32))
    )


def _shapes() -> list[Any]:
    net = convdsl.parse(NET)
    return [(n, net.report.shape(n.index)) for n in net.nodes]


def test_what_was_done_with_a_picture_is_said(here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert look(here / "r", "--image", here / "photo.png", "--what", "maps", "-o", tmp_path / "a.html") == 0
    assert capsys.readouterr().err == ""
    assert look(here / "r", "--image", here / "tall.png", "--what", "maps", "-o", tmp_path / "a.html") == 0
    assert capsys.readouterr().err == f"{here / 'tall.png'} is 40x20 and was stretched to 20x20, as in the training.\n"
    assert look(here / "r", "--image", here / "d.npz", "--what", "maps", "-o", tmp_path / "a.html", "--lang", "es") == 0
    assert "Solo se mira la primera de varias imágenes" in capsys.readouterr().err


def test_ranks() -> None:
    one = np.array([[1.0, 5.0], [2.0, 2.0]])
    assert looking.rank_correlation(one, one * 3 + 1) == pytest.approx(1)
    assert looking.rank_correlation(one, -one) == pytest.approx(-1)
    assert looking.rank_correlation(one, np.ones((2, 2))) == 0
    a, b = np.random.default_rng(0).integers(0, 9, (2, 50, 1))  # with ties, against the mean of the ranks by hand
    ranks = [[np.mean([i + 1 for i, v in enumerate(sorted(m.ravel())) if v == w]) for w in m.ravel()] for m in (a, b)]
    assert looking.rank_correlation(a, b) == pytest.approx(np.corrcoef(*ranks)[0, 1])


def test_maps_beside_those_of_fresh_weights(model: Any, images: np.ndarray) -> None:
    fresh = looking.by_chance(model)
    assert all(not np.array_equal(w, fresh.weights[n]) for n, w in model.weights.items() if "conv" in n)
    asked = Request(model, images[0], "", 0, ("a", "b", "c"), 0, ("sanity",), None)
    _, panel = panels(asked)
    assert panel.names[::2] == ("Gradient", "Guided gradient", "Deconvnet", "Grad-CAM") and len(panel.tiles) == 8
    mine = looking.amount(looking.gradient(model, images[0], 0))
    theirs = looking.amount(looking.gradient(fresh, images[0], 0))
    assert panel.names[1] == f"fresh weights: {looking.rank_correlation(mine, theirs):.2f}"


def test_from_python(here: Path, images: np.ndarray, tmp_path: Path) -> None:
    seen = convdsl.look(here / "r", images[0], layer=1, what=("maps", "gradcam"))
    assert [p.title.split(":")[0].split(",")[0] for p in seen.panels] == ["The image", "Layer 1", "Grad-CAM"]
    seen.save(tmp_path / "a.png")
    assert Image.open(io.BytesIO(seen.written("png"))).size == Image.open(tmp_path / "a.png").size
    assert seen._repr_html_().startswith("<svg")
    with pytest.raises(ValueError, match="`what` takes"):
        convdsl.look(here / "r", images[0], what=("xray",))


@pytest.mark.parametrize(
    "arguments, status, said",
    [
        (("{r}", "-o", "a.bmp"), 2, "one of .html, .svg, .png"),
        (("{r}", "--what", "xray", "-o", "a.html"), 2, "`--what` takes maps"),
        (("{r}", "--layer", "99", "-o", "a.html"), 1, "There is no layer 99; the last one is 8."),
        (("{r}", "--layer", "8", "-o", "a.html"), 1, "Layer 8 has no rows and columns"),
        (("{r}", "--index", "999", "-o", "a.html"), 1, "There is no image 999"),
        (("{r}", "--class", "bird", "-o", "a.html"), 1, "There is no class bird. They are <b>, dog & cat, 数."),
        (("{r}", "--image", "none.png", "-o", "a.html"), 2, "none.png"),
        (("{r}", "-o", "no/such/a.html"), 2, "cannot be written"),
        (("nowhere", "-o", "a.html"), 2, "there is no run nowhere"),
        (("{net}", "-o", "a.html"), 2, "`--weights` names the file"),
        (("{other}", "--weights", "{w}", "-o", "a.html"), 1, "cannot be used"),
        (
            ("{net}", "--weights", "{huge}", "--image", "{photo}", "--what", "maps", "-o", "a.html"),
            1,
            "no numbers (NaN) or are infinite",
        ),
        (
            ("{net}", "--weights", "{huge}", "--image", "{photo}", "--what", "occlusion", "-o", "a.html"),
            1,
            "no numbers (NaN) or are infinite",
        ),
        (
            ("{net}", "--weights", "{huge}", "--image", "{photo}", "--what", "sanity", "-o", "a.html"),
            1,
            "no numbers (NaN) or are infinite",
        ),
        (("{r}", "--image", "{nan}", "--what", "gradcam", "-o", "a.html"), 1, "no numbers (NaN) or are infinite"),
    ],
)
def test_what_cannot_be_looked_at_is_said(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: Any,
    status: int, said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.cnn").write_text(NET.replace("conv 5", "conv 6"))
    places = {
        "r": here / "r",
        "huge": here / "huge.safetensors",
        "nan": here / "nan.npy",
        "photo": here / "photo.png",
        "net": here / "net.cnn",
        "w": here / "r" / "weights.safetensors",
        "other": "other.cnn",
    }
    assert look(*(str(a).format(**places) for a in arguments)) == status
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error
    assert [p.name for p in tmp_path.iterdir()] == ["other.cnn"]
