"""Models that Keras wrote, read without Keras: they answer as they do there."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convdsl.bridges.pieces import Foreign
from convdsl.cli import main
from convdsl.net import Net
from tests.bridges.nets import difference, images, predicted

h5py = pytest.importorskip("h5py", reason="the package h5py is not installed")
from convdsl.bridges.keras.reading import read_keras  # noqa: E402


@pytest.fixture(scope="module")
def keras() -> Any:
    pytest.importorskip("torch", reason="PyTorch is not installed")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras", reason="Keras is not installed")


def residual(k: Any) -> Any:
    x = k.Input((9, 8, 3))
    y = k.layers.Rescaling(1 / 128, offset=-1)(x)
    y = k.layers.Conv2D(6, 3, strides=2, padding="same", use_bias=False)(y)
    y = k.layers.BatchNormalization()(y)
    y = z = k.layers.ReLU(6.0)(y)
    y = k.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(y)
    y = k.layers.Activation("swish")(y)
    s = k.layers.GlobalAveragePooling2D()(y)
    s = k.layers.Reshape((1, 1, 12))(s)
    s = k.layers.Conv2D(12, 1, activation="sigmoid")(s)
    y = k.layers.Multiply()([y, s])
    y = k.layers.SeparableConv2D(6, 3, padding="same", activation="gelu")(y)
    y = k.layers.Add()([y, z])
    y = k.layers.Concatenate()([y, z])
    y = k.layers.GlobalAveragePooling2D()(y)
    y = k.layers.Dropout(0.3)(y)
    return k.Model(x, k.layers.Dense(4, activation="softmax")(y))


def sequential(k: Any) -> Any:
    layers = [
        k.layers.Conv2D(4, (3, 2), activation="tanh", dilation_rate=(1, 2)),
        k.layers.ZeroPadding2D(((0, 1), (2, 0))),
        k.layers.MaxPooling2D(2, strides=1, padding="same"),
        k.layers.AveragePooling2D(3, strides=2, padding="same"),
        k.layers.LeakyReLU(negative_slope=0.1),
        k.layers.Flatten(),
        k.layers.Dense(7, activation="elu"),
        k.layers.BatchNormalization(epsilon=1e-5, momentum=0.9, center=False),
        k.layers.Dense(3),
    ]
    return k.Sequential([k.Input((8, 9, 2)), *layers])


def decoder(k: Any) -> Any:
    layers = [
        k.layers.Dense(3 * 4 * 2, activation="relu"),
        k.layers.Reshape((3, 4, 2)),
        k.layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
        k.layers.PReLU(shared_axes=[1, 2]),
        k.layers.Conv2DTranspose(3, 2, strides=3),
        k.layers.UpSampling2D(2),
        k.layers.Cropping2D(((1, 0), (0, 2))),
        k.layers.LayerNormalization(),
        k.layers.GroupNormalization(groups=3),
        k.layers.Dense(2),
    ]
    return k.Sequential([k.Input((6,)), *layers])


def sequence(k: Any) -> Any:
    layers = [
        k.layers.Conv1D(4, 3, padding="causal", activation="relu"),
        k.layers.MaxPooling1D(2),
        k.layers.GlobalMaxPooling1D(),
    ]
    return k.Sequential([k.Input((12, 3)), *layers])


@pytest.mark.parametrize("make", [residual, sequential, decoder, sequence])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_model_answers_as_it_does_in_keras(make: Any, ending: str, keras: Any, tmp_path: Path) -> None:
    model = make(keras)
    generator = np.random.default_rng(0)
    for weight in model.weights:
        value = generator.standard_normal(weight.shape) * 0.4
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.name or "gamma" in weight.name else value)
    file = tmp_path / f"model{ending}"
    model.save(file)
    net = read_keras(file)
    x = images(Net(net.analysis))
    found = predicted(Net(net.analysis), dict(net.weights), x)
    right = np.asarray(model(x, training=False).detach() if hasattr(model(x), "detach") else model(x))
    assert difference(found.reshape(right.shape), right) < 1e-4
    assert net.analysis.report.total.params == sum(
        int(np.prod(w.shape)) for w in model.weights if "moving" not in w.name
    ) + (
        6 if make is residual else 7 if make is sequential else 0
    )  # what makes images ready; the shift that Keras left out


def archive(config: Any, **more: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("config.json", json.dumps(config))
        made.writestr("metadata.json", json.dumps({"keras_version": "3.0.0"}))
        weights = io.BytesIO()
        with h5py.File(weights, "w"):
            pass
        made.writestr("model.weights.h5", weights.getvalue())
        for name, content in more.items():
            made.writestr(name, content)
    return buffer.getvalue()


def of(*layers: Any) -> Any:
    first = {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [None, 8, 8, 1]}}
    return {"class_name": "Sequential", "config": {"name": "m", "layers": [first, *layers]}}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no model"),
        (b"PK\x03\x04", "no model"),
        (b"\x89HDF\r\n\x1a\n and no more", ""),
        (archive({}), "no model"),
        (archive(of({"class_name": "Lambda", "config": {"name": "evil", "function": "import os"}})), "`evil` (Lambda)"),
        (archive(of({"class_name": "LSTM", "config": {"name": "l"}})), "`l` (LSTM)"),
        (archive(of({"class_name": "Conv2D", "config": {"name": "c"}})), "`c` (Conv2D)"),
        (archive(of({"class_name": "ReLU", "config": {"name": "r", "max_value": 4}})), "`r` (ReLU)"),
    ],
)
def test_what_cannot_be_read_is_named(
    content: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "model.keras"
    file.write_bytes(content)
    with pytest.raises(Foreign) as found:
        read_keras(file)
    assert told in str(found.value)
    assert main(["check", str(file)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_values_in_another_file_are_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.ones((64, 2), np.float32)
    layer = {"class_name": "Dense", "config": {"name": "d", "units": 2, "use_bias": False}}
    flat = {"class_name": "Flatten", "config": {"name": "f"}}
    with h5py.File(tmp_path / "model.h5", "w") as file:
        file.attrs["model_config"], file.attrs["keras_version"] = json.dumps(of(flat, layer)), "2.0"
        file["model_weights/d/kernel:0"] = h5py.ExternalLink(str(secret), "/kernel")
    with pytest.raises(Foreign, match="another file"):
        read_keras(tmp_path / "model.h5")
