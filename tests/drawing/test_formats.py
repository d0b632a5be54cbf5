"""What is written for each format can be read by others: PDF, PNG, LaTeX, Mermaid, pages."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from convdsl.drawing import measure
from convdsl.drawing.drawing import STYLES
from convdsl.drawing.picture import FORMATS, CannotDraw, Drawing, choices, ending
from convdsl.drawing.scene import Text
from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.source import Source, read
from tests.drawing.reading import check_markup, read_svg

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.cnn"))
PDFLATEX = shutil.which("pdflatex")
HAS_TIKZ = PDFLATEX and not subprocess.run(["kpsewhich", "tikz.sty"], capture_output=True, check=False).returncode
NASTY = '<b> & "x" \\end{document} %$#_^~ {} </text> | ; ]] <script>alert(1)</script>'


def drawing(name: str, **chosen: object) -> Drawing:
    return Drawing(analyse(read(ROOT / "examples" / f"{name}.cnn")), choices(**chosen))  # type: ignore[arg-type]


def labels(made: Drawing) -> list[str]:
    return [s.text for g in made.scene.groups for s in g.shapes if isinstance(s, Text)]


@pytest.mark.parametrize("name", ["lenet5", "unet", "googlenet", "resnet50"])
@pytest.mark.skipif(not shutil.which("pdftotext"), reason="there is no pdftotext here (poppler-utils)")
def test_pdf_has_every_label_and_its_font(name: str, tmp_path: Path) -> None:
    pytest.importorskip("reportlab")
    made = drawing(name, legend=True)
    made.save(tmp_path / "net.pdf")
    text = subprocess.run(
        ["pdftotext", "-raw", str(tmp_path / "net.pdf"), "-"], capture_output=True, text=True, check=True
    )
    words = " ".join(text.stdout.split())
    for label in set(labels(made)):
        assert words.count(label) >= labels(made).count(label), label
    fonts = subprocess.run(["pdffonts", str(tmp_path / "net.pdf")], capture_output=True, text=True, check=True).stdout
    rows = fonts.splitlines()[2:]
    assert rows and all("ConvdslSans" in row and row.split()[-5] == "yes" for row in rows), fonts


def test_pdf_and_png_are_the_same_every_time() -> None:
    pytest.importorskip("reportlab")
    pytest.importorskip("pypdfium2")
    for format in ("pdf", "png"):
        assert drawing("lenet5").written(format) == drawing("lenet5").written(format)


def test_png_is_as_large_as_the_scene_twice() -> None:
    pytest.importorskip("pypdfium2")
    from PIL import Image

    for style in STYLES[1:]:
        made = drawing("unet", style=style)
        picture = Image.open(io.BytesIO(made.written("png"))).convert("RGB")
        wanted = (made.scene.width * 2, made.scene.height * 2)
        assert all(abs(a - b) <= 2 for a, b in zip(picture.size, wanted, strict=True))
        paper = picture.getpixel((0, 0))
        colours = picture.getcolors(1 << 24) or []
        background = sum(n for n, colour in colours if colour == paper)
        assert background < 0.97 * picture.width * picture.height
        for x, y, fill in ((s.x + 1.5, s.y + s.height - 1.5, s.fill) for s in _rectangles(made)):
            if fill == "fill:dense":
                found = picture.getpixel((int(2 * x), int(2 * (y - 10))))
                assert found != paper, (x, y)


def _rectangles(made: Drawing) -> list:
    from convdsl.drawing.scene import Rect

    return [s for g in made.scene.groups if g.role == "box" for s in g.shapes if isinstance(s, Rect) and s.radius == 0]


@pytest.mark.skipif(not HAS_TIKZ, reason="there is no pdflatex with TikZ here (texlive-latex-base, texlive-pictures)")
def test_latex_sets_every_example(tmp_path: Path) -> None:
    """All of them as one document: the colours of each, then its picture."""
    pictures, head = [], ""
    for number, path in enumerate(EXAMPLES):
        style = STYLES[1:][number % 4]
        use_language("es" if number % 2 else "en")
        text = Drawing(analyse(read(path)), choices(style=style, legend=True)).written("tex").decode()
        before, _, rest = text.partition(r"\begin{document}")
        body = rest.partition(r"\end{document}")[0]
        colours = "\n".join(line for line in before.splitlines() if line.startswith(r"\definecolor"))
        pictures.append(f"{colours}\n\\clearpage{body}")
        head = before
    use_language("en")
    head = re.sub(r"paperwidth=[^,]*,paperheight=[^,]*", "paperwidth=2000pt,paperheight=4000pt", head)
    file = tmp_path / "all.tex"
    file.write_text(head + "\\begin{document}\n" + "\n".join(pictures) + "\\end{document}\n", encoding="utf-8")
    done = subprocess.run(
        [PDFLATEX or "", "-halt-on-error", "-draftmode", file.name], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:].decode(errors="replace")
    assert b"Overfull" not in done.stdout


def test_latex_names_each_box() -> None:
    made = drawing("resnet18")
    text = made.written("tex").decode()
    boxes = [g for g in made.scene.groups if g.role == "box"]
    assert [int(n) for n in re.findall(r"\(n(\d+)\)", text)] == [min(g.nodes) for g in boxes]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_mermaid_has_the_boxes_and_wires_of_the_svg(path: Path) -> None:
    made = Drawing(analyse(read(path)), choices(style="blocks"))
    text = made.written("mmd").decode()
    found = read_svg(made.svg)
    assert len(set(re.findall(r"^ *(n\d+)[\[(]", text, re.M))) == len(found.boxes)
    home = {i: min(nodes) for nodes, _ in found.boxes for i in nodes}
    assert set(re.findall(r"n(\d+) --> n(\d+)", text)) == {(str(home[a]), str(home[b])) for a, b in found.edges}
    assert text.count("subgraph") == len(re.findall(r"^ *end$", text, re.M))
    assert len(text) < 50_000


def test_mermaid_says_what_is_too_much() -> None:
    with pytest.raises(CannotDraw, match="--depth"):
        Drawing(analyse(Source("input 9 -> repeat 600 { dense 9 }", "t")), choices(depth="all")).written("mmd")


def test_a_page_needs_nothing_else() -> None:
    for name in ("unet", "resnet50", "lenet5"):
        page = drawing(name).written("html").decode()
        assert "<script" not in page and not re.search(r"https?:(?!//www\.w3\.org/2000/svg)", page)
        for picture in re.findall(r"<svg.*?</svg>", page, re.S):
            ET.fromstring(picture)
        assert page.count("<tr") == len(drawing(name).analysis.network.nodes) + 1
        places = re.findall(r'<section class="inside" id="(in\d+)"', page)
        assert set(re.findall(r'href="#(in\d+)"', page)) == set(places) and len(set(places)) == len(places)
        assert bool(places) == (name != "lenet5")


@pytest.mark.parametrize("format", ["svg", "tex", "mmd", "html"])
def test_texts_of_others_are_escaped(format: str) -> None:
    """Names and wrong lines come from files; nothing in them ends a text or begins a tag."""
    analysis = analyse(Source(f"net t\ninput 8x8x3\nconv 4 k3\n{NASTY}\n", "t.cnn"))
    analysis = analysis._replace(network=analysis.network._replace(name=NASTY))
    nodes = tuple(n._replace(text=NASTY) for n in analysis.network.nodes)
    analysis.report.network = analysis.network._replace(nodes=nodes)
    analysis = analysis._replace(network=analysis.network._replace(nodes=nodes))
    text = Drawing(analysis, choices()).written(format).decode()
    text = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert "<script>" not in text and "</text> |" not in text
    if format == "svg":
        check_markup(text)
        assert NASTY[:20] in "".join(ET.fromstring(text).itertext())
    if format == "tex":
        assert text.count(r"\end{document}") == 1
    if format == "mmd":
        assert "alert(1)<" not in text and text.count("]]") == 0


def test_names_in_any_script_are_drawn() -> None:
    analysis = analyse(Source("input 8x8x3\nconv 4 k3", "t.cnn"))
    for name in ("сеть", "网络", "شبكة", "δίκτυο", "👩‍🔬"):
        named = analysis._replace(network=analysis.network._replace(name=name))
        assert f"<title>{name}</title>" in Drawing(named, choices()).svg
        assert measure.width(name, 10) > 5


@pytest.mark.parametrize("language", ["en", "es"])
def test_wrong_choices_are_told_with_those_that_there_are(language: str) -> None:
    use_language(language)
    try:
        for wrong, word in (
            ({"style": "cubes"}, "blocks"),
            ({"depth": "deep"}, "all"),
            ({"depth": -1}, "all"),
            ({"show": "sizes,colour"}, "macs"),
            ({"width": 3}, "100"),
            ({"shape": "cwh"}, "c@hw"),
            ({"colour": "red"}, "kind"),
        ):
            with pytest.raises(CannotDraw, match=re.escape(word)):
                choices(**wrong)  # type: ignore[arg-type]
        for name in ("net.gif", "net", "net.svg.txt"):
            with pytest.raises(CannotDraw, match=re.escape(".svg")):
                ending(name)
        assert [ending(f"a.{f.upper()}") for f in FORMATS] == list(FORMATS)
    finally:
        use_language("en")


def test_a_missing_library_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "reportlab.pdfbase", None)
    with pytest.raises(CannotDraw, match=r'reportlab.*pip install "convdsl\[draw\]"'):
        drawing("lenet5").written("pdf")
