"""The data sets that have a name: their files, where those come from, their checksums, classes and licences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from convdsl.datasets import cifar
from convdsl.datasets.dataset import Text
from convdsl.messages import T


class Source(NamedTuple):
    """A file that can be downloaded. `size` is in bytes, as downloaded; `sha256` is of the uncompressed contents of an
    IDX file (packagers compress them anew), and of the file itself for an archive."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Known:
    """A data set with a name. `folders` are what it may be called below a folder of data sets."""

    name: str
    description: T
    licence: Text
    homepage: str
    shape: tuple[int, int, int]
    counts: tuple[int, int]
    classes: tuple[Text, ...]
    files: tuple[Source, ...] = ()
    mirrors: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


_FASHION_CLASSES: tuple[Text, ...] = (
    T("T-shirt"),
    T("trousers"),
    T("pullover"),
    T("dress"),
    T("coat"),
    T("sandal"),
    T("shirt"),
    T("sneaker"),
    T("bag"),
    T("ankle boot"),
)

SHIPPED = Path(__file__).with_name("fashion_mini.npz")

FASHION_MINI = Known(
    name="fashion-mini",
    description=T("clothes in grey, a tenth of Fashion-MNIST; comes with convdsl"),
    licence="MIT",
    homepage="https://github.com/zalandoresearch/fashion-mnist",
    shape=(28, 28, 1),
    counts=(6_000, 1_000),
    classes=_FASHION_CLASSES,
    aliases=("fashion_mini",),
)

MNIST = Known(
    name="mnist",
    description=T("handwritten digits in grey"),
    licence="CC BY-SA 3.0",
    homepage="http://yann.lecun.com/exdb/mnist/",
    shape=(28, 28, 1),
    counts=(60_000, 10_000),
    classes=tuple("0123456789"),
    files=(
        Source(
            "train-images-idx3-ubyte.gz",
            9_912_422,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        Source(
            "train-labels-idx1-ubyte.gz",
            28_881,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        Source(
            "t10k-images-idx3-ubyte.gz",
            1_648_877,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        Source(
            "t10k-labels-idx1-ubyte.gz",
            4_542,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    folders=("mnist", "MNIST/raw", "MNIST"),
)

FASHION_MNIST = Known(
    name="fashion-mnist",
    description=T("clothes in grey, photographed for a shop (Zalando)"),
    licence="MIT",
    homepage="https://github.com/zalandoresearch/fashion-mnist",
    shape=(28, 28, 1),
    counts=(60_000, 10_000),
    classes=_FASHION_CLASSES,
    files=(
        Source(
            "train-images-idx3-ubyte.gz",
            26_421_880,
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        Source(
            "train-labels-idx1-ubyte.gz",
            29_515,
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        Source(
            "t10k-images-idx3-ubyte.gz",
            4_422_102,
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        Source(
            "t10k-labels-idx1-ubyte.gz",
            5_148,
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    folders=("fashion-mnist", "fashion_mnist", "FashionMNIST/raw", "FashionMNIST", "dataset-fashion-mnist"),
    aliases=("fashion_mnist", "fashionmnist"),
)

CIFAR10 = Known(
    name="cifar10",
    description=T("animals and vehicles in colour, small photographs"),
    licence=T("none stated by its authors (A. Krizhevsky, University of Toronto, 2009)"),
    homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    shape=(32, 32, 3),
    counts=(50_000, 10_000),
    classes=cifar.CLASSES,
    files=(
        Source(
            "cifar-10-binary.tar.gz",
            170_052_171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        ),
    ),
    mirrors=("https://www.cs.toronto.edu/~kriz/",),
    folders=("cifar10", "cifar-10", "CIFAR10"),
    aliases=("cifar-10",),
)

CIFAR10_PLACES = (
    "cifar-10-binary.tar.gz",
    "cifar-10-binary.tar",
    "cifar-10-batches-bin",
    "cifar-10-python.tar.gz",
    "cifar-10-python.tar",
    "cifar-10-batches-py",
    "cifar-10-batches-py.tar.gz",
    "cifar-10-images.tar.gz",
    "cifar-10-images.tar",
    "cifar-10-images",
)
"""What CIFAR-10 may be called, the exact versions first; the images are JPEGs, so their pixels differ a little."""

CIFAR10_MD5 = {  # of the batches, uncompressed; no others were ever published
    "data_batch_1.bin": "5dd7e06a14cb22eb9f671a540d1b7c25",
    "data_batch_2.bin": "5ea93a67294ea407fff1d09f752e9692",
    "data_batch_3.bin": "942cd6a4bcdd0dd3c604fbe906cb4421",
    "data_batch_4.bin": "ae636b3ba5c66a11e91e8cb52e771fcb",
    "data_batch_5.bin": "53f37980c15c3d472c316c40844f3f0d",
    "test_batch.bin": "803d5f7f4d78ea53de84dbe85f74fb6d",
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}

SHAPES = Known(
    name="shapes",
    description=T("shapes on a ground, and for each pixel whether it is part of one; drawn by convdsl"),
    licence="MIT",
    homepage="",
    shape=(64, 64, 3),
    counts=(600, 150),
    classes=(T("ground"), T("shape")),
)

SHAPE_KINDS = Known(
    name="shape-kinds",
    description=T("the same shapes, and for each pixel which kind of shape it is part of; drawn by convdsl"),
    licence="MIT",
    homepage="",
    shape=SHAPES.shape,
    counts=SHAPES.counts,
    classes=(T("ground"), T("circle"), T("square"), T("triangle")),
    aliases=("shape_kinds",),
)

KNOWN = (FASHION_MINI, MNIST, FASHION_MNIST, CIFAR10, SHAPES, SHAPE_KINDS)


def find(name: str) -> Known | None:
    """The data set of that name, in any case and with `-` or `_`."""
    return next((known for known in KNOWN if name.lower() in (known.name, *known.aliases)), None)
