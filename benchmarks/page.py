"""How quick the page is, in the system's Chromium: first sizes at the first visit and at the next, from a key stroke to the
sizes of ResNet-20, and LeNet-5 trained on fashion-mini.

    python benchmarks/page.py [--strokes 60]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import threading
import time
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from playwright.sync_api import sync_playwright

from convdsl.site.building import site, write
from convdsl.site.serving import server

ROOT = Path(__file__).resolve().parent.parent
SETTLED = "html[data-settled=yes]"
STROKE = """() => new Promise(done => {
  const root = document.documentElement;
  const text = document.querySelector('.cm-content');
  text.focus();
  const start = performance.now();
  const seen = new MutationObserver(() => {
    if (root.dataset.settled === 'yes') { seen.disconnect(); done(performance.now() - start); }
  });
  seen.observe(root, {attributeFilter: ['data-settled']});
  document.execCommand('insertText', false, '1');
})"""


def visit(context: Any, address: str) -> tuple[Any, float]:
    page = context.new_page()
    page.set_default_timeout(120_000)
    start = time.perf_counter()
    page.goto(address)
    page.locator(SETTLED).wait_for(state="attached")
    return page, time.perf_counter() - start


STOP = """async () => {
  const start = performance.now();
  document.querySelector('#train .main').click();
  while (document.querySelector('#train').dataset.state !== 'was_stopped') await new Promise(done => setTimeout(done, 2));
  return performance.now() - start;
}"""


def train(page: Any) -> None:
    """Prints how LeNet-5 learns with the page's own settings, and how long a training takes to stop."""
    page.locator("#tab-train").click()
    page.evaluate("text => { convdsl.text = text }", (ROOT / "examples/lenet5.cnn").read_text("utf-8"))
    page.locator(SETTLED).wait_for(state="attached")
    start = time.perf_counter()
    page.locator("#train .main:enabled").click()
    page.locator("#train[data-state=trains]").wait_for()
    print(f"training: begins after {time.perf_counter() - start:.2f} s")
    page.locator("#train[data-state=trained]").wait_for()
    print(page.locator("#train .line").inner_text())
    page.locator("#train .fields input").nth(2).fill("50")
    stops = []
    for _ in range(3):
        page.locator("#train .main:enabled").click()
        page.locator("#train[data-state=trains] .train-line").first.wait_for()
        stops.append(page.evaluate(STOP))
    print(f"stops after {max(stops):.0f} ms at most, of {len(stops)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as program:
        content = site()
        write(Path(folder), content)
        print(f"site: {sum(map(len, content.values())) / 1e6:.1f} MB")
        serving = server(Path(folder))
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{serving.server_port}/"
        chromium = program.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        context = chromium.new_context()
        page, first = visit(context, address)
        print(f"first visit: {first:.2f} s")
        page.locator("html[data-kept]").wait_for(state="attached")
        page.close()
        later = []
        for _ in range(5):
            page, took = visit(context, address)
            later.append(took)
            page.close()
        print(f"later visits: {min(later):.2f} to {max(later):.2f} s, median {median(later):.2f} s")
        page, _ = visit(context, address)
        page.evaluate("text => { convdsl.text = text }", (ROOT / "examples/resnet20.cnn").read_text("utf-8"))
        page.locator("html[data-drawn=yes]").wait_for(state="attached")
        page.locator(".cm-content").press("Control+End")
        page.keyboard.type("# ")
        strokes = []
        for _ in range(options.strokes):
            page.wait_for_timeout(250)
            strokes.append(page.evaluate(STROKE))
        print(
            f"key stroke to sizes, ResNet-20: median {median(strokes):.0f} ms, 95 % {quantiles(strokes, n=20)[-1]:.0f} ms"
        )
        train(page)
        chromium.close()
        serving.shutdown()


if __name__ == "__main__":
    main()
