"""What `import convdsl` offers: a network from a text, and what is known of it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convdsl import caches
from convdsl.diagnostics import Diagnostic, ProgramError, not_text
from convdsl.language.tree import Setting
from convdsl.messages import T
from convdsl.network import Analysis, Node, Report
from convdsl.network.graph import Output
from convdsl.source import NotText, Source, read
from convdsl.training.checked import checked

if TYPE_CHECKING:
    from convdsl.drawing.picture import Drawing
    from convdsl.report.look.writing import Look
    from convdsl.training.ensemble import Ensemble
    from convdsl.training.model import Model
    from convdsl.training.trained import Predictor


class Net:
    """A network that `check` finds no error in. Shapes are tuples with the channels last: (H, W, C)."""

    def __init__(self, analysis: Analysis, weights: Mapping[str, Any] | None = None) -> None:
        self.analysis = analysis
        self.weights: Mapping[str, Any] = weights or {}
        """Weights that came with the network, by name, where it is from a file that holds some (`from_onnx`)."""

    def __repr__(self) -> str:
        return f"<Net {self.name}: {len(self.nodes)} layers>"

    @property
    def name(self) -> str:
        """Its name: from the `net` line, else from the file."""
        return self.analysis.network.name

    @property
    def input(self) -> tuple[Any, ...]:
        """Shape of the input; symbols are sympy expressions."""
        return self.analysis.network.input

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All layers, in the order of the data."""
        return self.analysis.network.nodes

    @property
    def output(self) -> int:
        """Index of the layer whose output is the network's; of several outputs, the last one's."""
        return self.analysis.network.output

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All outputs (`name`, `node`, `span`), in the order of the program. Where there is one without a name, it is ""."""
        return self.analysis.network.outputs

    @property
    def train(self) -> tuple[Setting, ...]:
        """The lines of the `train` block."""
        return self.analysis.network.train

    @property
    def report(self) -> Report:
        """Sizes, costs and receptive fields of all layers, and their totals."""
        return self.analysis.report

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Warnings and notes."""
        return self.analysis.diagnostics

    @cached_property
    def text(self) -> str:
        """The program's text."""
        return self.analysis.source.text

    def summary(self, *, expand: bool = False) -> None:
        """Prints the table that `convdsl check` prints; `expand` lists the layers of every repeated block."""
        from convdsl.report.terminal import print_summary

        print_summary(self.analysis, expand=expand)

    def draw(self, *, theme: str = "light", mono: bool = False, **options: Any) -> Drawing:
        """A drawing, which shows itself in a notebook; its `save(path)` writes a file.

        `options` are those of `convdsl draw`: `style`, `direction`, `depth`, `show`, `colour`, `shape`, `width` (pixels),
        `legend`. Raises convdsl.drawing.picture.CannotDraw, a ValueError, for what there is not.
        """
        from convdsl.drawing.picture import draw

        return draw(self.analysis, theme, mono, **options)

    def _repr_svg_(self) -> str:
        return self.draw().svg

    def _repr_html_(self) -> str:
        """The drawing, and the table of `check`, folded."""
        from html import escape  # 2,231 names of characters

        summary = escape(str(T("sizes and costs")))
        table = self.report._repr_html_()
        return f"<div>{self.draw().svg}</div>\n<details><summary>{summary}</summary>\n{table}\n</details>"

    def compile(self, batch: int | None = None, device: str = "cpu", seed: int | None = None, **options: Any) -> Model:
        """A model with weights, ready to train on `device` in batches of up to `batch` images.

        What is not given comes from the `train` block, else `batch` is 128 and `seed` 0. `options` are those of
        convdsl.training.model.Model: `optimizer`, `loss`, `label_smoothing`, `init`, `threads`, `memory_limit`.
        """
        from convdsl.training.model import Model

        model = Model(self, batch=batch, device=device, seed=seed, **options)
        if self.weights:
            model.load_weights(self.weights, strict=False)
        for line in caches.told():
            warnings.warn(str(line), stacklevel=2)
        return model

    def to_onnx(self, path: str | PathLike[str], weights: Model | Mapping[str, Any] | None = None) -> None:
        """Writes the network with weights as an ONNX file (opset 21): input `input` (N, C, H, W), output `output`.

        `weights` are a model, or arrays by the names of `model.weights` and `model.buffers`; without them those that the
        network came with, else those that training starts from. Side exits are left out. Needs the extra `onnx`. Raises
        ProgramError for a layer that ONNX does not have, ValueError where a size is open or weights are missing, OSError.
        """
        from convdsl import files
        from convdsl.bridges.giving import onnx_bytes

        files.write(path, [onnx_bytes(self, weights)])

    def to_torch(self, weights: Model | Mapping[str, Any] | None = None) -> Any:
        """The network with weights as a `torch.nn.Module`, the class that `convdsl export torch` writes: images are
        N×C×H×W, and in training it also gives its side exits.

        `weights` are as for `to_onnx`. Needs PyTorch. Raises ImportError where it is absent, ProgramError for a layer that
        it cannot say, ValueError where a size is open or weights are missing.
        """
        from convdsl.bridges.giving import torch_source
        from convdsl.bridges.weighted import not_installed

        module, tensors = torch_source(self, weights)
        try:
            from convdsl.bridges.torch.live import live
        except ModuleNotFoundError as error:
            raise ImportError(str(not_installed("torch"))) from error
        return live(module, tensors)


def from_onnx(path: str | PathLike[str], *, input: Sequence[int] | None = None, output: str | None = None) -> Net:
    """The network in an ONNX file, with its weights: `net.compile()` starts from them, `net.text` is its program.

    `input` (channels last) is for a file that leaves its sizes open, `output` chooses one of several. Needs the extra
    `onnx`. Raises convdsl.bridges.pieces.Foreign, which names the node that is no layer of the language.
    """
    from convdsl.bridges.onnx.file import read_onnx

    found = read_onnx(Path(path), input, output)
    return Net(found.analysis, found.weights)


def from_torch(module: Any, example: Any) -> Net:
    """The network of a live `torch.nn.Module`, with its weights, as at inference, by way of `torch.onnx.export`.

    `example` is a tensor N×C×H×W. Needs the extras `torch` and `onnx`. Raises convdsl.bridges.pieces.Foreign, which names
    what cannot be exported or is no layer of the language.
    """
    from convdsl.bridges.torch.exported import from_module

    found = from_module(module, example)
    return Net(found.analysis, found.weights)


def parse(
    text: str, name: str = "<text>", *, symbols: Mapping[str, int] | None = None, input: Sequence[int] | None = None
) -> Net:
    """The network that a text describes.

    `symbols` gives values to symbols, `input` replaces the input's shape (channels last).
    Raises ProgramError, which carries all diagnostics, where there is an error in it; TypeError for what is no text or no
    shape; UnknownSymbol, a ValueError, for a symbol that the program does not have.
    """
    if not isinstance(text, str):
        raise TypeError(
            str(
                T("A program is text, and this is {type}. `convdsl.load(path)` reads a file.", type=type(text).__name__)
            )
        )
    return _net(Source(text, name), symbols, input)


def load(
    path: str | PathLike[str], *, symbols: Mapping[str, int] | None = None, input: Sequence[int] | None = None
) -> Net:
    """The network in a file. Raises OSError where it cannot be read, else what `parse` raises."""
    try:
        source = read(path)
    except NotText as error:
        raise ProgramError((not_text(error),)) from None
    return _net(source, symbols, input)


def trained(path: str | PathLike[str], *, device: str = "cpu", threads: int | None = None) -> Predictor:
    """A network after its training: the folder of a run, its file of weights, or an ensemble.

    Its `answers(images)` are probabilities (n, classes), `evaluate(images, labels)` gives figures. Raises
    convdsl.training.files.FileTrouble where there is nothing that can be used.
    """
    from convdsl.training.ensemble import predictor

    return predictor(Path(path), Net, device=device, threads=threads)


def look(
    network: Predictor | str | PathLike[str],
    image: Any,
    *,
    layer: int = 0,
    what: Sequence[str] = (),
    answer: int | None = None,
    images: Any = None,
) -> Look:
    """What a trained network makes of an image (H, W, C), as `convdsl look` shows it: it shows itself in a notebook, and
    `save(path)` writes .html, .svg or .png.

    `layer` is one layer (0: all), `what` some of convdsl.report.look.panels.WHAT, `answer` the number of the class in
    question (None: the one that is answered), `images` (n, H, W, C) those among which the most exciting ones are looked for.
    Raises what `trained` raises, and ValueError for what there is not.
    """
    from convdsl.report.look.panels import USUAL, WHAT, Request, panels
    from convdsl.report.look.writing import ABOUT, Look
    from convdsl.training.examples import inputs_for

    one: Any = trained(network) if isinstance(network, str | PathLike) else network
    unknown = [w for w in what if w not in WHAT]
    if unknown:
        raise ValueError(str(T("`what` takes {list}; here it is {value}.", list=", ".join(WHAT), value=unknown[0])))
    ready = inputs_for(one.net, image[None], one.settings)[0]
    answers = one.answers(image[None])[0]
    flat = answers.reshape(-1, answers.shape[-1]).mean(0)
    number = int(flat.argmax()) if answer is None else answer
    among = None if images is None else inputs_for(one.net, images, one.settings)
    sure = float(flat[number]) if one.task.kind in ("classes", "labels") and number < len(flat) else None
    number = min(number, one.net.report.shape()[-1] - 1)
    asked = Request(one.model, ready, str(T("an image")), number, one.classes, layer, what or USUAL, among, sure)
    return Look(one.net.name, str(ABOUT), list(panels(asked)))


def ensemble(
    paths: Sequence[str | PathLike[str]], weights: Sequence[float] | None = None, *, device: str = "cpu"
) -> Ensemble:
    """Several trained networks that answer together: the mean of their probabilities, each with its share of `weights`.

    Raises what `trained` raises, and ValueError where the networks do not fit together.
    """
    from convdsl.training import ensemble as room
    from convdsl.training.trained import trained as one

    return room.ensemble([one(Path(path), Net, device=device) for path in paths], weights)


def _net(source: Source, symbols: Mapping[str, int] | None, input: Sequence[int] | None) -> Net:
    if input is not None and (isinstance(input, str) or not isinstance(input, Sequence)):
        raise TypeError(
            str(T("`input` is a shape such as (224, 224, 3), channels last; here it is {value}.", value=repr(input)))
        )
    analysis = checked(source, symbols=symbols, input=None if input is None else tuple(input))
    if analysis.failed:
        raise ProgramError(analysis.diagnostics)
    return Net(analysis)
