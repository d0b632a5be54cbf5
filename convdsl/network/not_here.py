"""Words of other frameworks and languages that nothing here means: an honest answer, and what there is instead."""

from __future__ import annotations

from convdsl.language.options import fold
from convdsl.layers import ACTIVATIONS
from convdsl.messages import T

_ANSWERS: tuple[tuple[str, T], ...] = (
    (
        "lstm gru rnn simplernn embedding attention atencion transformer multiheadattention selfattention multihead "
        "bidirectional recurrent recurrente encoder decoder convlstm positionalencoding",
        T("This is a language for convolutional networks: recurrent and attention layers do not exist in it."),
    ),
    (
        "for foreach loop while",
        T("Layers are repeated with `repeat 3 as I {{ conv 8*I k3 }}`: I is the number of the turn."),
    ),
    (
        "if else elif switch case lambda function",
        T(
            "A program has no conditions and no functions: what is written is what is computed. Layers that are there or not "
            "stand in `repeat N {{ … }}`, where N is 1 or 0."
        ),
    ),
    (
        "softplus mish softsign softshrink hardshrink hardtanh celu threshold logsoftmax logsigmoid rrelu square exp log sqrt",
        T("This function does not exist here. Activations are: {list}.", list=", ".join(ACTIVATIONS)),
    ),
    ("glu gatedlinearunit swiglu geglu", T("A gate is written `mul {{ conv 8 k1 | conv 8 k1 sigmoid }}`.")),
    (
        "permute swapaxes moveaxis rearrange",
        T(
            "`transpose` exchanges height and width, or of a sequence positions and channels. Channels stand last everywhere: "
            "nothing else has to change places."
        ),
    ),
    (
        "unpool maxunpool unpooling",
        T(
            "Putting values back where a maximum was does not exist here. `upsample 2` repeats each value, and `tconv 8 k2 s2` "
            "learns how to enlarge."
        ),
    ),
    (
        "dot outer",
        T("The product of two branches as matrices does not exist here; `mul {{ A | B }}` multiplies value by value."),
    ),
    (
        "fold unfold im2col col2im extractpatches",
        T("Patches are what a convolution sees: `conv 768 k16 s16` gives one position for each patch of 16×16."),
    ),
    (
        "spp spatialpyramidpooling pyramidpooling",
        T(
            "It is written `concat {{ adaptivemaxpool 4x4 -> flatten | adaptivemaxpool 2x2 -> flatten | gmp -> flatten }}`."
        ),
    ),
    ("roi roipool roialign nms anchors proposals", T("Boxes and their choice are no part of a network here.")),
    (
        "weightnorm spectralnorm weightstandardization",
        T("Weights are not normalised here; values are, by `bn`, `ln`, `in`, `gn 4` or `lrn`."),
    ),
    (
        "l2norm l2normalize lpnorm rmsnorm",
        T("This normalisation does not exist here; `bn`, `ln`, `in`, `gn 4` and `lrn` do."),
    ),
    (
        "noise gaussiannoise gaussiandropout alphadropout dropblock",
        T(
            "This disturbance does not exist here. `dropout 0.5` leaves single values out, `droppath 0.2` all values of an image."
        ),
    ),
    (
        "cutmix mixup cutout randomcrop randomflip randomrotation normalization rescaling centerscale",
        T("What is done to images stands in `train {{ augment flip, shift 2 }}`, and their scaling in the data."),
    ),
    (
        "zeros ones constant parameter variable buffer tensor",
        T("A program has no values of its own: `scale fixed=0.5` multiplies by a number, `scale` by learned ones."),
    ),
    (
        "minimum min",
        T("The smallest of branches does not exist here; `max {{ A | B }}` does, and `minpool 2` for windows."),
    ),
    (
        "loss crossentropy mse criterion optimizer optim adam sgd",
        T("How a network is trained stands in its `train {{ … }}` block, outside all braces."),
    ),
)
NOT_HERE: dict[str, T] = {word: answer for words, answer in _ANSWERS for word in words.split()}
"""By the folded word."""


def not_here(word: str) -> T | None:
    """What is said of a word that names something which does not exist here; None for all others."""
    return NOT_HERE.get(fold(word))
