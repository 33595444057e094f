"""The codebook against the schema of DDI-Codebook 2.5 itself; the table of its demands is held beside it too.

The schema (LGPL, with those of XHTML and Dublin Core) is not among our files: it is taken out of the source package of another
program on the index, so this needs the index and is slow. `test_files.py` judges every codebook by the table.
"""

from __future__ import annotations

import copy
import subprocess
import sys
import tarfile

import pytest

from .test_files import faults, written  # noqa: F401

#: A program that judges its own codebooks so: the files of ddialliance.org (2.5.1, 2014-01-28) are among its tests.
PACKAGE = "survey2ddi==0.6.0 --hash=sha256:a049e3c6afe233a19e0e13002f1930c09ea033ae08321be52cbb9367d9b0de1b"


@pytest.fixture(scope="module")
def schema(tmp_path_factory, absent):
    from lxml import etree

    folder = tmp_path_factory.mktemp("ddi")
    (folder / "wanted.txt").write_text(PACKAGE + "\n", encoding="utf-8")
    ask = ["download", "--quiet", "--no-deps", "--no-binary", ":all:", "--ignore-requires-python"]
    pip = [sys.executable, "-m", "pip", *ask, "--dest", str(folder), "-r", str(folder / "wanted.txt")]
    done = subprocess.run(pip, capture_output=True, text=True, check=False)
    if done.returncode:
        absent(f"the index does not give the schema of DDI: {done.stderr.strip()[-200:]}")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return etree.XMLSchema(etree.parse(next(folder.glob("*/tests/schemas/codebook.xsd"))))


def changed(root):
    """Every element gone, twice, first, last, in its grandparent, with text, with another name; every attribute gone or odd."""

    def of(place, name):
        made = copy.deepcopy(root)
        element = made.xpath(place)[0]
        return name, made, element, element.getparent()

    paths = [root.getroottree().getpath(e) for e in root.iter("*")]
    seen, chosen = set(), []
    for path, element in zip(paths, root.iter("*"), strict=True):
        kind = (
            element.tag,
            element.getparent() is not None and element.getparent().tag,
            *sorted(element.attrib),
        )
        if kind not in seen:
            seen.add(kind)
            chosen.append((path, element))
    for path, element in chosen:
        tag = element.tag.rpartition("}")[2]
        if element.getparent() is not None:
            name, made, e, parent = of(path, f"{tag} gone")
            parent.remove(e)
            yield name, made
            name, made, e, parent = of(path, f"{tag} twice")
            twin = copy.deepcopy(e)
            for x in twin.iter("*"):
                x.attrib.pop("ID", None)
            e.addnext(twin)
            yield name, made
            for where, at in (("first", 0), ("last", len(element.getparent()))):
                name, made, e, parent = of(path, f"{tag} {where}")
                parent.remove(e)
                parent.insert(at, e)
                yield name, made
            if element.getparent().getparent() is not None:
                name, made, e, parent = of(path, f"{tag} one up")
                parent.getparent().append(e)
                yield name, made
            name, made, e, _ = of(path, f"{tag} as onbekend")
            e.tag = e.tag + "x"
            yield name, made
        name, made, e, _ = of(path, f"text in {tag}")
        e.text = "tekst"
        yield name, made
        name, made, e, _ = of(path, f"a new attribute of {tag}")
        e.set("onbekend", "1")
        yield name, made
        for key in element.attrib:
            name, made, e, _ = of(path, f"{tag} without {key}")
            del e.attrib[key]
            yield name, made
            name, made, e, _ = of(path, f"{tag} {key}=x y")
            e.set(key, "x y")
            yield name, made


@pytest.mark.slow
def test_the_codebook_is_valid_and_the_table_as_strict_as_the_schema(written, schema):  # noqa: F811
    """Of all that is changed, what the table lets pass the schema lets pass."""
    from lxml import etree

    _, folder = written
    root = etree.parse(folder / "codeboek.xml").getroot()
    assert schema.validate(root), schema.error_log
    refused, lenient = 0, []
    for name, made in changed(root):
        fine = schema.validate(made)
        refused += not fine
        if not fine and not faults(made):
            lenient.append((name, schema.error_log[0].message))
    assert refused > 100
    # `test_files.py` asks these of the text itself: a language, and a word that is nobody else's.
    assert [(n, m) for n, m in lenient if not n.endswith(("lang=x y", " ID=x y"))] == []
