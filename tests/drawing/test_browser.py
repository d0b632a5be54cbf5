"""Drawings and pages as a browser shows them: measured by it, not by us. Chromium is the system's (Debian: `chromium`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from convdsl.drawing.drawing import STYLES
from convdsl.drawing.picture import Drawing, choices
from convdsl.messages import use_language
from convdsl.network import analyse
from convdsl.source import read

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.cnn"))

TEXTS = r"""() => {
  const found = [];
  const texts = [...document.querySelectorAll('svg text')];
  const boxes = texts.map(t => t.getBoundingClientRect());
  const area = document.querySelector('svg').getBoundingClientRect();
  for (let i = 0; i < boxes.length; i++) {
    const a = boxes[i];
    if (a.left < area.left - .5 || a.right > area.right + .5 || a.top < area.top - .5 || a.bottom > area.bottom + .5)
      found.push(['outside', texts[i].textContent]);
    for (let j = i + 1; j < boxes.length; j++) {
      const b = boxes[j];
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      // Boxes of letters have room above and below; what overlaps is what is drawn, without a fifth of it.
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) - .22 * Math.min(a.height, b.height);
      if (wide > .5 && high > .5) found.push(['overlap', texts[i].textContent, texts[j].textContent]);
    }
    const home = texts[i].closest('g.box');
    const shape = home && home.querySelector('rect, polygon');
    const length = parseFloat(texts[i].getAttribute('textLength'));
    texts[i].removeAttribute('textLength');
    texts[i].style.fontKerning = 'none';
    const own = texts[i].getComputedTextLength();
    const foreign = /[⌊⌋⌈⌉⁰⁴-⁹\u202f]/.test(texts[i].textContent);  // not in Arial: another font has them
    if (!foreign && Math.abs(own - length) > Math.max(.02 * length, .6)) found.push(['width', texts[i].textContent, own, length]);
  }
  return found;
}"""


@pytest.mark.parametrize("style", STYLES[1:])
def test_no_text_overlaps_in_any_example(browser: Any, style: str) -> None:
    page = browser.new_page()
    for number, path in enumerate(EXAMPLES):
        use_language("es" if number % 2 else "en")
        made = Drawing(analyse(read(path)), choices(style=style, legend=True, show="sizes,params,macs"))
        page.set_content(f"<!doctype html><body style='margin:0'>{made.svg}</body>")
        assert page.evaluate(TEXTS) == [], (path.stem, style)
    use_language("en")
    page.close()


def test_the_picture_is_that_of_the_pdf(browser: Any) -> None:
    """Chromium's picture of the SVG and PDFium's of the PDF are one: nine tenths of what is dark in one is in the other."""
    import io

    from PIL import Image

    pytest.importorskip("pypdfium2")
    from convdsl.drawing.writers.png import png

    for name, style in (("resnet18", "blocks"), ("alexnet", "boxes"), ("lenet5", "maps"), ("unet", "u")):
        made = Drawing(analyse(read(ROOT / "examples" / f"{name}.cnn")), choices(style=style))
        page = browser.new_page(viewport={"width": int(made.scene.width) + 1, "height": int(made.scene.height) + 1})
        page.set_content(f"<!doctype html><body style='margin:0'>{made.svg}</body>")
        one = Image.open(io.BytesIO(page.screenshot())).convert("L")
        two = Image.open(io.BytesIO(png(made.scene, made.colours, 1.0))).convert("L").resize(one.size)
        page.close()
        small = [
            image.resize((one.width // 4, one.height // 4), Image.Resampling.BOX).tobytes() for image in (one, two)
        ]
        far = sum(abs(a - b) > 48 for a, b in zip(*small, strict=True))
        assert far < 0.01 * len(small[0]), (name, far / len(small[0]))


@pytest.mark.parametrize("name", ["lenet5", "unet", "resnet18"])
def test_a_page_asks_for_nothing_and_can_be_used_by_all(browser: Any, name: str, tmp_path: Path) -> None:
    """No request, no complaint, no barrier by axe; every box is reached by the keyboard, in the order of the data."""
    made = Drawing(analyse(read(ROOT / "examples" / f"{name}.cnn")), choices())
    file = tmp_path / "net.html"
    made.save(file)
    requests: list[str] = []
    for scripts in (False, True):
        page = browser.new_page(java_script_enabled=scripts)
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: requests.append(message.text))
        page.goto(file.as_uri())
        assert page.locator("figure svg:visible").count() == 1
        if scripts:
            axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
            found = axe.run(page)
            assert found.violations_count == 0, found.generate_report()
            boxes = page.evaluate(
                "[...document.querySelectorAll('.box')].filter(g => g.getClientRects().length).length"
            )
            inside = page.locator("figure:visible .box")
            inside.first.focus()
            names = [page.evaluate("document.activeElement.getAttribute('data-nodes')")]
            for _ in range(inside.count() - 1):
                page.keyboard.press("Tab")
                names.append(page.evaluate("document.activeElement.getAttribute('data-nodes')"))
            firsts = [int(re.match(r"\d+", n)[0]) for n in names]  # type: ignore[index]
            assert len(firsts) == boxes and firsts == sorted(firsts)
        page.close()
    assert requests == [file.as_uri()] * 2


def test_a_closed_box_opens_where_it_is_clicked_or_entered(browser: Any, tmp_path: Path) -> None:
    """By the keyboard, and without a script of the page's; no barrier by axe."""
    made = Drawing(analyse(read(ROOT / "examples" / "resnet18.cnn")), choices())
    file = tmp_path / "net.html"
    made.save(file)
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.locator("section.inside:visible").count() == 0
    page.locator("#d0").check()
    boxes = page.locator("figure:visible a.box")
    titles = []
    for number in (0, 1):
        boxes.nth(number).focus()
        page.keyboard.press("Enter")
        opened = page.locator("section.inside:visible")
        assert opened.count() == 1 and opened.locator(".box").count() > 3
        titles.append(opened.get_attribute("aria-label"))
    assert len(set(titles)) == 2
    found = pytest.importorskip("axe_playwright_python.sync_playwright").Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.locator("section.inside:visible h2 a").click()
    assert page.locator("section.inside:visible").count() == 0
    page.close()


def test_opening_shows_another_depth(browser: Any, tmp_path: Path) -> None:
    made = Drawing(analyse(read(ROOT / "examples" / "resnet18.cnn")), choices())
    file = tmp_path / "net.html"
    made.save(file)
    page = browser.new_page(java_script_enabled=False)
    page.goto(file.as_uri())
    counts = []
    for number in range(page.locator("input[type=radio]").count()):
        page.locator(f"#d{number}").check()
        counts.append(page.locator("figure:visible .box").count())
    assert len(counts) > 2 and counts == sorted(counts) and counts[0] < counts[-1]
    page.close()
