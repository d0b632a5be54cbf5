"""The documentation as a site in both languages: `python scripts/docs_site.py -o site/docs [--page ../..]`.

Needs the extra `docs` (Sphinx, MyST, Furo). Pages are those of docs/ as they are, and README and the like around them; the site has
the same folders, so that links and pictures lead where they do in the repository. With `--page`, the way from the site's top to
`convdsl page`'s, every program has a link that opens it there.
"""

from __future__ import annotations

import argparse
import base64
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Language(NamedTuple):
    """One language's part: its first page, its pages in the order of the menu (patterns; later ones only add), and words."""

    first: str
    pages: tuple[str, ...]
    other: str
    open: str


LANGUAGES = {
    "en": Language(
        "README.md",
        ("docs/language.md", "docs/layers.md", "docs/training.md", "docs/settings.md", "docs/*.md", "examples/README.md",
         "docs/errors/*.md", "SECURITY.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"),
        "Español", "open in the browser",
    ),
    "es": Language(
        "README.es.md",
        ("docs/es/lenguaje.md", "docs/es/capas.md", "docs/es/entrenamiento.md", "docs/es/ajustes.md", "docs/es/*.md",
         "examples/LEEME.md", "docs/es/errors/*.md", "SECURITY.es.md"),
        "English", "abrir en el navegador",
    ),
}  # fmt: skip
LINK = re.compile(r"(?<=\]\()([^)#\s]+)((?:#[^)\s]*)?)(?=\))")
PROGRAM = re.compile(r"^```cnn\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
CONFIGURATION = """
from sphinx.highlighting import lexers

from convdsl.editing.highlighting import CnnLexer

lexers["cnn"] = CnnLexer()
project = "convdsl"
extensions = ["myst_parser"]
root_doc = {root!r}
language = {language!r}
html_theme = "furo"
html_title = "convdsl"
templates_path = ["templates"]
html_sidebars = {{"**": ["sidebar/brand.html", "language.html", "sidebar/search.html", "sidebar/scroll-start.html",
                       "sidebar/navigation.html", "sidebar/scroll-end.html"]}}
html_extra_path = ["extra"]
html_show_sphinx = False
html_copy_source = False
myst_heading_anchors = 4
myst_url_schemes = {{"http": None, "https": None, "mailto": None, "as-is": "{{{{path}}}}{{{{fragment}}}}"}}
suppress_warnings = ["myst.header", "misc.highlighting_failure"]
exclude_patterns = ["extra", "templates"]
"""
SWITCH = (
    '<p style="padding: 0 1rem"><a href="{{{{ pathto("", 1) }}}}../{other}/index.html" hreflang="{other}" lang="{other}">'
    "{called}</a></p>"
)


def pages(language: Language) -> list[str]:
    """The pages of one language, each once, in the order of the menu."""
    found = [language.first]
    for pattern in language.pages:
        found += sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob(pattern))
    return list(dict.fromkeys(found))


def build(target: Path, page: str | None = None) -> None:
    """Writes the site's folders `en` and `es` and its first page into a new folder. Raises CalledProcessError where Sphinx
    finds a link that leads nowhere."""
    for code, language in LANGUAGES.items():
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder)
            _write_source(source, code, language, page)
            command = [
                sys.executable,
                "-m",
                "sphinx",
                "-q",
                "-W",
                "--keep-going",
                "-b",
                "html",
                "-d",
                str(source / ".cache"),
            ]
            subprocess.run([*command, str(source), str(target / code)], check=True)
            first = target / code / "index.html"
            shutil.copy(target / code / language.first.replace(".md", ".html"), first)
            shutil.rmtree(target / code / ".doctrees", ignore_errors=True)
    (target / "index.html").write_text(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>convdsl</title>'
        '<meta http-equiv="refresh" content="0; url=en/index.html"></head>'
        '<body><p><a href="en/index.html">English</a> · <a href="es/index.html" lang="es">Español</a></p></body></html>\n',
        encoding="utf-8",
    )


def _write_source(folder: Path, code: str, language: Language, page: str | None) -> None:
    """A project of Sphinx: the pages with their links, and beside them what these lead to."""
    known = pages(language)
    other = next(c for c in LANGUAGES if c != code)
    menus = {language.first: [n for n in known[1:] if "/errors/" not in n or n.endswith("/README.md")]}
    for index in (n for n in known if n.endswith("/errors/README.md")):
        menus[index] = [n for n in known if "/errors/" in n and n != index]
    beside = {"docs/images"}  # what pages show or lead to, and is no page
    for name in known:
        text = (ROOT / name).read_text(encoding="utf-8")
        text = "".join(_linked(text, name, set(known), other, beside))
        if page is not None:
            text = PROGRAM.sub(lambda m, n=name: _opened(m, n, page, language), text)
        if name in menus:
            lines = "\n".join(f"/{inside.removesuffix('.md')}" for inside in menus[name])
            text += f"\n```{{toctree}}\n:hidden:\n:maxdepth: 1\n\n{lines}\n```\n"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for name in beside:
        _copy(ROOT / name, folder / "extra" / name)
    shutil.copytree(ROOT / "docs/images", folder / "docs/images")
    (folder / "templates").mkdir()
    (folder / "templates/language.html").write_text(SWITCH.format(other=other, called=language.other), encoding="utf-8")
    root = language.first.removesuffix(".md")
    (folder / "conf.py").write_text(CONFIGURATION.format(root=root, language=code), encoding="utf-8")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.md", "__pycache__"))
    else:
        shutil.copy(source, target)


def _linked(text: str, name: str, known: set[str], other: str, beside: set[str]) -> Iterator[str]:
    """A page whose links lead to pages of this site, to the other language's, or to files beside them; code stays as it is."""
    for number, part in enumerate(re.split(r"(^```.*?^```$|`[^`\n]+`)", text, flags=re.MULTILINE | re.DOTALL)):
        yield part if number % 2 else LINK.sub(lambda m: _target(m[1], m[2], name, known, other, beside), part)


def _target(target: str, anchor: str, name: str, known: set[str], other: str, beside: set[str]) -> str:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if ":" in target or path.startswith("docs/images/"):
        return target + anchor
    if (ROOT / path).is_dir():
        path = next((p for p in (f"{path}/README.md", f"{path}/LEEME.md") if p in known or (ROOT / p).exists()), path)
    up = "../" * name.count("/")
    if path in known:
        return f"{up}{path}{anchor}"
    if path.endswith(".md"):
        return f"as-is:{up}../{other}/{path.removesuffix('.md')}.html{anchor}"
    beside.add(path)
    return f"as-is:{up}{path}{anchor}"


def _opened(program: re.Match[str], name: str, page: str, language: Language) -> str:
    up = "../" * name.count("/")
    link = f'<a class="open" href="{up}../{page}/index.html#z={_packed(program[1])}">{language.open}</a>'
    return f"{program[0]}\n<p>{link}</p>\n"


def _packed(text: str) -> str:
    """A program as the page's address holds it (docs/page.md)."""
    deflate = zlib.compressobj(9, wbits=-15)
    return base64.urlsafe_b64encode(deflate.compress(text.encode()) + deflate.flush()).decode().rstrip("=")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True, help="a folder that is not there yet")
    parser.add_argument("--page", help="the way from the site's top to the page of `convdsl page`")
    options = parser.parse_args()
    if options.output.exists():
        parser.error(f"{options.output} is there already")
    build(options.output, options.page)


if __name__ == "__main__":
    main()
