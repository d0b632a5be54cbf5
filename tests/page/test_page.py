"""The page in a real browser: what people see and do there. (What the core says is tested without one.)"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.page.conftest import SETTLED, Visited, typed

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.cnn"))
WAIT_FOR = """async path => {
  while (!await caches.match(path)) await new Promise(done => setTimeout(done, 50));
}"""
E301 = "input 28x28x1\nconv 8 k5 relu\nmaxpool 4\nconv 16 k7 relu\n"


def test_sizes_totals_and_a_drawing_stand_beside_the_program(page: Any) -> None:
    assert "LeNet-5" in page.locator(".cm-content").inner_text()
    assert page.locator("#table tbody tr").count() == 7
    assert "28×28×6" in page.locator("#table").inner_text() and "61,706" in page.locator("#totals").inner_text()
    page.locator("#drawing svg").wait_for()
    assert page.locator("#drawing svg g.box").count() == 8
    assert page.locator(".cm-content .is-layer").count() == 7


def test_the_json_is_that_of_the_command_line(page: Any, capsys: pytest.CaptureFixture[str]) -> None:
    from convdsl.cli import main
    from convdsl.messages import use_language

    for number, path in enumerate(EXAMPLES):
        language = "es" if number % 2 else "en"
        main(["--lang", language, "check", str(path), "--format", "json"])
        use_language("en")
        asked = {"lang": language, "text": path.read_text("utf-8"), "name": str(path)}
        found = page.evaluate("asked => convdsl.ask('check', asked)", asked)
        assert found["json"] + "\n" == capsys.readouterr().out, path.name


@pytest.mark.parametrize("language, help", [("en", "would make it fit"), ("es", "ventana de 6 como máximo")])
def test_an_error_is_under_its_place_with_the_way_out(page: Any, language: str, help: str) -> None:
    page.locator("#language").select_option(language)
    typed(page, E301)
    squiggle = page.locator(".cm-lintRange-error")
    squiggle.wait_for()
    assert squiggle.inner_text() == "k7"
    problem = page.locator(".problem.error")
    assert "E301" in problem.inner_text() and "4:9" in problem.inner_text()
    squiggle.hover()
    assert help in page.locator(".cm-tooltip-lint").inner_text() or help in problem.inner_text()
    problem.get_by_role("button").nth(1).click()  # the first way out
    page.locator(".problem.error").wait_for(state="detached")


def test_words_are_proposed_and_put_in_by_the_keyboard(page: Any) -> None:
    typed(page, "input 28x28x1\n")
    page.locator(".cm-content").press("Control+End")
    page.keyboard.type("maxp")
    page.locator(".cm-tooltip-autocomplete li", has_text="maxpool").wait_for()
    page.wait_for_timeout(150)  # CodeMirror takes no key for a moment, lest one meant for the text is lost
    page.keyboard.press("Enter")
    page.keyboard.type(" 2")
    page.locator("#table", has_text="14×14×1").wait_for()
    assert page.evaluate("convdsl.text") == "input 28x28x1\nmaxpool 2"


def test_the_layer_under_the_cursor_is_explained(page: Any) -> None:
    page.locator("#tab-layer").click()
    page.locator("#table button", has_text="conv 16").dispatch_event("click")
    page.locator("#layer", has_text="conv 16 k5 tanh").wait_for()
    assert "14" in page.locator("#layer .formula").first.inner_text()


def test_holes_are_solved_and_filled(page: Any) -> None:
    typed(page, "input 32x32x3\nconv 6 k?\nexpect 28x28x6\n")
    page.locator("#tab-solve").click()
    page.locator("#solve-now").click()
    page.locator("#solved button", has_text="k = 5").click()
    page.locator("#table", has_text="28×28×6").wait_for(state="attached")
    assert "conv 6 k5" in page.evaluate("convdsl.text")


def test_a_convolution_is_gone_through_place_by_place(page: Any) -> None:
    page.locator("#tab-convolve").click()
    page.locator("#convolve td.result").wait_for()
    assert page.locator("#convolve td.seen").count() == 9 and "= −5" in page.locator("#convolve .line").inner_text()
    page.get_by_label("Matrix 1,1", exact=True).fill("4")
    page.locator("#convolve .line", has_text="= −4").wait_for()
    page.locator("#convolve").get_by_role("button", name="Forward").click()
    page.locator("#convolve td.result .cell[aria-label^='Output 1,2']").wait_for()
    page.get_by_label("Matrix 1,1", exact=True).fill("x")
    page.locator("#convolve .line.wrong").wait_for()
    page.get_by_label("Matrix 1,1", exact=True).fill("3")
    page.locator("#convolve select").select_option("max")
    page.locator("#convolve .cell", has_text="5").first.wait_for()


def test_the_course_asks_hints_marks_and_keeps(page: Any, visited: Visited) -> None:
    page.locator("#tab-course").click()
    page.locator("#course details").first.wait_for()
    page.locator("#course").get_by_role("button", name="Next").click()
    page.locator("#course").get_by_role("button", name="Hint").click()
    page.locator("#course .hint").wait_for()
    page.locator("#course-answer").fill("-77777")
    page.keyboard.press("Enter")
    page.locator("#course .verdict").wait_for()
    kept = page.evaluate("localStorage['convdsl.progress']")
    assert '"tries": 1' in kept
    other = visited.page()  # a second tab goes on with what the first has done
    other.locator("#tab-course").click()
    other.locator("#course details").first.wait_for()
    assert "tried" in (other.locator("#course").text_content() or "")
    other.close()


SLOW_TO_KEEP = """() => {
  const put = Cache.prototype.put;
  Cache.prototype.put = async function (...given) {
    globalThis.keeping = true;
    await new Promise(done => setTimeout(done, 700));
    return put.apply(this, given);
  };
}"""


def test_a_symbol_brings_formulas_and_what_is_asked_while_they_are_kept_waits(page: Any) -> None:
    worker = next(w for w in page.workers if w.url.endswith("/worker.js"))
    worker.evaluate(SLOW_TO_KEEP)
    typed(page, "input NxNx3\nconv 8 k3\nmaxpool 2\n")
    assert "(N − 2)×(N − 2)×8" in page.locator("#table").inner_text()
    for _ in range(80):  # three seconds without a question
        if worker.evaluate("globalThis.keeping"):
            break
        page.wait_for_timeout(50)
    typed(page, "input NxNx3\nconv 9 k3\n")
    assert "(N − 2)×(N − 2)×9" in page.locator("#table").inner_text() and page.locator("#state").inner_text() == ""


def test_the_program_is_in_the_link(page: Any, visited: Visited) -> None:
    program = "# ñandú 💥\ninput 12x12x2\nconv 7 k3\n"
    typed(page, program)
    page.locator("#link").click()
    page.locator("#notice").wait_for()
    link = page.url.removeprefix(visited.address)
    assert link.startswith("#z=")
    other = visited.page(link)
    assert other.evaluate("convdsl.text") == program
    for damage in (link[:-12], link[:-1] + "x", "#z=", "#z=%%%", "#z=AAAA", link.replace("#z=", "#z=x")):
        other.goto("about:blank")
        other.goto(visited.address + damage)
        assert "damaged" in other.locator("#notice").inner_text(), damage
        assert other.evaluate("convdsl.text") == program  # their own
    other.close()


def test_a_link_never_takes_a_program_away(page: Any, visited: Visited) -> None:
    typed(page, "input 5x5x1\nconv 9 k3\n")
    page.goto(visited.address + "#z=y8wrKC1RsKiwqDDkSs7PK1MwUsg25gIA")
    page.locator(SETTLED).wait_for(state="attached")
    page.locator("#examples").select_option(label="your program before")
    assert page.evaluate("convdsl.text") == "input 5x5x1\nconv 9 k3\n"


def test_what_was_typed_is_there_after_a_reload(page: Any) -> None:
    page.locator(".cm-content").press("Control+Home")
    page.keyboard.type("# mine\n")
    page.reload()
    page.locator(SETTLED).wait_for(state="attached")
    assert page.evaluate("convdsl.text").startswith("# mine\n")


@pytest.mark.parametrize(
    "trouble",
    [
        "for (const s of ['localStorage', 'sessionStorage']) Object.defineProperty(window, s, {get() {throw new Error()}})",
        "Storage.prototype.setItem = () => {throw new DOMException('', 'QuotaExceededError')}",
    ],
    ids=["switched off", "full"],
)
def test_where_nothing_can_be_kept_it_says_so_once_and_works(visited: Visited, trouble: str) -> None:
    page = visited.context.new_page()
    page.add_init_script(trouble)
    page.goto(visited.address)
    page.locator(SETTLED).wait_for(state="attached")
    typed(page, "input 9x9x1\nconv 3 k3\n")
    page.locator("#notice", has_text="cannot be kept").wait_for()
    assert "7×7×3" in page.locator("#table").inner_text() and page.evaluate("convdsl.text").endswith("k3\n")
    page.close()


def test_a_worker_that_dies_is_replaced(page: Any) -> None:
    page.workers[-1].evaluate("setTimeout(() => { throw new Error('dead') })")
    page.locator("html[data-core=loading]").wait_for(state="attached")
    page.keyboard.press("Control+End")
    typed(page, "input 9x9x1\nconv 3 k3\n")
    assert "7×7×3" in page.locator("#table").inner_text() and page.locator("#state").inner_text() == ""


def test_later_visits_begin_with_the_memory_of_the_first(visited: Visited) -> None:
    page = visited.page()
    assert page.locator("html").get_attribute("data-core") == "ready from memory"
    page.close()


def test_what_takes_too_long_is_stopped(page: Any) -> None:
    found = page.evaluate("convdsl.ask('check', {text: 'input 224x224x3\\nrepeat 9000 {conv 3 k3 same}'}, 20)")
    assert found == {"late": 0.02}
    typed(page, "input 9x9x1\nconv 3 k3\n")
    assert "7×7×3" in page.locator("#table").inner_text()


def test_a_megabyte_is_answered(page: Any) -> None:
    text = "input 32x32x3\n" + "conv 3 k3 same\n" * 70_000
    page.evaluate("text => { convdsl.text = text }", text)
    page.locator("#state.late, #problems .problem, html[data-settled=yes]").first.wait_for(state="attached")
    assert page.evaluate("convdsl.text") == text
    typed(page, "input 9x9x1\nconv 3 k3\n")
    assert "7×7×3" in page.locator("#table").inner_text()


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_use_it(visited: Visited, width: int, theme: str) -> None:
    """No finding of axe in any tab, and nothing wider than the screen."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visited.page(width=width, height=740)
    page.locator("#theme").select_option(theme)
    page.locator("#language").select_option("es" if theme == "dark" else "en")
    typed(page, E301 + "conv 6 k3 s2\n")
    for tab in page.get_by_role("tab").all():
        tab.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab.inner_text()
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
    visited.leave(page)


def test_tabs_go_by_arrow_keys_and_the_editor_can_be_left(page: Any) -> None:
    page.locator(".cm-content").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.cm-content')") is None
    page.locator("#tab-network").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-layer" and page.locator("#layer").is_visible()
    page.keyboard.press("End")
    assert page.locator("[role=tabpanel]:visible").count() == 1


def test_it_works_without_a_network_after_the_first_visit(visit: Callable[..., Visited]) -> None:
    visited = visit()
    page = visited.page()
    page.locator("html[data-kept]").wait_for(state="attached")
    for later in ("python/sympy.zip", "fashion-mini.packed"):
        page.evaluate(WAIT_FOR, later)
    page.close()
    visited.context.unroute_all()
    visited.context.set_offline(True)
    page = visited.page()
    typed(page, "input NxNx3\nconv 8 k3\n")
    assert "(N − 2)×(N − 2)×8" in page.locator("#table").inner_text()
    page.locator("#tab-train").click()
    typed(page, "input 28x28x1\nconv 2 k5 s4 relu\ndense 10 softmax\n")
    page.locator("#train .main:enabled").click()
    page.locator("#train[data-state=trained]").wait_for()
    page.close()
    assert visited.foreign == []


def test_the_drawing_fits_and_stands_out(page: Any) -> None:
    """More than a twentieth of it is not background, no text lies over another, and it is as wide as its place."""
    import io

    from PIL import Image

    from tests.drawing.test_browser import TEXTS

    for path in ("resnet20", "unet", "googlenet"):
        typed(page, (ROOT / "examples" / f"{path}.cnn").read_text("utf-8"))
        page.locator("html[data-drawn=yes]").wait_for(state="attached")
        image = Image.open(io.BytesIO(page.locator("#drawing").screenshot())).convert("L")
        ground = image.getpixel((0, 0))
        assert sum(value != ground for value in image.tobytes()) > image.width * image.height / 20
        box = page.locator("#drawing svg").bounding_box()
        assert box["width"] <= page.locator("#drawing").bounding_box()["width"] + 1
    assert not [t for t in page.evaluate(TEXTS) if t[0] == "overlap"]


def test_another_language_changes_every_word(page: Any) -> None:
    english = re.findall(r"[A-Za-z]{4,}", page.locator("body").inner_text())
    page.locator("#language").select_option("es")
    page.locator("#totals", has_text="parámetros").wait_for()
    page.locator("#table", has_text="campo receptivo").wait_for()
    spanish = page.locator("body").inner_text()
    assert page.locator("html").get_attribute("lang") == "es"
    for words in ("Copy link", "Download", "Network", "receptive field", "Everything is computed here"):
        assert words not in spanish and words.split()[0] in english
