"""Build the documentation site: `python docs/build.py [site]`.

The pages in `docs/` and the reference (made from `specs/` and the command line) become static HTML that reads from
a disk without a server: relative links, one stylesheet, one small script for searching. A link that leads nowhere
stops the build.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from posixpath import join, normpath, relpath
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generated import generated_pages  # noqa: E402
from render import Page, page_from  # noqa: E402


@dataclass(frozen=True)
class Section:
    """A part of the menu: its title, the pages it shows, and the folder whose pages belong to it."""

    title: str
    pages: tuple[str, ...]
    folder: str


def sections() -> list[Section]:
    """The menu, from `nav.yaml`: named pages first, then what else lies in the folder."""
    items = yaml.safe_load((HERE / "nav.yaml").read_text(encoding="utf-8"))
    return [Section(i["title"], tuple(i.get("pages", ())), i.get("folder", "")) for i in items]


def sources() -> dict[str, str]:
    """Every page as Markdown by its name relative to `docs/`; written pages win over generated ones."""
    pages = generated_pages()
    for path in sorted(HERE.rglob("*.md")):
        pages[path.relative_to(HERE).as_posix()] = path.read_text(encoding="utf-8")
    return pages


def build(target: Path) -> dict[str, Page]:
    """Write the site into `target`, which is replaced. Raises SystemExit for a link that leads nowhere."""
    pages = {name: page_from(name, text) for name, text in sources().items()}
    broken = broken_links(pages)
    if broken:
        sys.exit("links die nergens heen gaan:\n" + "\n".join(f"  {page}: {link}" for page, link in broken))
    if target.exists():
        shutil.rmtree(target)
    target.mkdir(parents=True)
    menu = sections()
    for page in pages.values():
        path = target / page.url
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_document(page, pages, menu), encoding="utf-8", newline="\n")
    for asset in sorted((HERE / "assets").iterdir()):
        # Pictures lie where the Markdown of a page looks for them.
        place = target / "assets" if asset.suffix == ".png" else target
        place.mkdir(exist_ok=True)
        shutil.copyfile(asset, place / asset.name)
    index = json.dumps(_search_index(pages), ensure_ascii=False, separators=(",", ":"))
    (target / "zoek-index.js").write_text(f"window.ZOEK={index};\n", encoding="utf-8")
    return pages


def broken_links(pages: dict[str, Page]) -> list[tuple[str, str]]:
    """Links to pages or anchors that do not exist, as (page, link)."""
    anchors = {page.url: page.anchors for page in pages.values()}
    found = []
    for page in pages.values():
        for link in page.links:
            if "://" in link or link.startswith("mailto:"):
                continue
            where, _, anchor = link.partition("#")
            target = normpath(join(page.folder, where)) if where else page.url
            if target not in anchors or (anchor and anchor not in anchors[target]):
                found.append((page.name, link))
    return found


# ---- PAGE ---- #


def _document(page: Page, pages: dict[str, Page], menu: list[Section]) -> str:
    root = relpath(".", page.folder or ".")
    title = page.title if page.name == "index.md" else f"{page.title} · bds"
    contents = "".join(
        f'<li class="h{level}"><a href="#{escape(anchor)}">{escape(text)}</a></li>'
        for level, anchor, text in page.headings
        if level == 2
    )
    toc = (
        f'<nav class="toc" aria-label="Op deze pagina"><p>Op deze pagina</p><ul>{contents}</ul></nav>'
        if contents
        else ""
    )
    return f"""<!doctype html>
<html lang="nl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="stylesheet" href="{root}/stijl.css">
</head>
<body data-root="{root}">
<a class="skip" href="#inhoud">Naar de inhoud</a>
<header><a class="home" href="{root}/index.html">bds</a><span>gereedschap voor registratiegegevens van de JGZ</span>
<form role="search"><label for="zoek">Zoek</label><input id="zoek" type="search" autocomplete="off"
 aria-controls="zoekresultaten" placeholder="element, lijst, opdracht"></form></header>
<div id="zoekresultaten" role="region" aria-label="Zoekresultaten" aria-live="polite" hidden></div>
<div class="kolommen">
<nav class="menu" aria-label="Hoofdmenu">{_menu(page, pages, menu, root)}</nav>
<main id="inhoud">{_trail(page, pages, root)}{page.html}</main>
{toc}
</div>
<footer>Documentatie van bds {_version()}. Gemaakt uit de definities; zonder netwerk te lezen.</footer>
<script src="{root}/zoek-index.js"></script>
<script src="{root}/zoek.js"></script>
</body>
</html>
"""


def _menu(page: Page, pages: dict[str, Page], menu: list[Section], root: str) -> str:
    parts = []
    for section in menu:
        names = [n for n in section.pages if n in pages]
        if section.folder:
            names += [n for n in sorted(pages) if n.startswith(f"{section.folder}/") and n not in names]
        items = []
        for name in dict.fromkeys(names):
            target = pages[name]
            current = ' aria-current="page"' if name == page.name else ""
            items.append(f'<li><a href="{root}/{target.url}"{current}>{escape(target.title)}</a></li>')
        if items:
            parts.append(f"<p>{escape(section.title)}</p><ul>{''.join(items)}</ul>")
    return "".join(parts)


def _trail(page: Page, pages: dict[str, Page], root: str) -> str:
    """The pages above this one: the indexes of the folders it lies in."""
    parts = page.name.split("/")[:-1]
    above = [f"{'/'.join(parts[: n + 1])}/index.md" for n in range(len(parts))]
    links = [
        f'<a href="{root}/{pages[name].url}">{escape(pages[name].title)}</a>'
        for name in above
        if name in pages and name != page.name
    ]
    return f'<nav class="kruimels" aria-label="U bent hier">{" › ".join(links)}</nav>' if links else ""


def _version() -> str:
    import bds_tool

    return bds_tool.__version__


def _search_index(pages: dict[str, Page]) -> list[list[Any]]:
    """What the search box looks through: pages, and headings of pages that describe many things."""
    found: list[list[Any]] = []
    for page in pages.values():
        found.append([page.title, page.url])
        found += [
            [text, f"{page.url}#{anchor}"]
            for level, anchor, text in page.headings
            if level > 1 and (anchor.startswith("element-") or page.name.startswith("referentie/"))
        ]
    return found


if __name__ == "__main__":
    made = build(Path(sys.argv[1] if len(sys.argv) > 1 else "site"))
    sys.stderr.write(f"{len(made)} pagina's geschreven\n")
