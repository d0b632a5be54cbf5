"""The lines of a `train` block, each declared once: what it takes, its bounds, what it means.

The reader (block.py), the command line's options and the table in docs/training.md are made from these declarations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from convdsl.messages import T
from convdsl.training.kinds import Number, OneOf, OneWord, Option, Word


class Line(NamedTuple):
    """One line. `number` and `words` are values without a name, with `many` as many numbers or names as one likes; `free`
    takes any name or path; `default` is what holds without the line, as it would be written.
    `beside` says where a definition or a default is not PyTorch's."""

    doc: T
    example: str
    default: str
    number: Number | None = None
    words: Mapping[str, Word] = {}
    options: Mapping[str, Option] = {}
    free: bool = False
    beside: T | None = None
    many: bool = False


_DECAY = Number(T("weight decay: the share of the weights that each step takes away"))
_MOMENTUM = Number(T("share of the last step that goes into the next"), high=1, below=True)
_ALL = ("lr", "weight_decay")

OPTIMIZER_WORDS = {
    "sgd": Word(T("stochastic gradient descent"), (*_ALL, "momentum", "nesterov")),
    "momentum": Word(T("gradient descent with momentum 0.9"), (*_ALL, "momentum", "nesterov")),
    "nesterov": Word(T("gradient descent with Nesterov's momentum 0.9"), (*_ALL, "momentum")),
    "rmsprop": Word(
        T("RMSprop: steps divided by the running size of the gradients"), (*_ALL, "momentum", "alpha", "eps")
    ),
    "adagrad": Word(T("Adagrad: steps divided by the size of all gradients so far"), (*_ALL, "eps")),
    "adam": Word(T("Adam: momentum, and a step size for each weight"), (*_ALL, "beta1", "beta2", "eps")),
    "adamw": Word(T("Adam with weight decay apart from the gradients"), (*_ALL, "beta1", "beta2", "eps")),
}
OPTIMIZER_OPTIONS: dict[str, Option] = {
    "lr": Number(T("learning rate"), above=True),
    "momentum": _MOMENTUM,
    "nesterov": OneWord(T("look ahead before the step")),
    "alpha": Number(T("memory of RMSprop"), high=1, below=True),
    "beta1": Number(T("memory of the gradients"), high=1, below=True),
    "beta2": Number(T("memory of their squares"), high=1, below=True),
    "eps": Number(T("keeps divisions from exploding"), above=True),
    "weight_decay": _DECAY,
}
SCHEDULE_WORDS = {
    "constant": Word(T("the same all the time"), ("warmup",)),
    "step": Word(T("times `gamma` every so many epochs"), ("warmup", "every", "gamma")),
    "cosine": Word(T("falls like a cosine to `min` in the last epoch"), ("warmup", "min")),
    "exponential": Word(T("times `gamma` each epoch"), ("warmup", "gamma")),
    "plateau": Word(
        T("times `factor` when the validation loss stands still for `patience` epochs"),
        ("warmup", "factor", "patience", "min"),
    ),
}
SCHEDULE_OPTIONS: dict[str, Option] = {
    "warmup": Number(T("epochs in which the learning rate rises from 0")),
    "every": Number(T("epochs between two steps"), low=1, whole=True),
    "gamma": Number(T("factor of a step"), high=1, above=True),
    "factor": Number(T("factor on a plateau"), high=1, above=True, below=True),
    "patience": Number(T("epochs without progress"), low=1, whole=True),
    "min": Number(T("smallest learning rate")),
}
AUGMENT_OPTIONS: dict[str, Option] = {
    "flip": OneOf(
        T("mirrored, half of the time: `horizontal`, `vertical` or `both`"), ("horizontal", "vertical", "both")
    ),
    "shift": Number(T("moved by up to so many pixels; the edge is repeated"), whole=True),
    "rotate": Number(T("turned by up to so many degrees"), high=180),
    "scale": Number(T("made larger or smaller by up to this share"), high=1, below=True),
    "shear": Number(T("slanted by up to so many degrees"), high=60),
    "crop": Number(T("zeros put around it, so many pixels wide, and a part of the old size cut out"), whole=True),
    "contrast": Number(T("contrast changed by up to this share")),
    "brightness": Number(T("values moved by up to this share of their range")),
    "noise": Number(T("normal noise of this standard deviation, as a share of the range")),
    "cutout": Number(T("a square of so many pixels set to zero"), whole=True),
}
NONE = Word(T("nothing of the kind"))

LINES: dict[str, Line] = {
    "data": Line(T("the data set: a known name, or a path in quotes"), "data mnist", "data fashion-mini", free=True),
    "classes": Line(
        T("the classes that are used, if not all: their names, with commas between them"),
        "classes cat, dog",
        "classes all",
        free=True,
        many=True,
    ),
    "labels_from": Line(
        T("number of the first class, where labels are numbers: 1 for labels from 1 to 10"),
        "labels_from 1",
        "labels_from 0",
        number=Number(T("number"), high=10**9, whole=True),
    ),
    "optimizer": Line(
        T("how gradients change the weights"),
        "optimizer adam lr=0.001",
        "optimizer adam lr=0.001",
        words=OPTIMIZER_WORDS,
        options=OPTIMIZER_OPTIONS,
        beside=T(
            "The formulas are PyTorch's, and so are most defaults. Not so: `eps` is 1e-8 for `adagrad` too (PyTorch: 1e-10); "
            "`adamw` has no weight decay unless it is written (PyTorch: 0.01); the learning rates without `lr` (PyTorch: 0.001 "
            "for `sgd`, 0.01 for `rmsprop`). `momentum` and `nesterov` are SGD with `momentum=0.9`; there is no dampening, no "
            "centred RMSprop, no AMSGrad, no falling rate of Adagrad's own."
        ),
    ),
    "lr": Line(
        T("learning rate; without it: 0.001 (adam, adamw, rmsprop), 0.01 (momentum, nesterov, adagrad), 0.05 (sgd)"),
        "lr 0.001",
        "lr 0.001",
        number=Number(T("learning rate"), above=True),
    ),
    "batch": Line(
        T("images in a step: a number, or `full` for all of them"),
        "batch 128",
        "batch 128",
        number=Number(T("images"), low=1, whole=True),
        words={"full": Word(T("all images in each step"))},
    ),
    "epochs": Line(T("how often all images are seen"), "epochs 5", "epochs 5", number=Number(T("epochs"), whole=True)),
    "schedule": Line(
        T("how the learning rate changes"),
        "schedule cosine warmup=1",
        "schedule constant",
        words=SCHEDULE_WORDS,
        options=SCHEDULE_OPTIONS,
        beside=T(
            "PyTorch's schedules change once in an epoch; `cosine` and `warmup` change here with every step, and `cosine` "
            "agrees with `CosineAnnealingLR(T_max=epochs − warmup)` where epochs begin. `warmup` rises from 0 (PyTorch's "
            "LinearLR: from a third), and the others count from its end. `plateau` watches the validation loss, or without a "
            "validation part that of training. Progress is a loss smaller than the best by more than 0.0001 (PyTorch: by "
            "more than the share 0.0001 of it), and the rate falls after `patience` epochs without progress (PyTorch: after "
            "one more): `patience=3` is PyTorch's `patience=2`. Without the options `factor` is 0.5 and `patience` 2 "
            "(PyTorch: 0.1 and 10), `every` is 10, `gamma` 0.1, with `exponential` 0.95."
        ),
    ),
    "augment": Line(
        T("random changes to the training images, others in each epoch"),
        "augment flip, shift 2, rotate 10",
        "augment none",
        words={"none": NONE},
        options=AUGMENT_OPTIONS,
    ),
    "early_stop": Line(
        T("stops when the validation part gets no better, and goes back to the best weights"),
        "early_stop patience=3",
        "early_stop none",
        number=Number(T("patience"), low=1, whole=True),
        words={
            "none": NONE,
            "loss": Word(T("watch the loss")),
            "accuracy": Word(T("watch the accuracy")),
            "iou": Word(T("watch the mean IoU of masks")),
        },
        options={
            "patience": Number(T("epochs without progress"), low=1, whole=True),
            "min_delta": Number(T("how much better counts as progress")),
            "restore": OneWord(T("go back to the best weights (without this word too)")),
            "norestore": OneWord(T("keep the last weights")),
        },
    ),
    "validation": Line(
        T("part of the training images that is kept aside to watch: a share, or a number of images"),
        "validation 0.1",
        "validation 0.1",
        number=Number(T("share or number")),
        words={"none": NONE},
    ),
    "loss": Line(
        T(
            "what is minimised; `auto`: cross-entropy for classes, the binary one behind one sigmoid and for several labels "
            "at once, squares for numbers and pictures"
        ),
        "loss cross_entropy",
        "loss auto",
        words={
            "auto": Word(T("as the labels and the last layer are")),
            "cross_entropy": Word(T("cross-entropy of the softmax with the class")),
            "binary_cross_entropy": Word(T("cross-entropy of each sigmoid with its yes or no")),
            "mse": Word(T("mean of the squared differences")),
            "mae": Word(T("mean of the absolute differences")),
        },
        options={"weight": Number(T("of an output with a name: how much its loss counts, 1 if left out"), above=True)},
        beside=T(
            "A network with several outputs has a line for each whose loss is not `auto`: `loss boxes mae weight=0.5`. The sum "
            "of all, each times its weight, is minimised."
        ),
    ),
    "class_weights": Line(
        T("how much each class counts in the loss, whose mean is over these weights"),
        "class_weights balanced",
        "class_weights none",
        number=Number(T("one number for each class, in their order; of several labels, how much a yes counts")),
        words={
            "none": Word(T("every image counts alike")),
            "balanced": Word(T("every class counts alike: images/(classes × images of the class)")),
        },
        many=True,
        beside=T(
            "The mean over these weights is PyTorch's. With `label_smoothing` the whole loss of an image counts by the weight "
            "of its class; PyTorch weighs the smoothed part of the loss by the weight of each class. The losses of the "
            "validation part and of the test images are weighted too; that of `convdsl evaluate` is not."
        ),
    ),
    "target": Line(
        T("what the network is to answer"),
        "target images",
        "target labels",
        words={
            "labels": Word(T("what the data set says of each image")),
            "images": Word(
                T("the image itself (an autoencoder), or from a smaller one the whole of it (super-resolution)")
            ),
        },
    ),
    "ignore": Line(
        T("a class of masks that is not known: its pixels teach nothing and count nowhere"),
        "ignore 255",
        "ignore 255",
        number=Number(T("number of the class"), whole=True),
        words={"none": Word(T("every pixel counts"))},
    ),
    "label_smoothing": Line(
        T("share of each label that is spread over all classes"),
        "label_smoothing 0.1",
        "label_smoothing 0",
        number=Number(T("share"), high=1, below=True),
        beside=T(
            "As in PyTorch the label gets 1 − s + s/C, every other class s/C. The losses of the validation part and of the test "
            "images are smoothed too: a loss with smoothing is not to be compared with one without. (Those who evaluate with "
            "another criterion in PyTorch see the smaller figure, and so does `convdsl evaluate`.) With `binary_cross_entropy`, "
            "where PyTorch has none, targets move towards ½ by the share s."
        ),
    ),
    "init": Line(
        T("the first weights; `auto`: He before ReLU and its kind, else Glorot"),
        "init he",
        "init auto",
        words={
            "auto": Word(T("as the activation is")),
            "he": Word(T("normal, variance 2/inputs")),
            "glorot": Word(T("uniform, variance 2/(inputs + outputs)")),
        },
        beside=T(
            "PyTorch starts convolutions and dense layers otherwise: uniform, weights and biases within ±1/√inputs. Here biases "
            "start at 0."
        ),
    ),
    "init_from": Line(
        T(
            "the weights to start from, as far as names, order and shapes agree: a file .safetensors, .pth or .onnx, the folder of "
            "a run (a path in quotes), or a base such as efficientnet-lite0"
        ),
        "init_from efficientnet-lite0",
        "init_from none",
        free=True,
    ),
    "weight_decay": Line(
        T("the share of the weights that each step takes away, times the learning rate"),
        "weight_decay 0.0001",
        "weight_decay 0",
        number=_DECAY,
        beside=T(
            "As in PyTorch, where all parameters are in one group, biases and the factors of `bn` decay too. The decay is added "
            "to the gradient, so that `momentum`, `rmsprop`, `adagrad` and `adam` make something else of it; with `adamw` each "
            "step multiplies the weights by 1 − rate·decay."
        ),
    ),
    "seed": Line(
        T("number that all chance comes from: the same seed gives the same bytes"),
        "seed 1",
        "seed 0",
        number=Number(T("seed"), high=2**32 - 1, whole=True),
    ),
    "limit": Line(
        T("use so many training images and so many test images at most"),
        "limit 1000",
        "limit none",
        number=Number(T("images"), low=1, whole=True),
        words={"none": NONE},
    ),
}

ELSEWHERE = {
    "learningrate": "lr",
    "tasadeaprendizaje": "lr",
    "tasaaprendizaje": "lr",
    "tasa": "lr",
    "alpha": "lr",
    "eta": "lr",
    "batchsize": "batch",
    "lote": "batch",
    "minibatch": "batch",
    "tamanolote": "batch",
    "epoch": "epochs",
    "epocas": "epochs",
    "epoca": "epochs",
    "numepochs": "epochs",
    "nepochs": "epochs",
    "optimiser": "optimizer",
    "optimizador": "optimizer",
    "optim": "optimizer",
    "dataset": "data",
    "datos": "data",
    "train": "data",
    "augmentation": "augment",
    "dataaugmentation": "augment",
    "aumento": "augment",
    "aumentar": "augment",
    "earlystopping": "early_stop",
    "paradatemprana": "early_stop",
    "stop": "early_stop",
    "patience": "early_stop",
    "validationsplit": "validation",
    "valsplit": "validation",
    "val": "validation",
    "validacion": "validation",
    "perdida": "loss",
    "classweight": "class_weights",
    "pesos": "class_weights",
    "pesosclases": "class_weights",
    "posweight": "class_weights",
    "ignoreindex": "ignore",
    "ignorar": "ignore",
    "objetivo": "target",
    "targets": "target",
    "criterion": "loss",
    "coste": "loss",
    "smoothing": "label_smoothing",
    "class": "classes",
    "classnames": "classes",
    "clases": "classes",
    "initfrom": "init_from",
    "pretrained": "init_from",
    "weights": "init_from",
    "preentrenado": "init_from",
    "initializer": "init",
    "inicializacion": "init",
    "semilla": "seed",
    "randomstate": "seed",
    "scheduler": "schedule",
    "lrscheduler": "schedule",
    "lrschedule": "schedule",
    "decay": "weight_decay",
    "l2": "weight_decay",
    "limite": "limit",
    "warmup": "schedule",
}
"""What lines are called elsewhere, folded (see convdsl.network.elsewhere.fold)."""

SAME = {
    "xent": "cross_entropy",
    "crossentropy": "cross_entropy",
    "cross-entropy": "cross_entropy",
    "bce": "binary_cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "bcewithlogits": "binary_cross_entropy",
    "l1": "mae",
    "image": "images",
    "miou": "iou",
    "xavier": "glorot",
    "kaiming": "he",
    "sgdm": "momentum",
    "l2": "mse",
    "off": "none",
    "no": "none",
    "all": "full",
}
"""Words behind a name that are called otherwise elsewhere."""
