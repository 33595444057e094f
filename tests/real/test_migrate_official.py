"""`bds migrate` beside the official conversions: what differs must be in the list of explained differences."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from bds_tool.changes import load_package
from bds_tool.changes.migrate.running import migrate
from bds_tool.formats import read
from bds_tool.store.store import Store

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "real" / "dob"
OFFICIAL = [
    ("heen", "converted-413-to-420", ("4.1.3", "4.1.3-qual", "4.1.3-deprecated"), "4.1.3", "4.2.0"),
    ("terug", "converted-420-to-413", ("4.2.0",), "4.2.0", "4.1.3"),
]
#: What a migration may change: `regel` is the line of the file, `volgnr` is judged by group below.
COMPARED = ["activiteit_id", "datum", "bdsnummer", "rubriek", "groep", "waarde", "eenheid", "codesysteem", "nullflavor",
            "tekst", "pad"]  # fmt: skip
SHELTER = {1332, 1333, 1335}


def cases():
    for direction, folder, sources, van, naar in OFFICIAL:
        for official in sorted((SHARED / folder).glob("*.xml")):
            for source in sources:
                if (SHARED / source / official.name).is_file():
                    yield pytest.param(
                        direction, source, official, van, naar, id=f"{direction}-{source}-{official.stem}"
                    )


def rows(store: Store) -> list[dict]:
    return store.registraties().collect().with_columns(pl.col(pl.Categorical).cast(pl.String)).to_dicts()


def bag(found: list[dict]) -> Counter:
    return Counter(tuple(r[c] for c in COMPARED) for r in found)


def instances(found: list[dict], numbers: set[int]) -> list[Counter]:
    """The groups of an activity by what they hold, so that numbering itself does not matter."""
    groups: dict[tuple, Counter] = {}
    for r in found:
        if r["bdsnummer"] in numbers:
            outer = r["volgnr"] // 1000 if (r["volgnr"] or 0) >= 1000 else r["volgnr"]
            groups.setdefault((r["activiteit_id"], outer), Counter())[
                r["bdsnummer"], r["waarde"], r["tekst"]
            ] += 1
    return sorted(groups.values(), key=lambda c: sorted(map(str, c)))


@pytest.mark.parametrize(("direction", "source", "official", "van", "naar"), list(cases()))
def test_result_is_the_official_one_but_for_explained_differences(
    direction, source, official, van, naar, tmp_path, shared
):
    explained = [v for v in load_package("4.1.3-4.2.0").verschillen if v.richting == direction]
    with read([SHARED / source / official.name], bds=van) as start, read([official], bds=naar) as wanted:
        report = migrate(start, naar, tmp_path / "m.bds", from_version=van)
        before, ours, theirs = rows(start), rows(Store.open(tmp_path / "m.bds")), rows(wanted)
    assert report.stappen[0].total() == len(before)
    assert report.stappen[0].total("niet") == 0
    if any(source in v.paden for v in explained if v.soort == "invoer"):
        # The input is a template; the result belongs to the message made from it, so only numbers can be compared.
        here = Counter(r["bdsnummer"] for r in ours if r["bdsnummer"] not in SHELTER)
        assert here == Counter(r["bdsnummer"] for r in theirs)
        return
    only_theirs = bag(theirs) - bag(ours)
    assert only_theirs == Counter()
    extra = bag(ours) - bag(theirs)
    extra_numbers = Counter(r[COMPARED.index("bdsnummer")] for r in extra.elements())
    assert extra_numbers.keys() <= SHELTER
    allowed = {n for v in explained if v.soort == "alleen-hier" for n in v.elementen}
    lost = [
        int(r[COMPARED.index("waarde")]) for r in extra.elements() if r[COMPARED.index("bdsnummer")] == 1332
    ]
    assert set(lost) <= allowed
    # What the official conversion lost is what it lost: nothing more, nothing less.
    gone = Counter(r["bdsnummer"] for r in before) - Counter(r["bdsnummer"] for r in theirs)
    assert Counter(lost) == +Counter({n: k for n, k in gone.items() if n is not None})


@pytest.mark.parametrize(
    ("direction", "source", "official", "van", "naar"),
    [c for c in cases() if not c.values[1].endswith("-qual")],
)
def test_groups_are_those_of_the_official_result(direction, source, official, van, naar, tmp_path, shared):
    """JGZ-518: one relative per group in 4.1.3. A `-qual` message is a template with unfilled variables: no groups."""
    with read([SHARED / source / official.name], bds=van) as start, read([official], bds=naar) as wanted:
        migrate(start, naar, tmp_path / "m.bds", from_version=van)
        ours, theirs = rows(Store.open(tmp_path / "m.bds")), rows(wanted)
    assert instances(ours, {80, 81, 1608}) == instances(theirs, {80, 81, 1608})


def everything():
    folders = {
        "3.2.7": "3.2.7",
        "4.0.2": "4.0.2",
        "4.1.3": "4.1.3",
        "4.1.3-deprecated": "4.1.3",
        "4.2.0": "4.2.0",
    }
    for folder, version in folders.items():
        for path in sorted((SHARED / folder).glob("*.xml")):
            yield pytest.param(path, version, id=f"{folder}-{path.stem}")


@pytest.mark.parametrize(("path", "version"), list(everything()))
def test_there_and_back_along_the_whole_chain(path, version, tmp_path, shared):
    """From any version to the furthest other one and back: every row is there again."""
    far = "3.2.7" if version > "4.1" else "4.2.0"
    with read([path], bds=version) as start:
        migrate(start, far, tmp_path / "a.bds", from_version=version)
        migrate(Store.open(tmp_path / "a.bds"), version, tmp_path / "b.bds")
        before, after = rows(start), rows(Store.open(tmp_path / "b.bds"))
    # The qualification message of 4.2.0 holds 957, which 4.2.0 has no place for: it comes back sheltered.
    out_of_place = 957 if (folder_of(path), version) == ("4.2.0", "4.2.0") else 0
    wanted = Counter(said(r) for r in before if r["bdsnummer"] != out_of_place)
    found = Counter(said(r) for r in after)
    assert wanted - found == Counter()
    assert {k[2] for k in (found - wanted)} <= (SHELTER if out_of_place else set())


def folder_of(path: Path) -> str:
    return path.parent.name


def said(r: dict) -> tuple:
    """What a row says. A code says it without its display name; a text under OTH with or without that code system."""
    r = dict(r)
    if r["waarde"] is not None and r["codesysteem"] is not None:
        r["tekst"] = None
    if r["nullflavor"] == "OTH":
        r["codesysteem"] = None
    # A restored value stands where its number puts it; `pad` told where it was in the file.
    return tuple(r[c] for c in [*COMPARED, "dossier_id", "regel", "volgnr"] if c != "pad")


@pytest.mark.parametrize(("path", "version"), list(everything()))
def test_no_value_is_absent_from_result_and_report(path, version, tmp_path, shared):
    """Every value, text and code of the input is somewhere in the output, or counted as one that could not go."""
    far = "3.2.7" if version > "4.1" else "4.2.0"
    with read([path], bds=version) as start:
        report = migrate(start, far, tmp_path / "a.bds", from_version=version)
        before, after = rows(start), rows(Store.open(tmp_path / "a.bds"))
    assert sum(s.total("niet") for s in report.stappen) == 0
    words = Counter(v for r in after for v in (r["waarde"], r["tekst"]) if v is not None)
    became_text = sum(s.total("tekst") + s.total("hercodeerd") for s in report.stappen)
    missing = Counter(r["waarde"] for r in before if r["waarde"] is not None) - words
    # A code that became text, or another code, is in the report; its name is in the output.
    assert sum(missing.values()) <= became_text


@pytest.mark.parametrize("path", [
    pytest.param(p, id=p.stem) for p in sorted((SHARED / "4.1.3").glob("DOB-v3.1*.xml"))
])  # fmt: skip
def test_the_shelter_survives_a_message(path, tmp_path, shared):
    """4.1.3 → 4.2.0 → a message of 4.2.0 → read → 4.1.3: what was sheltered is back as what it was."""
    from bds_tool.formats.dob.write import write_dob

    with read([path], bds="4.1.3") as start:
        migrate(start, "4.2.0", tmp_path / "a.bds", from_version="4.1.3")
        before = rows(start)
    write_dob(Store.open(tmp_path / "a.bds"), tmp_path / "m.xml", "4.2.0")
    with read([tmp_path / "m.xml"]) as message:
        migrate(message, "4.1.3", tmp_path / "b.bds", from_version="4.2.0")
    after = rows(Store.open(tmp_path / "b.bds"))
    columns = ["activiteit_id", "datum", "bdsnummer", "rubriek", "groep", "volgnr", "waarde", "eenheid", "codesysteem",
               "nullflavor", "tekst"]  # fmt: skip
    kept = [
        Counter(tuple(r[c] for c in columns) for r in found if r["bdsnummer"] in gone_in_420())
        for found in (before, after)
    ]
    assert kept[0] == kept[1]
    assert not {r["waarde"] for r in after if r["bdsnummer"] == 1332 and r["codesysteem"]}


def gone_in_420() -> set[int]:
    return {w.nummer for w in load_package("4.1.3-4.2.0").wijzigingen if w.soort == "element-vervallen"}
