"""What the samples of PyTorch and ONNX ask for that the language has no words for, and why it has none.

The tests hold that nothing else is left out, and that nothing stands here that could be compared.
"""

from __future__ import annotations

ONE_SIDED = "the language pads evenly, so that sizes have one formula; `p same` is the exception"
KEPT = "a constant that no network of the course or its papers changes"
ELSEWHERE = "values or shares that come from somewhere else than a class, a mask or a picture"
NO_LAYER = "no layer of a convolutional network with one input"

OPTIONS = {
    "a clip other than to 0 and 6": KEPT,
    "a loss that is no mean": "losses are means over the batch",
    "a mean with another divisor": KEPT,
    "a product with a bias for each image": NO_LAYER,
    "adaptive max pooling to a size that does not divide": "adaptive pooling takes means",
    "an empty image": "sizes are at least 1",
    "an input that is no tensor of real numbers": "images are float32 or uint8",
    "celu with another alpha than 1": KEPT,
    "cross-entropy with shares as targets": ELSEWHERE,
    "dropout of a step of training": "what is dropped is drawn by chance",
    "elu with another alpha": "celu, which is elu for alpha 1",
    "eps of a normalisation other than 1e-5": KEPT,
    "flattening with channels first": "the engine's order is that of images: channels last",
    "gelu by tanh": "gelu is computed exactly",
    "hardsigmoid with another alpha": KEPT,
    "instance normalisation by running statistics": "`in` keeps none",
    "no answers at all": "a mean of no values",
    "padding of images or channels": NO_LAYER,
    "padding other than with zeros around all axes": ONE_SIDED,
    "padding that differs before and after": ONE_SIDED,
    "padding with something else than 0": KEPT,
    "padding: circular": ONE_SIDED,
    "padding: reflect": ONE_SIDED,
    "padding: replicate": ONE_SIDED,
    "prelu with other slopes than one for each channel": "prelu learns a slope for each channel",
    "resizing by a fraction": "sizes are whole: factors are",
    "resizing other than by whole factors with pixel centres": "sizes are whole: factors are",
    "selu with another alpha": KEPT,
    "the values of a step of training": "compared through the gradients and losses of PyTorch's samples",
    "upsampling: area": "nearest and bilinear are there",
    "upsampling: bicubic": "nearest and bilinear are there",
    "upsampling: bicubic with corners aligned": "pixel centres are the convention",
    "weights of classes below 0": "a weight below 0 rewards mistakes",
}

_PYTORCH = {
    "an activation that is not in the language": "glu hardshrink logsigmoid mish rrelu softmin softplus softshrink softsign "
    "tanhshrink threshold GLU Hardshrink LogSigmoid LogSoftmax Mish Softmin Softplus Softshrink Softsign Tanhshrink Threshold",
    "a pooling that is not in the language": "fractional_max_pool2d fractional_max_pool3d max_unpool1d max_unpool2d "
    "max_unpool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d",
    "a loss that is not in the language": "binary_cross_entropy cosine_embedding_loss ctc_loss gaussian_nll_loss "
    "hinge_embedding_loss huber_loss kl_div linear_cross_entropy margin_ranking_loss multi_margin_loss "
    "multilabel_margin_loss multilabel_soft_margin_loss nll_loss poisson_nll_loss smooth_l1_loss soft_margin_loss "
    "triplet_margin_loss triplet_margin_with_distance_loss BCELoss CTCLoss CosineEmbeddingLoss GaussianNLLLoss "
    "HingeEmbeddingLoss HuberLoss KLDivLoss LinearCrossEntropyLoss MarginRankingLoss MultiLabelMarginLoss "
    "MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss",
    "a normalisation or a dropout that is not in the language": "alpha_dropout feature_alpha_dropout normalize rms_norm "
    "RMSNorm",
    NO_LAYER: "bilinear cosine_similarity embedding embedding_bag grid_sample multi_head_attention_forward "
    "pairwise_distance pdist pixel_shuffle pixel_unshuffle scaled_dot_product_attention unfold upsample_bilinear "
    "upsample_nearest Bilinear Embedding MultiheadAttention",
}

_ONNX = {
    "a layer that is not in the language": "DeformConv DepthToSpace Hardmax LogSoftmax LpNormalization LpPool MaxUnpool "
    "MeanVarianceNormalization Mish RMSNormalization Shrink Softplus Softsign SpaceToDepth SwiGLU ThresholdedRelu",
    "with an axis, or a number of values, that other suites here cover": "GroupNormalization LayerNormalization "
    "NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss",
}


def names(groups: dict[str, str]) -> dict[str, str]:
    return {f"not in the language: {name}": why for why, text in groups.items() for name in text.split()}


PYTORCH = names(_PYTORCH)
ONNX = names(_ONNX)
