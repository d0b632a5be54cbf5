"""Small networks that between them use every option of the language."""

from __future__ import annotations

REARRANGED = [
    "input 6x5x3 -> conv 12 k3 p1 relu -> pixelshuffle 2 -> conv 4 k4 -> pixelunshuffle 3x1 -> dense 3",
    "input 9x3 -> conv 12 k2 -> pixelunshuffle 4 -> conv 6 k1 -> pixelshuffle 3 -> transpose -> conv 4 k2 relu -> dense 3",
    "input 2x4x6x3 -> conv 4 k1 -> pixelunshuffle 1x2x3 -> transpose -> conv 12 k1 tanh -> pixelshuffle 2x1x3 -> dense 3",
    "input 5x6x3 -> conv 6 k2 -> transpose -> maxout 3 -> conv 4 k3x2 relu -> flatten positions -> transpose -> conv 5 k1 "
    "-> transpose -> gap channels -> dense 3",
    "input 5x6x3 -> conv 4 k2 relu -> mul { identity | concat { gmp channels | gap channels } -> conv 1 k3 p1 sigmoid } "
    "-> add { gap -> conv 4 k1 | identity | conv 1 k1 } relu -> mul { conv 1 k1 | gap | identity } -> dense 3",
    "input 6x6x3 -> conv 6 k2 -> mean { conv 6 k3 p1 | identity | conv 6 k1 } relu -> max { conv 6 k1 | identity | conv 6 k1 } "
    "tanh -> scale fixed=0.17 relu -> slice 3 skip=2 -> residual { conv 3 k1 -> scale fixed=-2 } -> dense 3",
    "input 9x3 -> conv 4 k3 p causal relu -> conv 4 k2 d2 s2 p causal -> maxpool 2 s1 p causal -> filter gaussian "
    "-> filter [1 0 -1] -> filter median -> adaptivemaxpool 3 -> dense 3",
    "input 5x6x3 -> conv 4 k2 relu -> resize 7x3 -> conv 3 k2 -> resize 4x9 bilinear -> resize 3x5 bilinear -> dense 3",
    "input 7x2 -> conv 3 k2 relu -> resize 10 -> conv 3 k2 -> resize 4 bilinear -> dense 3",
    "input 5x6x3 -> conv 4 k2 relu -> upsample 2x3 corners -> conv 3 k2 -> resize 4x1 corners -> resize 3x5 corners -> dense 3",
    "input 3x4x2x2 -> conv 3 k1 -> resize 4x3x5 corners -> conv 3 k1 tanh -> upsample 2x1x3 corners -> dense 3",
    "input 3x4x2x2 -> conv 3 k1 -> resize 4x3x5 bilinear -> conv 3 k1 tanh -> resize 2x5x3 -> dense 3",
    "input 7x5x3 -> conv 4 k2 p1 relu -> adaptivemaxpool 3x4 -> filter [1 2 1] -> dense 3",
    "input 3x5x4x2 -> conv 3 k2 relu -> adaptivemaxpool 1x3x2 -> dense 3",
    "input 5x4x3 -> conv 6 k2 relu -> groupsoftmax 3 -> softmax { conv 4 k1 | conv 4 k1 } -> add { slice 4 | slice 4 skip=4 } "
    "-> conv 3 k1 -> matmul { flatten positions -> conv 2 k1 | flatten positions -> transpose -> conv 4 k2 } relu -> dense 3",
    "input 7x6x3 -> conv 4 k2 relu -> maxpool 2 -> keep a -> conv 5 k3 p1 tanh -> maxpool 2 p1 s3 ceil -> keep b -> conv 5 k1 "
    "-> unpool b -> conv 4 k3 p1 -> unpool a -> conv 3 k2 -> add { identity | conv 3 k1 } relu -> dense 3",
    "input 9x3 -> conv 4 k2 -> maxpool 2 s3 d2 p1 -> keep a -> conv 4 k1 tanh -> unpool a -> conv 3 k1 -> dense 3",
    "input 4x3x5x2 -> conv 3 k1 -> maxpool 2x1x2 -> keep a -> maxpool 1x2x2 ceil -> keep b -> residual { conv 3 k1 relu } "
    "-> unpool b -> unpool a -> dense 3",
    "input 6x3 -> matmul { conv 4 k1 | conv 4 k1 -> transpose } softmax -> dense 3",
    "input 6x2 -> conv 4 k1 -> keep a -> matmul { identity | from a -> transpose } -> scale fixed=0.5 softmax -> "
    "matmul { identity | from a } -> residual { conv 4 k1 } -> dense 3",
    "input 6x6x3 -> repeat 1 { conv 4 k1 tanh -> keep s } -> mean { from s } relu -> repeat 1 { conv 4 k1 -> keep t } "
    "-> max { from t } -> dense 3",
    "input 6x6x3 -> absdiff { conv 4 k1 relu | conv 4 k3 p1 } tanh -> absdiff { identity | conv 4 k1 -> bn relu } -> conv 5 k2 "
    "-> keep a -> absdiff { from a | dwconv k3 p1 } -> dense 3",
    "input 6x6x3 -> conv 4 k3 p1 relu -> keep a -> split { repeat 0 { conv 9 k9 } -> conv 3 k1 | "
    "identity } -> concat { identity | from a } -> repeat 3 { conv 4 k1 tanh -> keep s } -> add { from s | from a } -> dense 3",
]
"""What only moves values or joins branches, and values with a name."""

PROGRAMS = [
    *REARRANGED,
    "input 9x9x3 -> conv 8 k3 relu -> maxpool 2 -> dense 10 softmax",
    "input 9x8x3 -> conv 5 k3x2 s2x1 p1x0 d1x2 tanh -> dense 4",
    "input 9x9x4 -> conv 6 k3 g2 p same relu -> conv 20 k3 p1 s2 relu -> dense 4",
    "input 9x9x4 -> conv 6 k3 p same -> conv 6 k3 s3 p1 relu -> gap -> dense 4",
    "input 6x6x4 -> conv 6 k1 -> tconv 5 k3 s2 p1 op1 relu -> tconv 4 k2 s3 -> gap -> dense 3",
    "input 6x6x4 -> conv 6 k1 -> tconv 4 k4 s2 p same g2 -> dwconv k3 p1 m2 relu -> dense 3",
    "input 6x6x4 -> conv 4 k1 -> local 3 k3 p1 relu -> local 2 k2 s2 nobias -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> avgpool 3 s2 p1 ceil -> minpool 2 s1 -> medianpool 3 s1 p1 -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> avgpool 3 s2 p1 exclude_pad -> adaptiveavgpool 2x3 -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> maxpool 3 s2 p1 d1 ceil -> gmp -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> maxpool 3 s1 p2 -> avgpool 4x3 s2x1 p3x2 ceil exclude_pad -> minpool 2 d3 s2 p3 -> dense 3",
    "input 7x6x8 -> conv 16 k3 p1 relu -> maxpool 3 s1 p2 -> medianpool 3x2 s1 p2x1 -> avgpool 5 s3 p4 -> dense 3",
    "input 9x3 -> conv 8 k1 -> avgpool 4 s1 p3 exclude_pad -> maxpool 2 s3 d2 p2 ceil -> dense 3",
    "input 4x4x4x2 -> conv 4 k1 -> maxpool 3 s2 p2 -> avgpool 2 s1 d2 p2 exclude_pad -> dense 3",
    "input 8x8x3 -> conv 4 k3 -> bn relu -> conv 4 k3 -> bn -> dense 3",
    "input 8x8x4 -> conv 4 k3 -> ln relu -> ln channels -> in -> gn 2 sigmoid -> lrn -> scale -> dense 3",
    "input 8x8x4 -> conv 4 k3 -> bn eps=0.1 momentum=0.99 relu -> conv 4 k1 -> freeze { bn eps=0.5 momentum=0.2 } -> "
    "ln eps=0.3 -> ln channels eps=0.2 -> in eps=0.1 tanh -> gn 2 eps=0.4 -> dense 3",
    "input 6x7x3 -> pad after=1 -> conv 4 k3 s2 relu -> pad 1 before=2x0 -> conv 4 k2 p same_lower -> crop before=0x1 after=1 "
    "-> residual { pad before=1x2 -> crop after=1x2 } -> dense 3",
    "input 9x3 -> pad before=2 -> conv 4 k3 relu -> crop after=2 -> maxpool 2 s1 p same_lower -> pad after=3 -> dense 3",
    "input 3x4x5x2 -> conv 2 k1 -> pad before=1x0x2 after=0x1x0 -> conv 3 k2 p same_lower -> crop before=0x1x1 -> dense 3",
    "input 6x5x4 -> conv 4 k4 s2 p same_lower relu -> tconv 3 k3 s2 p same_lower -> dwconv k2 p same_lower -> avgpool 2 s1 "
    "p same_lower -> local 2 k2 p same_lower -> filter gaussian s2 p same_lower -> dense 3",
    "input 6x6x3 -> conv 4 k3 relu6 -> conv 4 k1 leaky_relu 0.1 -> conv 4 k1 prelu -> conv 4 k1 elu -> dense 3",
    "input 6x6x3 -> conv 4 k3 selu -> conv 4 k1 gelu -> conv 4 k1 silu -> conv 4 k1 hardsigmoid -> hardswish -> dense 3",
    "input 6x6x4 -> conv 4 k1 -> residual { conv 4 k3 p1 relu -> conv 4 k3 p1 } -> mul { identity | gap -> conv 4 k1 sigmoid } "
    "-> concat { conv 3 k1 | conv 2 k3 p1 | identity } -> shuffle 3 -> dense 3",
    "input 6x6x4 -> conv 4 k1 -> aux 0.3 { gap -> dense 3 softmax } -> freeze { conv 4 k3 } -> pad 1 -> crop 1x2 "
    "-> upsample 2 -> upsample 2 bilinear -> dense 3 softmax",
    "input 6x6x4 -> conv 4 k3 p1 -> filter gaussian -> filter median -> conv 3 k3 p1 -> dense 8 -> reshape 2x2x2 "
    "-> conv 3 k2 p1 softmax -> flatten -> dense 3",
    "input 20x3 -> conv 4 k3 relu -> maxpool 2 -> tconv 3 k3 s2 -> dense 3",
    "input 4x5x6x2 -> conv 4 k3 p1 relu -> maxpool 2 -> conv 3 k2 -> bn relu -> upsample 2 bilinear -> dense 3",
    "input 12 -> dense 20 relu -> bn -> dense 300 relu -> dense 5 softmax",
    "input 6x6x4 -> freeze { conv 4 k3 relu } -> conv 5 k3 relu -> dense 3",
    "input 8x8x3 -> freeze { conv 4 k3 -> bn relu } -> conv 4 k1 -> freeze { bn relu -> conv 3 k3 -> bn tanh -> bn } "
    "-> residual { freeze { bn } } -> bn -> dense 3",
]
