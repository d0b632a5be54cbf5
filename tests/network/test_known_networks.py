"""Networks of papers, written from their figures: the published parameters to the last one, and nothing said of them.

The figures are those of the papers' or of torchvision's implementations (Keras for Xception, without running statistics).
"""

from __future__ import annotations

from collections import Counter

import pytest

from convdsl.network import analyse
from convdsl.source import Source
from tests.nets import EXAMPLES

RESNET = """
block unit(W, C, S, G, D) {
  conv W k1 nobias -> bn relu -> conv W k3 sS p(D) d(D) g(G) nobias -> bn relu -> conv C k1 nobias -> bn
}
block stage(W, C, S, N, G, D) {
  add { unit(W, C, S, G, 1) | conv C k1 sS nobias -> bn } relu
  repeat N-1 { residual { unit(W, C, 1, G, D) } relu }
}
block stem() { conv 64 k7 s2 p3 nobias -> bn relu -> maxpool 3 s2 p1 }
input 224x224x3
stem() -> stage(BASE, 256, 1, 3, GROUPS, 1) -> stage(2*BASE, 512, 2, 4, GROUPS, 1)
"""
BACKBONE = """
block stage8(W, C, N, D) {
  add { unit(W, C, 1, 1, D//2) | conv C k1 nobias -> bn } relu
  repeat N-1 { residual { unit(W, C, 1, 1, D) } relu }
}
stage8(256, 1024, 6, 2)
aux 0.5 { conv 256 k3 p1 nobias -> bn relu -> dropout 0.1 -> conv 21 k1 -> upsample 8 bilinear }
stage8(512, 2048, 3, 4)
"""
DENSENET = """
input 224x224x3
block layer() { concat { identity | bn relu -> conv 128 k1 nobias -> bn relu -> conv 32 k3 p1 nobias } }
block down(C) { bn relu -> conv C k1 nobias -> avgpool 2 }
conv 64 k7 s2 p3 nobias -> bn relu -> maxpool 3 s2 p1
repeat 6 { layer() } -> down(128) -> repeat 12 { layer() } -> down(256)
"""
FIRE = "block fire(S, E) { conv S k1 relu -> concat { conv E k1 relu | conv E k3 p1 relu } }\ninput 224x224x3\n"
SEPARABLE = "block sep(C) { dwconv k3 p1 nobias -> conv C k1 nobias -> bn }\n"

NETWORKS = {
    "wide_resnet50_2": (
        RESNET + "stage(4*BASE, 1024, 2, 6, GROUPS, 1) -> stage(8*BASE, 2048, 2, 3, GROUPS, 1) -> gap -> dense 1000",
        {"BASE": 128, "GROUPS": 1},
        68_883_240,
    ),
    "resnext101_32x8d": (
        RESNET + "stage(4*BASE, 1024, 2, 23, GROUPS, 1) -> stage(8*BASE, 2048, 2, 3, GROUPS, 1) -> gap -> dense 1000",
        {"BASE": 256, "GROUPS": 32},
        88_791_336,
    ),
    "fcn_resnet50": (
        RESNET + BACKBONE + "conv 512 k3 p1 nobias -> bn relu -> dropout 0.1 -> conv 21 k1 -> upsample 8 bilinear",
        {"BASE": 64, "GROUPS": 1},
        35_322_218,
    ),
    "deeplabv3_resnet50": (
        RESNET
        + BACKBONE
        + """
block atrous(D) { conv 256 k3 p(D) d(D) nobias -> bn relu }
concat {
  conv 256 k1 nobias -> bn relu | atrous(12) | atrous(24) | atrous(36)
| gap -> conv 256 k1 nobias -> bn relu -> upsample 28 bilinear
}
conv 256 k1 nobias -> bn relu -> dropout 0.5
conv 256 k3 p1 nobias -> bn relu -> conv 21 k1 -> upsample 8 bilinear
""",
        {"BASE": 64, "GROUPS": 1},
        42_004_074,
    ),
    "densenet169": (
        DENSENET + "repeat 32 { layer() } -> down(640) -> repeat 32 { layer() } -> bn relu -> gap -> dense 1000",
        {},
        14_149_480,
    ),
    "densenet201": (
        DENSENET + "repeat 48 { layer() } -> down(896) -> repeat 32 { layer() } -> bn relu -> gap -> dense 1000",
        {},
        20_013_928,
    ),
    "squeezenet1_0": (
        FIRE
        + "conv 96 k7 s2 relu -> maxpool 3 s2 ceil -> fire(16, 64) -> fire(16, 64) -> fire(32, 128) -> maxpool 3 s2 ceil\n"
        "fire(32, 128) -> fire(48, 192) -> fire(48, 192) -> fire(64, 256) -> maxpool 3 s2 ceil -> fire(64, 256)\n"
        "dropout 0.5 -> conv 1000 k1 relu -> gap",
        {},
        1_248_424,
    ),
    "squeezenet1_1": (
        FIRE + "conv 64 k3 s2 relu -> maxpool 3 s2 ceil -> repeat 2 { fire(16, 64) } -> maxpool 3 s2 ceil\n"
        "repeat 2 { fire(32, 128) } -> maxpool 3 s2 ceil -> repeat 2 { fire(48, 192) } -> repeat 2 { fire(64, 256) }\n"
        "dropout 0.5 -> conv 1000 k1 relu -> gap",
        {},
        1_235_496,
    ),
    "mobilenet_v2": (
        """
input 224x224x3
block unit(T, IN, C, S) {
  repeat 1-1//T { conv T*IN k1 nobias -> bn relu6 }
  dwconv k3 sS p1 nobias -> bn relu6 -> conv C k1 nobias -> bn
}
block stage(T, IN, C, N, S) { unit(T, IN, C, S) -> repeat N-1 { residual { unit(T, C, C, 1) } } }
conv 32 k3 s2 p1 nobias -> bn relu6
stage(1, 32, 16, 1, 1) -> stage(6, 16, 24, 2, 2) -> stage(6, 24, 32, 3, 2) -> stage(6, 32, 64, 4, 2)
stage(6, 64, 96, 3, 1) -> stage(6, 96, 160, 3, 2) -> stage(6, 160, 320, 1, 1)
conv 1280 k1 nobias -> bn relu6 -> gap -> dropout 0.2 -> dense 1000
""",
        {},
        3_504_872,
    ),
    "wrn_28_10": (
        """
input 32x32x3
block body(C, S) { conv C k3 sS p1 nobias -> bn relu -> conv C k3 p1 nobias }
block stage(C, S) {
  bn relu -> add { body(C, S) | conv C k1 sS nobias }
  repeat 3 { residual { bn relu -> body(C, 1) } }
}
conv 16 k3 p1 nobias -> stage(160, 1) -> stage(320, 2) -> stage(640, 2) -> bn relu -> gap -> dense 10
""",
        {},
        36_479_194,
    ),
    "regnet_x_400mf": (
        """
input 224x224x3
block unit(C, S) {
  conv C k1 nobias -> bn relu -> conv C k3 sS p1 g(C/16) nobias -> bn relu -> conv C k1 nobias -> bn
}
block stage(C, N) {
  add { unit(C, 2) | conv C k1 s2 nobias -> bn } relu
  repeat N-1 { residual { unit(C, 1) } relu }
}
conv 32 k3 s2 p1 nobias -> bn relu
stage(32, 1) -> stage(64, 2) -> stage(160, 7) -> stage(400, 12) -> gap -> dense 1000
""",
        {},
        5_495_976,
    ),
    "xception": (
        SEPARABLE
        + """
input 299x299x3
block down(C) { relu -> sep(C) -> maxpool 3 s2 p same }
block entry(C) { add { relu -> sep(C) -> down(C) | conv C k1 s2 p same nobias -> bn } }
conv 32 k3 s2 nobias -> bn relu -> conv 64 k3 nobias -> bn relu
add { sep(128) -> down(128) | conv 128 k1 s2 p same nobias -> bn }
entry(256) -> entry(728)
repeat 8 { residual { repeat 3 { relu -> sep(728) } } }
add { relu -> sep(728) -> down(1024) | conv 1024 k1 s2 p same nobias -> bn }
sep(1536) -> relu -> sep(2048) -> relu -> gap -> dense 1000
""",
        {},
        22_855_952,
    ),
    "vggish": (
        """
input 96x64x1
conv 64 k3 p1 relu -> maxpool 2 -> conv 128 k3 p1 relu -> maxpool 2
repeat 2 { conv 256 k3 p1 relu } -> maxpool 2 -> repeat 2 { conv 512 k3 p1 relu } -> maxpool 2
dense 4096 relu -> dense 4096 relu -> dense 128 relu
""",
        {},
        72_141_184,
    ),
    "r3d_18": (
        """
input 16x112x112x3
block body(C, S) { conv C k3 sS p1 nobias -> bn relu -> conv C k3 p1 nobias -> bn }
block stage(C) { add { body(C, 2) | conv C k1 s2 nobias -> bn } relu -> residual { body(C, 1) } relu }
conv 64 k3x7x7 s1x2x2 p1x3x3 nobias -> bn relu -> repeat 2 { residual { body(64, 1) } relu }
stage(128) -> stage(256) -> stage(512) -> gap -> dense 400
""",
        {},
        33_371_472,
    ),
    "r2plus1d_18": (
        """
input 16x112x112x3
block two(IN, C, M, S) {
  conv M k1x3x3 s1xSxS p0x1x1 nobias -> bn relu -> conv C k3x1x1 sSx1x1 p1x0x0 nobias
}
block body(IN, C, S) {
  two(IN, C, (27*IN*C)//(9*IN+3*C), S) -> bn relu -> two(C, C, (27*IN*C)//(9*IN+3*C), 1) -> bn
}
block stage(C) { add { body(C//2, C, 2) | conv C k1 s2 nobias -> bn } relu -> residual { body(C, C, 1) } relu }
conv 45 k1x7x7 s1x2x2 p0x3x3 nobias -> bn relu -> conv 64 k3x1x1 p1x0x0 nobias -> bn relu
repeat 2 { residual { body(64, 64, 1) } relu }
stage(128) -> stage(256) -> stage(512) -> gap -> dense 400
""",
        {},
        31_505_325,
    ),
    "vdsr": (
        "input 41x41x1\nresidual { repeat 19 { conv 64 k3 p1 nobias relu } -> conv 1 k3 p1 nobias }",
        {},
        664_704,
    ),
    "srcnn": ("input 33x33x1\nconv 64 k9 nobias relu -> conv 32 k1 nobias relu -> conv 1 k5 nobias", {}, 8_032),
    "network_in_network": (
        "input 32x32x3\nconv 192 k5 p2 relu -> conv 160 k1 relu -> conv 96 k1 relu -> maxpool 3 s2 ceil -> dropout 0.5\n"
        "conv 192 k5 p2 relu -> repeat 2 { conv 192 k1 relu } -> maxpool 3 s2 ceil -> dropout 0.5\n"
        "conv 192 k3 p1 relu -> conv 192 k1 relu -> conv 10 k1 relu -> gap",
        {},
        966_986,
    ),
}
RELATIVES = {
    "shufflenet_v2": (
        [
            ({"58": "24", "116": "48", "232": "96"}, 1_366_792),
            ({"58": "88", "116": "176", "232": "352"}, 3_503_624),
            ({"58": "122", "116": "244", "232": "488", "1024 k1": "2048 k1"}, 7_393_996),
        ]
    ),
    "convnext_tiny": ([({"384, 9, 6": "384, 27, 6"}, 50_223_688)]),
}
"""Examples with other numbers in them."""


@pytest.mark.parametrize("name", NETWORKS)
def test_parameters_are_the_published_ones_and_nothing_is_said(name: str) -> None:
    program, symbols, params = NETWORKS[name]
    analysis = analyse(Source(program), symbols=symbols)
    assert not analysis.failed, [str(d.message) for d in analysis.diagnostics]
    assert analysis.report.total.params == params
    assert [(d.code, d.span) for d in analysis.diagnostics if d.code not in ALLOWED.get(name, ())] == []


ALLOWED = {
    "vggish": ("N506",),
    "squeezenet1_0": ("W501",),
    "squeezenet1_1": ("W501",),
}
"""What is true of them: rows that the first window leaves out, a dense layer with nearly all the weights."""


@pytest.mark.parametrize(
    ("name", "changes", "params"), [(n, *relative) for n, relatives in RELATIVES.items() for relative in relatives]
)
def test_relatives_of_the_examples(name: str, changes: dict[str, str], params: int) -> None:
    text = (EXAMPLES / f"{name}.cnn").read_text("utf-8").partition("expect params")[0]
    for old, new in changes.items():
        assert old in text
        text = text.replace(f"({old}", f"({new}") if f"({old}" in text else text.replace(old, new)
    analysis = analyse(Source(text))
    assert not analysis.diagnostics
    assert analysis.report.total.params == params


def test_the_known_networks_are_quiet() -> None:
    """All of the examples and of these together: at most twenty warnings and notes."""
    said: Counter[str] = Counter()
    sources = [Source(path.read_text("utf-8")) for path in EXAMPLES.glob("*.cnn")]
    for analysis in (
        *(analyse(source) for source in sources),
        *(analyse(Source(program), symbols=symbols) for program, symbols, _ in NETWORKS.values()),
    ):
        said.update(d.code for d in analysis.diagnostics)
    assert said.total() <= 20, said
