"""The site: builds without network, links lead somewhere, every command, rule, protocol and element has its place."""

import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

#: Lists that only repeat the names of rubrieken, groepen and elementen.
REGISTERS = {"W0639", "W0646", "W0647"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def builder():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import build

        yield build
    finally:
        sys.path.remove(str(ROOT / "docs"))


@pytest.fixture(scope="module")
def site(builder, tmp_path_factory):
    """The built site; any attempt to open a connection while building fails."""
    import socket

    def refuse(*_args, **_kwargs):
        pytest.fail("building the documentation opened a connection")

    target = tmp_path_factory.mktemp("docs") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        builder.build(target)
    return target


class Reader(HTMLParser):
    """What a page links to, loads and names; an independent reading of the built HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links, self.loads, self.ids, self.lang, self.headings = [], [], set(), "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if "id" in found:
            self.ids.add(found["id"])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in {"script", "img"} and found.get("src"):
            self.loads.append(found["src"])
        if tag == "link":
            self.loads.append(found["href"])
        if tag == "html":
            self.lang = found.get("lang", "")
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(tag)


@pytest.fixture(scope="module")
def read(site):
    return {
        p.relative_to(site).as_posix(): Reader(p.read_text(encoding="utf-8")) for p in site.rglob("*.html")
    }


def test_every_link_leads_to_a_page_and_an_anchor_that_exist(site, read):
    broken = []
    for name, page in read.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (site / name).parent / unquote(parts.path) if parts.path else site / name
            place = target.resolve()
            if not place.is_file() or (
                parts.fragment
                and parts.fragment not in read[place.relative_to(site.resolve()).as_posix()].ids
            ):
                broken.append((name, link))
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site, read):
    for name, page in read.items():
        for source in page.loads:
            assert not urlsplit(source).scheme, (name, source)
            assert ((site / name).parent / source).resolve().is_file(), (name, source)


def test_every_page_has_a_language_and_one_main_heading(read):
    for name, page in read.items():
        assert page.lang == "nl", name
        assert page.headings.count("h1") == 1, name
        assert "inhoud" in page.ids, name


def test_the_reference_has_a_page_per_rubriek_list_protocol_and_step(read):
    from bds_tool.schema import load, newest, versions
    from bds_tool.schema.protocols import protocols

    d = load(newest())
    wanted = {f"referentie/bds/rubrieken/{r}.html" for r in d.rubrieken}
    wanted |= {f"referentie/bds/waardenlijsten/{e.waardenlijst}.html" for e in d.in_bericht.values()
               if any(n == e.waardenlijst for n, _ in d.waardenlijsten) and e.waardenlijst not in REGISTERS}  # fmt: skip
    wanted |= {f"referentie/protocollen/{p}.html" for p in protocols()}
    known = versions()
    wanted |= {f"referentie/verschillen/{a}-{b}.html" for a, b in pairwise(known)}
    assert wanted <= read.keys()
    for e in d.in_bericht.values():
        assert f"element-{e.bdsnummer}" in read[f"referentie/bds/rubrieken/{e.rubriek}.html"].ids


def test_every_command_and_option_is_documented(site, builder):
    from generated import commands

    for name, command in commands().items():
        text = (site / "referentie" / "opdrachten" / f"{name}.html").read_text(encoding="utf-8")
        assert command.help, f"bds {name} has no help"
        subs = command.commands.values() if hasattr(command, "commands") else [command]
        for sub in subs:
            assert sub.help, f"bds {name} {sub.name} has no help"
            for option in (
                o for p in sub.params if p.param_type_name == "option" and not p.hidden for o in p.opts
            ):
                assert option == "--help" or option in text, (name, option)


def test_every_rule_has_a_place(read):
    import yaml

    from bds_tool.base.specs import specs_dir

    ids = set().union(*(page.ids for name, page in read.items() if name.startswith("referentie/regels/")))
    for path in (specs_dir() / "regels").glob("*.yaml"):
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]:
            assert rule["code"] in ids, rule["code"]


def test_search_index_finds_an_element(site):
    text = (site / "zoek-index.js").read_text(encoding="utf-8")
    assert '["235 Lengte","referentie/bds/rubrieken/R027.html#element-235"]' in text


def test_a_broken_link_stops_the_build(builder):
    from render import page_from

    pages = {
        "a.md": page_from("a.md", "# A\n\n[goed](b.md#kop) [fout](c.md) [anker](b.md#nee)"),
        "b.md": page_from("b.md", "# B\n\n## Kop\n"),
    }
    assert builder.broken_links(pages) == [("a.md", "c.html"), ("a.md", "b.html#nee")]


def test_markdown_from_the_definitions_cannot_become_html():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        from render import page_from
    finally:
        sys.path.remove(str(ROOT / "docs"))
    assert "<script>" not in page_from("x.md", "# X\n\n<script>alert(1)</script>").html
