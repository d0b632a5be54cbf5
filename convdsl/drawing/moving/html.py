"""A film as a page: it plays, and is stepped through by buttons, a slider or the arrow keys; each picture is told in words.
Without scripts it plays as the SVG does."""

from __future__ import annotations

import json

from convdsl.drawing.moving.film import Film
from convdsl.drawing.moving.svg import svg
from convdsl.drawing.themes import Theme, embedded, stylesheet
from convdsl.drawing.writers.svg import escaped
from convdsl.messages import T, language

_CSS = """
body { margin: 1.5rem; font: 15px/1.45 Arial, Helvetica, sans-serif; background: var(--paper); color: var(--ink); }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; }
p { margin: 0 0 1rem; color: var(--muted); }
figure { margin: 0 0 1rem; overflow-x: auto; }
form { display: flex; gap: .6rem; align-items: center; flex-wrap: wrap; }
button { font: inherit; min-width: 2.6rem; padding: .25rem .7rem; color: inherit; background: var(--frame2);
  border: 1px solid var(--frameline); border-radius: .3rem; }
input { flex: 1 1 12rem; max-width: 28rem; }
output { color: var(--ink); }
.still .p { animation: none; visibility: hidden; } .still .p.now { visibility: visible; }
@media print { form { display: none; } }
"""
_SCRIPT = """
(() => {
  const said = SAID, seconds = SECONDS, all = [...document.querySelectorAll('.p')], last = all.length - 1;
  const form = document.querySelector('form'), slider = document.querySelector('input'), told = document.querySelector('output');
  const play = document.getElementById('play');
  let now = 0, timer = 0;
  const show = n => {
    now = Math.max(0, Math.min(last, n));
    all.forEach((g, i) => g.classList.toggle('now', i === now));
    slider.value = now; told.textContent = `${now + 1}/${last + 1}  ${said[now]}`;
  };
  const stop = () => { clearInterval(timer); timer = 0; play.textContent = '▶'; play.setAttribute('aria-pressed', 'false'); };
  const start = () => {
    if (now === last) show(0);
    timer = setInterval(() => now === last ? stop() : show(now + 1), 1000 * seconds);
    play.textContent = '❚❚'; play.setAttribute('aria-pressed', 'true');
  };
  form.hidden = false;
  document.body.classList.add('still');
  document.getElementById('back').onclick = () => { stop(); show(now - 1); };
  document.getElementById('on').onclick = () => { stop(); show(now + 1); };
  play.onclick = () => timer ? stop() : start();
  slider.oninput = () => { stop(); show(+slider.value); };
  form.onsubmit = () => false;
  document.onkeydown = event => {
    if (event.target === slider) return;
    if (event.key === 'ArrowRight') { stop(); show(now + 1); } else if (event.key === 'ArrowLeft') { stop(); show(now - 1); }
  };
  show(0);
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) start();
})();
"""


def write(film: Film, colours: Theme) -> bytes:
    """The content of an HTML file, light and dark whatever `colours` are."""
    said = json.dumps(list(film.said)).replace("<", "\\u003c")
    script = _SCRIPT.replace("SAID", said).replace("SECONDS", f"{film.seconds:g}")
    back, on, play, place = (escaped(str(t)) for t in (T("one back"), T("one on"), T("play"), T("picture")))
    return (
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(film.title)}</title>\n<style>\n:root {{ color-scheme: light dark; }}\n{stylesheet(':root')}{_CSS}"
        f"</style>\n</head>\n<body>\n<main>\n<h1>{escaped(film.title)}</h1>\n<p>{escaped(film.about)}</p>\n"
        f"<figure>\n{svg(film, embedded())}</figure>\n"
        f'<form hidden><button type="button" id="back" aria-label="{back}">◀</button>'
        f'<button type="button" id="play" aria-label="{play}" aria-pressed="false">▶</button>'
        f'<button type="button" id="on" aria-label="{on}">▶|</button>'
        f'<input type="range" min="0" max="{len(film.pictures) - 1}" value="0" aria-label="{place}">'
        f'<output aria-live="polite"></output></form>\n</main>\n<script>{script}</script>\n</body>\n</html>\n'
    ).encode()
