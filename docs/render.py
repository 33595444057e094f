"""Markdown to HTML: tables, anchors on headings, links between pages.

The parser, markdown-it, comes with rich, so the documentation needs nothing of its own.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

_ANCHOR = re.compile(r"\s*\{#([\w-]+)\}\s*$")


@dataclass(frozen=True)
class Page:
    """One page: `name` in the sources, `url` in the site, and what links and menus need to know of it."""

    name: str
    title: str
    html: str
    headings: tuple[tuple[int, str, str], ...]
    links: tuple[str, ...]

    @property
    def url(self) -> str:
        return self.name.removesuffix(".md") + ".html"

    @property
    def folder(self) -> str:
        return self.name.rpartition("/")[0]

    @property
    def anchors(self) -> set[str]:
        return {anchor for _, anchor, _ in self.headings}


def page_from(name: str, text: str) -> Page:
    """Render one Markdown page; headings get anchors, links to `.md` become links to `.html`."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(text)
    headings: list[tuple[int, str, str]] = []
    links: list[str] = []
    taken: set[str] = set()
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            headings.append(_anchor(token, tokens[place + 1], taken))
        if token.type == "th_open":
            token.attrSet("scope", "col")
        for child in token.children or []:
            if child.type == "link_open":
                href = re.sub(r"\.md(?=#|$)", ".html", str(child.attrGet("href")))
                child.attrSet("href", href)
                links.append(href)
    html = parser.renderer.render(tokens, parser.options, {})
    # Wide tables scroll by themselves, and a keyboard can reach them.
    html = html.replace("<table>", '<div class="tabel" tabindex="0" role="region" aria-label="Tabel"><table>')
    html = html.replace("</table>", "</table></div>")
    html = html.replace('<pre><code class="language-console">', '<pre class="console" tabindex="0"><code>')
    title = headings[0][2] if headings else name
    return Page(name, title, html, tuple(headings), tuple(links))


def _anchor(opening: Token, inline: Token, taken: set[str]) -> tuple[int, str, str]:
    """Give a heading its id: the one written as `{#id}`, else one from its words."""
    given = _ANCHOR.search(inline.content)
    if given and inline.children:
        inline.content = _ANCHOR.sub("", inline.content)
        last = inline.children[-1]
        last.content = _ANCHOR.sub("", last.content)
    text = "".join(c.content for c in inline.children or [] if c.type in {"text", "code_inline"}).strip()
    anchor = given[1] if given else slug(text)
    base, number = anchor, 2
    while anchor in taken:
        anchor, number = f"{base}-{number}", number + 1
    taken.add(anchor)
    opening.attrSet("id", anchor)
    return int(opening.tag[1]), anchor, text


def slug(text: str) -> str:
    """`Wat doet --bds?` → `wat-doet-bds`."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return "-".join(kept.split()) or "kop"


def code(text: str) -> str:
    """Inline code in a table cell."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Text that Markdown leaves as it is."""
    return escape(text, quote=False).replace("|", "\\|").replace("*", "\\*").replace("\n", " ")
