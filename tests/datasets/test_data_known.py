import gzip
import hashlib
import http.server
import os
import tarfile
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from datafiles import REAL, cifar_binary, class_folders, mnist_like, sha256, tar

from convdsl import datasets
from convdsl.datasets import DataError, available, known, load, places, registry, search_path
from convdsl.datasets.registry import FASHION_MINI, KNOWN, Known, Source
from convdsl.messages import T, use_language


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A known data set `mnist` of 30 and 9 images, whose files lie in the folder `published`."""
    contents = mnist_like(tmp_path / "published")
    sources = tuple(
        Source(name + ".gz", (tmp_path / "published" / (name + ".gz")).stat().st_size, sha256(raw))
        for name, raw in contents.items()
    )
    one = Known(
        "mnist",
        T("handwritten digits in grey"),
        "—",
        "",
        (4, 5, 1),
        (30, 9),
        tuple("abc"),
        sources,
        ("http://127.0.0.1:9/",),
        ("mnist", "MNIST/raw"),
    )
    for module in (registry, known):
        monkeypatch.setattr(module, "KNOWN", (FASHION_MINI, one))
    return tmp_path / "published"


@pytest.fixture
def server(tiny, monkeypatch):
    """Serves the published files as `CONVDSL_MIRROR`; its `asked` are the paths that were asked for."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        asked: list[str] = []

        def do_GET(self):
            self.asked.append(self.path)
            self.path = self.path.replace("/mnist/", "/published/")
            super().do_GET()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=tiny.parent)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("CONVDSL_MIRROR", f"http://127.0.0.1:{server.server_port}/")
        yield Handler
        server.shutdown()
        thread.join()


def test_the_order_in_which_places_are_searched(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("CONVDSL_DATA", f"{tmp_path / 'a'}{places.os.pathsep}{tmp_path / 'b'}")
    found = search_path()
    assert found[:3] == (tmp_path / "a", tmp_path / "b", cache)
    assert Path("/usr/share/datasets") in found[3:]


@pytest.mark.parametrize("below", ["mnist", "MNIST/raw", "."])
@pytest.mark.parametrize("packed", [True, False])
def test_a_known_data_set_in_a_folder(tmp_path, tiny, monkeypatch, below, packed):
    mnist_like(tmp_path / "data" / below, packed=packed)
    data = load("MNIST", search=[tmp_path / "data"], download=False)
    assert data.classes == ("a", "b", "c")
    assert data.name == "mnist"
    assert data.source == str(tmp_path / "data" / below)
    assert (len(data.train_images), len(data.test_images)) == (30, 9)
    monkeypatch.setenv("CONVDSL_DATA", str(tmp_path / "data"))
    assert np.array_equal(load("mnist").train_images, data.train_images)
    assert available()[1].found == tmp_path / "data" / below


def test_a_damaged_copy_is_passed_over_and_named(tmp_path, tiny):
    mnist_like(tmp_path / "a" / "mnist")
    mnist_like(tmp_path / "b" / "mnist")
    bad = tmp_path / "a" / "mnist" / "train-images-idx3-ubyte.gz"
    bad.write_bytes(bad.read_bytes()[:-20])
    notes = []
    data = load("mnist", search=[tmp_path / "a", tmp_path / "b"], warn=lambda note: notes.append(str(note)))
    assert data.source == str(tmp_path / "b" / "mnist")
    assert len(notes) == 1
    assert notes[0].startswith(f"Passed over: {bad}")
    with pytest.raises(DataError, match="cut short"):
        load("mnist", search=[tmp_path / "a"], download=False)


def test_another_data_set_under_the_same_names_is_not_taken(tmp_path, tiny):
    mnist_like(tmp_path / "mnist", train=31)
    with pytest.raises(DataError, match="another file of the same name"):
        load("mnist", search=[tmp_path], download=False)
    assert available([tmp_path])[1].found == tmp_path / "mnist"  # the test labels are the same ones
    mnist_like(tmp_path / "mnist", test=8)
    assert available([tmp_path])[1].found is None


def test_download_into_the_cache_once(tiny, cache, server):
    told = []
    data = load("mnist", search=[], progress=lambda what, done, total: told.append(str(what)))
    assert len(data.train_images) == 30
    assert data.source == str(cache / "mnist")
    assert sorted(path.name for path in (cache / "mnist").iterdir()) == sorted(path.name for path in tiny.iterdir())
    assert told[0] == "Downloading train-images-idx3-ubyte.gz"
    assert len(server.asked) == 4
    load("mnist")
    load("mnist", search=[], download=False)
    assert len(server.asked) == 4


def test_only_what_is_missing_is_downloaded(tiny, cache, server):
    mnist_like(cache / "mnist")
    path = cache / "mnist" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1])
    load("mnist", warn=str)
    assert server.asked == ["/mnist/t10k-labels-idx1-ubyte.gz"]
    load("mnist")
    assert len(server.asked) == 1


def test_a_mirror_with_other_files_is_not_trusted(tiny, cache, server):
    mnist_like(tiny, train=29)
    with pytest.raises(DataError, match="checksum is not the published one"):
        load("mnist")
    assert not list(cache.rglob("train-images*"))


def test_offline_the_message_says_which_files_to_put_where(cache):
    with pytest.raises(DataError) as caught:
        load("fashion-mnist", search=[], download=False)
    assert "`fashion-mnist` is not on this machine: downloads are switched off" in str(caught.value)
    help = str(caught.value.help)
    for source in registry.FASHION_MNIST.files:
        assert source.name in help
    assert str(cache / "fashion-mnist") in help
    assert "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz" in help
    assert "`fashion-mini` comes with convdsl" in help


def test_a_mirror_that_is_not_there(tiny, monkeypatch):
    monkeypatch.setenv("CONVDSL_MIRROR", "http://127.0.0.1:9")
    with pytest.raises(
        DataError, match=r"could not be downloaded:\n  http://127\.0\.0\.1:9/mnist/train-images"
    ) as caught:
        load("mnist", search=[])
    assert "put them into" in str(caught.value.help)


def test_a_cache_that_cannot_be_written(tiny, cache, server):
    cache.parent.write_text("a file where the folder should be")
    with pytest.raises(DataError, match="cannot be written") as caught:
        load("mnist", search=[])
    assert "XDG_CACHE_HOME" in str(caught.value.help)
    assert "train-labels-idx1-ubyte.gz" in str(caught.value.help)
    assert server.asked == []


def test_cifar10_is_checked_batch_by_batch(tmp_path, monkeypatch):
    path = tar(tmp_path / "cifar-10-binary.tar.gz", cifar_binary())
    with pytest.raises(DataError, match=r"data_batch_1\.bin is damaged, or not the published one"):
        load("cifar10", search=[tmp_path], download=False)
    sums = {name.split("/")[1]: hashlib.md5(raw).hexdigest() for name, raw in cifar_binary().items()}
    monkeypatch.setattr(known, "CIFAR10_MD5", sums)
    assert load("cifar-10", search=[tmp_path], download=False).source == str(path)
    assert available([tmp_path])[3].found == path
    files = cifar_binary()
    del files["cifar-10-batches-bin/data_batch_4.bin"]
    tar(path, files)
    with pytest.raises(DataError, match=r"data_batch_4\.bin is missing"):
        load("cifar10", search=[tmp_path], download=False)


def test_a_part_of_cifar10_is_not_cifar10(tmp_path):
    for part in ("train", "test"):
        class_folders(tmp_path / "cifar10" / part, {"cat": 2, "dog": 2})
    with pytest.raises(DataError, match="is not the whole of cifar10"):
        load("cifar10", search=[tmp_path], download=False)


def test_names_that_nothing_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, help in (
        ("fashion-mnits", "Did you mean `fashion-mnist`?"),
        ("xyz", "Known data sets: fashion-mini, mnist"),
    ):
        with pytest.raises(DataError, match=f"There is no data set `{name}`") as caught:
            load(name, search=[])
        assert help in str(caught.value.help)
    for name in ("", "\0", "x" * 5000, "a\nb", "~nobody/x", "a/" * 3000):
        with pytest.raises(DataError):
            load(name, search=[])


def test_paths_are_found_below_the_folders_of_data(tmp_path, monkeypatch):
    class_folders(tmp_path / "data" / "flowers", {"a": 5, "b": 5})
    monkeypatch.setenv("CONVDSL_DATA", str(tmp_path / "data"))
    assert load("flowers", warn=str).source == str(tmp_path / "data" / "flowers")


def test_available_lists_what_there_is():
    listed = available([])
    assert [one.name for one in listed] == [
        "fashion-mini",
        "mnist",
        "fashion-mnist",
        "cifar10",
        "shapes",
        "shape-kinds",
    ]
    mini, mnist, *_ = listed
    assert mini.found == registry.SHIPPED
    assert mini.download == 0
    assert mnist.found is None
    assert mnist.counts == (60_000, 10_000)
    assert mnist.download == sum(source.size for source in registry.MNIST.files)
    assert all(one.licence and str(one.description) for one in listed)


def test_a_full_memory_is_a_data_error(tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError

    mnist_like(tmp_path)
    monkeypatch.setattr(datasets.loading, "load_idx", full)
    with pytest.raises(DataError, match="memory is full"):
        load(tmp_path)


def test_classes_are_in_the_language_in_use():
    use_language("es")
    spanish = load("fashion-mini").classes
    use_language("en")
    english = load("fashion-mini").classes
    assert english[0] == "T-shirt"
    assert spanish[0] == "camiseta"
    assert len(set(spanish)) == len(set(english)) == 10


real = pytest.mark.skipif(REAL is None, reason="CONVDSL_DATA names no folder with the full data sets")


def full(name, counts, shape):
    if available([REAL])[[one.name for one in KNOWN].index(name)].found is None:
        pytest.skip(f"{name} is not in CONVDSL_DATA")
    data = load(name, search=[REAL], download=False, warn=str)
    assert (len(data.train_images), len(data.test_images)) == counts
    assert data.shape == shape
    assert np.bincount(data.test_labels).min() > 0.08 * counts[1]
    return data


@real
def test_the_real_mnist():
    data = full("mnist", (60_000, 10_000), (28, 28, 1))
    assert data.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert round(float(data.train_images.mean() / 255), 4) == 0.1307


@real
def test_the_real_fashion_mnist():
    data = full("fashion-mnist", (60_000, 10_000), (28, 28, 1))
    assert data.train_labels[:10].tolist() == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]
    assert data.test_labels[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert round(float(data.train_images.mean() / 255), 4) == 0.2860
    assert np.bincount(data.train_labels).tolist() == [6000] * 10


@real
@pytest.mark.skipif(not os.environ.get("CONVDSL_SLOW_TESTS"), reason="ten seconds; CONVDSL_SLOW_TESTS=1 runs it")
def test_the_real_cifar10():
    data = full("cifar10", (50_000, 10_000), (32, 32, 3))
    assert np.bincount(data.train_labels).tolist() == [5000] * 10
    assert np.bincount(data.test_labels).tolist() == [1000] * 10
    assert np.abs(data.train_images.mean((0, 1, 2)) - [125.31, 122.95, 113.87]).max() < 1


@real
def test_a_sample_of_the_real_cifar10(tmp_path):
    path = REAL / "cifar-10-images.tar.gz"
    if not path.exists():
        pytest.skip("cifar-10-images.tar.gz is not in CONVDSL_DATA")
    with tarfile.open(path) as archive:
        files = {m.name: archive.extractfile(m).read() for i, m in enumerate(archive) if m.isreg() and i % 50 == 0}
    data = load(tar(tmp_path / "sample.tar", files, "w"), warn=str)
    assert data.classes == ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    assert np.bincount(data.train_labels).tolist() == [100] * 10
    assert np.bincount(data.test_labels).tolist() == [20] * 10
    assert np.abs(data.train_images.mean((0, 1, 2)) - [125.31, 122.95, 113.87]).max() < 6


def test_packed_files_of_other_programs_are_the_same(tmp_path, tiny):
    folder = tmp_path / "x" / "mnist"
    for name, raw in mnist_like(folder).items():
        (folder / (name + ".gz")).write_bytes(gzip.compress(raw, 1))
    assert len(load("mnist", search=[tmp_path / "x"], download=False).train_images) == 30
