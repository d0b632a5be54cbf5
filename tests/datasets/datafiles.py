"""Makes the files that the tests read."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

REAL = Path(os.environ["CONVDSL_DATA"]) if os.environ.get("CONVDSL_DATA") else None
"""The folder with the full data sets, for the tests that need them; read before the tests hide it."""

IDX_CODES = {"u1": 8, "i1": 9, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def images(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (count, *(shape or (4, 5)))).astype(np.uint8)


def labels(count: int, classes: int = 3) -> np.ndarray:
    return (np.arange(count) % classes).astype(np.uint8)


def idx_bytes(array: np.ndarray) -> bytes:
    code = IDX_CODES[array.dtype.str[1:]]
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def sha256(contents: bytes) -> str:
    return hashlib.sha256(contents).hexdigest()


def mnist_like(folder: Path, train: int = 30, test: int = 9, packed: bool = True, prefix: str = "") -> dict[str, bytes]:
    """Writes the four files of an MNIST into `folder`; returns their uncompressed contents."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{prefix}train-images-idx3-ubyte": images(train),
        f"{prefix}train-labels-idx1-ubyte": labels(train),
        f"{prefix}t10k-images-idx3-ubyte": images(test, seed=1),
        f"{prefix}t10k-labels-idx1-ubyte": labels(test),
    }
    contents = {name: idx_bytes(array) for name, array in arrays.items()}
    for name, raw in contents.items():
        path = folder / (name + ".gz" if packed else name)
        path.write_bytes(gzip.compress(raw) if packed else raw)
    return contents


def picture(array: np.ndarray | None = None, format: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(images(1, 6, 8, 3)[0] if array is None else array).save(stream, format, **options)
    return stream.getvalue()


def class_folders(root: Path, counts: dict[str, int], shape: tuple[int, ...] = (6, 8, 3)) -> Path:
    """Writes `counts[name]` PNG files, each of one colour, below `root/name`."""
    for number, (name, count) in enumerate(counts.items()):
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(count):
            (root / name / f"{i:04}.png").write_bytes(picture(np.full(shape, 40 * number + i, np.uint8)))
    return root


def tar(path: Path, files: dict[str, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, contents in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(contents)
            archive.addfile(member, io.BytesIO(contents))
    return path


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, contents in files.items():
            archive.writestr(name, contents)
    return path


def cifar_binary(count: int = 20) -> dict[str, bytes]:
    """Six batches in the binary version. The red plane of image i is i, green is 100, blue 200."""
    record = np.zeros((count, 3073), np.uint8)
    record[:, 0] = np.arange(count) % 10
    record[:, 1:1025] = np.arange(count)[:, None]
    record[:, 1025:2049] = 100
    record[:, 2049:] = 200
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    return {f"cifar-10-batches-bin/{name}": record.tobytes() for name in names}


def cifar_python(count: int = 20) -> dict[str, bytes]:
    """The same batches in the Python version."""
    batches = {}
    for name, contents in cifar_binary(count).items():
        record = np.frombuffer(contents, np.uint8).reshape(-1, 3073)
        batch = {b"data": record[:, 1:].copy(), b"labels": record[:, 0].tolist(), b"batch_label": b"one"}
        batches[name.replace("-bin/", "-py/").removesuffix(".bin")] = pickle.dumps(batch, protocol=3)
    return batches
