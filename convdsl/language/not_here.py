"""Words of other frameworks and languages that nothing here means: an honest answer, and what there is instead."""

from __future__ import annotations

import re

from convdsl.language.keywords import ACTIVATION_NAMES
from convdsl.language.options import fold
from convdsl.messages import T


class _Activations:
    """The names of all activations, once they are declared."""

    def __str__(self) -> str:
        return ", ".join(ACTIVATION_NAMES)


_NO_FUNCTION = T("This function does not exist here. Activations are: {list}.", list=_Activations())
_TRAINING = T("How a network is trained stands in its `train {{ … }}` block, outside all braces.")
_IMAGES = T("What is done to images stands in `train {{ augment flip, shift 2 }}`, and their scaling in the data.")
_SEQUENCES = T("This is a language for convolutional networks: recurrent and attention layers do not exist in it.")

_ANSWERS: tuple[tuple[str, T], ...] = (
    (
        "lstm gru rnn simplernn embedding embeddingbag embed attention atencion transformer multiheadattention selfattention "
        "multihead bidirectional recurrent recurrente encoder decoder convlstm positionalencoding positionalembedding "
        "transformerencoder transformerdecoder transformerencoderlayer transformerdecoderlayer additiveattention "
        "groupqueryattention multiheaddotproductattention scaleddotproductattention rotaryembedding clstoken mamba ssm "
        "hopfield stackedrnncells",
        _SEQUENCES,
    ),
    (
        "for foreach loop while scan",
        T("Layers are repeated with `repeat 3 as I {{ conv 8*I k3 }}`: I is the number of the turn."),
    ),
    (
        "if else elif switch case lambda function where",
        T(
            "A program has no conditions and no functions: what is written is what is computed. Layers that are there or not "
            "stand in `repeat N {{ … }}`, where N is 1 or 0."
        ),
    ),
    (
        "sequential modulelist stackedlayers",
        T("A program is a list of layers already: each stands on its own line, or behind `->`."),
    ),
    (
        "timedistributed einsumdense densegeneral",
        T("`conv 8 k1` does the same at each position: it is a dense layer over its channels."),
    ),
    (
        "softplus mish softsign softshrink hardshrink hardtanh celu threshold thresholdedrelu logsoftmax logsigmoid rrelu square "
        "squareplus sparseplus exp log sqrt tanhshrink shrink softmin hardmax softargmax sparsemax entmax gumbelsoftmax "
        "logsumexp sin cos tan erf floor ceil round sign reciprocal pow power mod adaptivelogsoftmaxwithloss",
        _NO_FUNCTION,
    ),
    ("clip clamp", T("Values are cut off by `relu6` alone, at 0 and 6; other bounds do not exist here.")),
    ("neg negative", T("The other sign is a factor: `scale fixed=-1`.")),
    ("abs absolute", T("|x| is written `add {{ relu | scale fixed=-1 -> relu }}`.")),
    ("glu gatedlinearunit swiglu geglu gatedconv", T("A gate is written `mul {{ conv 8 k1 | conv 8 k1 sigmoid }}`.")),
    (
        "permute swapaxes moveaxis rearrange",
        T(
            "`transpose` exchanges height and width, or of a sequence positions and channels. Channels stand last everywhere: "
            "nothing else has to change places."
        ),
    ),
    (
        "squeeze unsqueeze expanddims unflatten",
        T("No axis of size 1 has to be made or taken away; `flatten` and `reshape 4x4x16` change the shape."),
    ),
    (
        "tile expand repeatvector repeatinterleave broadcast broadcastto",
        T(
            "`upsample 2` repeats each value. `add {{ A | B }}` and `mul {{ A | B }}` stretch 1×1×C over all positions and H×W×1 "
            "over all channels."
        ),
    ),
    (
        "dot outer",
        T(
            "The product of two branches as matrices is `matmul {{ A | B }}`; `mul {{ A | B }}` multiplies value by value."
        ),
    ),
    (
        "fold unfold im2col col2im extractpatches patchembed patchembedding patchify",
        T("Patches are what a convolution sees: `conv 768 k16 s16` gives one position for each patch of 16×16."),
    ),
    (
        "separableconv sepconv depthwiseseparable depthwiseseparableconv xconv",
        T("It is two layers: `dwconv k3 p1 nobias -> conv 8 k1`."),
    ),
    ("dilatedconv atrousconv atrous", T("Dilation is an option: `conv 8 k3 p2 d2`.")),
    ("causalconv", T("All zeros stand before the sequence with `conv 8 k3 p causal`.")),
    ("pointwise pointwiseconv", T("It is written `conv 8 k1`.")),
    ("groupconv groupedconv", T("Groups are an option: `conv 8 k3 p1 g2`.")),
    ("subpixelconv", T("It is two layers: `conv 32 k3 p1 -> pixelshuffle 2`.")),
    (
        "deformconv deformableconv involution octconv condconv dynamicconv partialconv maskedconv sparseconv submconv graphconv "
        "gcnconv capsule wsconv weightstandardizedconv equalizedconv modulatedconv coordconv rbf vq bilinear lazylayer",
        T("This layer does not exist here. `conv`, `dwconv`, `tconv`, `local` and `dense` learn weights."),
    ),
    (
        "convinteger qlinearconv quantizelinear dequantizelinear quantize quantizer fakequant quantizeddense",
        T("Numbers are not rounded to few bits here: a network computes with float32."),
    ),
    (
        "spp spatialpyramidpooling pyramidpooling",
        T(
            "It is written `concat {{ adaptivemaxpool 4x4 -> flatten | adaptivemaxpool 2x2 -> flatten | gmp -> flatten }}`."
        ),
    ),
    (
        "se seblock selayer squeezeexcitation squeezeexcite squeezeandexcitation semodule",
        T("It is written `mul {{ identity | gap -> conv 4 k1 relu -> conv 16 k1 sigmoid }}`, for 16 channels."),
    ),
    (
        "cbam inception bottleneck mbconv invertedresidual basicblock resblock residualblock denseblock "
        "ghost ghostmodule aspp fpn "
        "featurepyramid featurepyramidnetwork nonlocal fire firemodule sppf csp c2f nin highway convnormactivation",
        T(
            "Parts of known networks are blocks that a program writes itself, `block unit(C) {{ … }}`, and "
            "calls, `unit(64)`: the "
            "folder `examples` holds many."
        ),
    ),
    (
        "fractionalmaxpool lppool globallppool lppooling maxroipool stochasticpool kmaxpool gempool softpool mixedpool rankpool "
        "adaptivelppool",
        T("This pooling does not exist here: there are `maxpool 2`, `minpool 2`, `avgpool 2` and `medianpool 3`."),
    ),
    (
        "reflectionpad reflectpad replicationpad replicatepad edgepad circularpad wrappad constantpad symmetricpad mirrorpad",
        T("What is added around an image is always zeros: `pad 1`."),
    ),
    (
        "centercrop centercroppad croptosize",
        T("`crop 4` takes 4 values away on each side of each axis; it is not told what is to be left."),
    ),
    (
        "blurpool antialias antialiasing blur gaussianblur smoothing upfirdn",
        T("A fixed filter smooths: `filter gaussian s2`."),
    ),
    ("sobel prewitt", T("A fixed filter finds edges: `filter sobel_x` and `filter sobel_y`.")),
    ("laplacian laplace", T("A fixed filter finds edges: `filter laplacian`.")),
    (
        "dropout1d dropout2d dropout3d spatialdropout spatialdropout1d spatialdropout2d spatialdropout3d "
        "featuredropout channeldropout",
        T(
            "Whole channels are not left out here. `dropout 0.5` leaves single values out, `droppath 0.2` all values of an image."
        ),
    ),
    (
        "noise gaussiannoise gaussiandropout alphadropout featurealphadropout dropblock bernoulli noiseinjection eyelike",
        T(
            "This disturbance does not exist here. `dropout 0.5` leaves single values out, `droppath 0.2` all values of an image."
        ),
    ),
    (
        "roi roipool roialign nms anchors proposals nonmaxsuppression beam ctcdecoder crf",
        T("Boxes and their choice are no part of a network here."),
    ),
    (
        "argmax argmin topk onehot sort equal greater less not cumsum multinomial unique",
        T("Choosing is no layer: a network ends in its scores, and `predict` names the best of them."),
    ),
    (
        "gridsample affinegrid spatialtransformer stn warp remap",
        T("Sampling at places that are computed does not exist here; `resize 17x17` and `upsample 2` have fixed ones."),
    ),
    (
        "roll flip rot90 rotate reverse reversesequence mirror",
        T("Nothing turns or mirrors values here; `train {{ augment flip }}` mirrors images while they are learned."),
    ),
    (
        "gather gathernd scatter scatternd scatterelements gatherelements indexselect cast astype to shape "
        "size trilu triu contiguous "
        "clone detach compact stopgradient masking maskedfill",
        T(
            "Values are not picked one by one and have one type: `slice 8 skip=4` takes channels, `crop 4` cuts off borders."
        ),
    ),
    (
        "reducemean reduceavg",
        T(
            "`globalavgpool` is the mean over all positions, `globalavgpool channels` over all channels, "
            "`avgpool 2` under windows."
        ),
    ),
    (
        "reducemax reducemin",
        T("`globalmaxpool` is the largest value over all positions, `globalmaxpool channels` over all channels."),
    ),
    (
        "reducesum reducel1 reducel2 reduceprod reducelogsumexp norm std",
        T("This sum over positions does not exist here; `globalavgpool` is their mean."),
    ),
    (
        "stack eltwise merge join parallel branch branches",
        T(
            "Branches stand in braces: `concat {{ A | B }}` puts their channels side by side, `add {{ A | B }}` "
            "adds them value by "
            "value."
        ),
    ),
    (
        "sub subtract minus difference",
        T(
            "A difference is the sum with the other sign: `add {{ A | B -> scale fixed=-1 }}`; without its sign it is "
            "`absdiff {{ A | B }}`."
        ),
    ),
    ("div divide division", T("Values are not divided here; `scale fixed=0.5` halves them, and `bn` sets their size.")),
    ("hadamard", T("It is written `mul {{ A | B }}`.")),
    (
        "distance pairwisedistance cosinesimilarity similarity euclidean cosine dotproduct",
        T(
            "Distances do not exist here. `absdiff {{ A | B }}` is how far two branches are apart, value by value, "
            "`matmul {{ A | B }}` "
            "their product as matrices."
        ),
    ),
    ("frozenbatchnorm frozenbn", T("What does not change stands in `freeze {{ bn }}`.")),
    (
        "weightnorm spectralnorm spectralnormalization weightstandardization",
        T("Weights are not normalised here; values are, by `bn`, `ln`, `in`, `gn 4` or `lrn`."),
    ),
    (
        "l2norm l2normalize lpnorm lpnormalization rmsnorm rmsnormalization unitnormalization normalize "
        "standardize pixelnorm adain "
        "spade filterresponsenorm frn evonorm batchrenorm renorm switchablenorm demodulate whitening zca "
        "meanvariancenormalization",
        T("This normalisation does not exist here; `bn`, `ln`, `in`, `gn 4` and `lrn` do."),
    ),
    (
        "cutmix mixup cutout randomcrop randomflip randomrotation normalization rescaling centerscale",
        _IMAGES,
    ),
    (
        "hashing stringlookup integerlookup textvectorization categoryencoding discretization melspectrogram "
        "stftspectrogram stft dft "
        "fft imagedecoder tokenizer histogram hog lbp",
        T("Data is made ready before a network sees it: a program begins with numbers."),
    ),
    (
        "zeros ones constant parameter variable buffer tensor randomnormal randomuniform",
        T("A program has no values of its own: `scale fixed=0.5` multiplies by a number, `scale` by learned ones."),
    ),
    (
        "minimum min",
        T("The smallest of branches does not exist here; `max {{ A | B }}` does, and `minpool 2` for windows."),
    ),
    (
        "loss crossentropy mse criterion optimizer optim adam sgd l1 l2 weightdecay regularizer "
        "activityregularization kldivergence "
        "kldiv ctc accuracy softmaxwithloss arcface cosface reparameterize sampling scheduler earlystopping",
        _TRAINING,
    ),
)
NOT_HERE: dict[str, T] = {word: answer for words, answer in _ANSWERS for word in words.split()}
"""By the folded word, or by the word with its rank where that says more."""
_KINDS = (
    (re.compile(r".*loss"), _TRAINING),
    (re.compile(r"random.{3,}"), _IMAGES),
    (re.compile(r".*(lstm|gru|rnn)cell"), _SEQUENCES),
)
"""Names that are made alike, and are many."""


_MEANT_OTHERWISE = dict.fromkeys(
    ("layernorm", "layernormalization"),
    T(
        "`ln channels` is over the channels of each position, as in most frameworks; `ln` is over all values of an image."
    ),
)
"""Names of layers that mean something else where they are spelled so."""


def meant_otherwise(word: str) -> T | None:
    """What is said of the name of a layer that another layer has elsewhere."""
    return _MEANT_OTHERWISE.get(fold(word))


def not_here(word: str) -> T | None:
    """What is said of a word that names something which does not exist here; None for all others."""
    plain = fold(word)
    found = (
        NOT_HERE.get(word.lower().replace("_", "")) or NOT_HERE.get(plain) or NOT_HERE.get(plain.removeprefix("lazy"))
    )
    return found or next((answer for kind, answer in _KINDS if kind.fullmatch(plain)), None)
