"""Migration on stores made by hand: every row ends somewhere, and the way back restores."""

from __future__ import annotations

from collections import Counter
from datetime import date

import polars as pl
import pytest

from bds_tool.base.errors import UsageError
from bds_tool.changes.migrate.running import OUTCOMES, chain, migrate
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import Store, StoreWriter

DAY = date(2024, 3, 1)
HL7 = "2.16.840.1.113883.2.4.4.40."


def row(**given):
    base = dict.fromkeys(REGISTRATIES) | {
        "dossier_id": "d1",
        "activiteit_id": "a1",
        "datum": DAY,
        "bron": 1,
        "regel": 1,
    }
    assert given.keys() <= base.keys()
    return tuple((base | given).values())


def make(path, rows, bds="4.1.3", formaat="dob-REPC_IN902120NL03", **more):
    with StoreWriter(path) as writer:
        writer.add_bron(bron=1, pad="x.xml", formaat=formaat, bds_herkend=bds, bds_zekerheid="zeker", **more)
        writer.add_rows(rows)
    return Store.open(path)


def values(store):
    """The rows as a bag, without the place in the source, which a restored row no longer has."""
    frame = store.registraties().collect().with_columns(pl.col(pl.Categorical).cast(pl.String))
    return Counter(frame.drop("pad").iter_rows())


def look(store, **where):
    frame = store.registraties().collect().with_columns(pl.col(pl.Categorical).cast(pl.String))
    return frame.filter(*(pl.col(k) == v for k, v in where.items())).to_dicts()


ROWS_413 = [
    row(bdsnummer=235, rubriek="R027", waarde="1023", eenheid="mm"),
    row(
        bdsnummer=510,
        rubriek="R019",
        waarde="01",
        codesysteem=HL7 + "97",
        tekst="Nee, er wordt nooit gerookt",
        pad="p/510",
    ),
    row(bdsnummer=149, rubriek="R019", groep="G087", volgnr=1, waarde="10", eenheid="d"),
    row(bdsnummer=149, rubriek="R019", groep="G087", volgnr=2, waarde="3", eenheid="d"),
    row(bdsnummer=150, rubriek="R019", groep="G087", volgnr=2, nullflavor="UNK"),
    row(
        bdsnummer=80,
        rubriek="R012",
        groep="G019",
        volgnr=1,
        waarde="08",
        codesysteem=HL7 + "8",
        tekst="Slechthorendheid",
    ),
    row(bdsnummer=None, rubriek=None, waarde="antwoord", tekst="eigen vraag", pad="kolom_x"),
    row(bdsnummer=1332, rubriek="R051", groep="G083", volgnr=1, nullflavor="OTH", tekst="eigen vraag"),
    row(bdsnummer=1333, rubriek="R051", groep="G083", volgnr=1, waarde="eigen antwoord"),
    row(activiteit_id=None, datum=None, bdsnummer=510, rubriek="R019", waarde="02"),
    row(dossier_id="d2", bdsnummer=510, rubriek="R019", waarde="03", regel=9),
]


def test_expired_values_are_sheltered_with_all_they_carried(tmp_path):
    report = migrate(make(tmp_path / "a.bds", ROWS_413), "4.2.0", tmp_path / "b.bds")
    out = Store.open(tmp_path / "b.bds")
    assert report.stappen[0].by_element()[510]["beschut"] == 3
    question = look(out, bdsnummer=1332, waarde="510", dossier_id="d1", activiteit_id="a1")[0]
    answer = look(out, bdsnummer=1333, volgnr=question["volgnr"], activiteit_id="a1", dossier_id="d1")[0]
    place = look(out, bdsnummer=1335, volgnr=question["volgnr"], activiteit_id="a1", dossier_id="d1")[0]
    assert (question["rubriek"], question["groep"], question["tekst"]) == (
        "R051",
        "G083",
        "Passief roken in huis",
    )
    assert (answer["waarde"], answer["codesysteem"], answer["tekst"]) == (
        "01",
        HL7 + "97",
        "Nee, er wordt nooit gerookt",
    )
    assert place["waarde"] == "R019"
    assert look(out, bdsnummer=510) == []


def test_instances_of_the_shelter_never_meet_one_that_was_there(tmp_path):
    migrate(make(tmp_path / "a.bds", ROWS_413), "4.2.0", tmp_path / "b.bds")
    questions = look(Store.open(tmp_path / "b.bds"), bdsnummer=1332)
    keys = [(q["dossier_id"], q["activiteit_id"], q["volgnr"]) for q in questions]
    assert len(keys) == len(set(keys))
    own = next(q for q in questions if q["tekst"] == "eigen vraag")
    assert own["volgnr"] == 1


def test_there_and_back_restores_every_row(tmp_path):
    start = make(tmp_path / "a.bds", ROWS_413)
    migrate(start, "4.2.0", tmp_path / "b.bds")
    report = migrate(Store.open(tmp_path / "b.bds"), "4.1.3", tmp_path / "c.bds")
    assert values(Store.open(tmp_path / "c.bds")) == values(start)
    assert report.concerning == 0


def test_counts_add_up_to_the_rows_of_the_input(tmp_path):
    """Each step accounts for every row it got; a sheltered value leaves three rows, a restored one comes from three."""
    rows = len(ROWS_413)
    report = migrate(make(tmp_path / "a.bds", ROWS_413), "3.2.7", tmp_path / "b.bds")
    assert report.rijen_in == rows
    for step in report.stappen:
        assert step.total() == sum(step.total(o) for o in OUTCOMES) == rows
        rows += (
            step.toegevoegd - step.total("afgeleid") - step.total("niet") - step.total("hersteld") * 2 // 3
        )
    assert report.rijen_uit == rows


def test_codes_that_the_old_version_lacks_become_text_and_return(tmp_path):
    rows = [
        row(
            bdsnummer=80,
            rubriek="R012",
            groep="G019",
            volgnr=1,
            waarde="16",
            codesysteem=HL7 + "8",
            tekst="ADHD",
        ),
        row(
            bdsnummer=80,
            rubriek="R012",
            groep="G019",
            volgnr=2,
            waarde="16",
            codesysteem="1.2.3",
            tekst="iets anders",
        ),
        row(bdsnummer=80, rubriek="R012", groep="G019", volgnr=3, nullflavor="OTH", tekst="Iets eigens"),
        row(bdsnummer=1665, rubriek="R019", waarde="02", codesysteem=HL7 + "448", tekst="Ja"),
    ]
    start = make(tmp_path / "a.bds", rows, "4.2.0", "dob-REPC_IN902120NL04")
    report = migrate(start, "4.1.3", tmp_path / "b.bds")
    out = Store.open(tmp_path / "b.bds")
    text = look(out, bdsnummer=80, volgnr=1)[0]
    assert (text["waarde"], text["nullflavor"], text["tekst"]) == (None, "OTH", "ADHD")
    # The same digits of another code system are another code.
    assert look(out, bdsnummer=80, volgnr=2)[0]["waarde"] == "16"
    assert report.stappen[0].by_element()[80]["tekst"] == 1
    migrate(out, "4.2.0", tmp_path / "c.bds")
    assert values(Store.open(tmp_path / "c.bds")) == values(start)


def test_names_follow_their_code(tmp_path):
    migrate(make(tmp_path / "a.bds", ROWS_413), "4.2.0", tmp_path / "b.bds")
    assert (
        look(Store.open(tmp_path / "b.bds"), bdsnummer=80)[0]["tekst"] == "Gehoorverlies op jongere leeftijd"
    )


def test_bds_coded_sources_use_the_same_packages(tmp_path):
    rows = [row(bdsnummer=510, rubriek="R019", waarde="01"), row(bdsnummer=1424, rubriek="R018", waarde="51")]
    start = make(tmp_path / "a.bds", rows[1:], "4.2.0", "james-3.1")
    report = migrate(start, "4.1.3", tmp_path / "b.bds")
    text = look(Store.open(tmp_path / "b.bds"), bdsnummer=1424)[0]
    assert (text["waarde"], text["tekst"], text["codesysteem"]) == (None, "Ouder-kindrelatie", None)
    assert report.stappen[0].total("tekst") == 1


def test_a_group_with_several_members_is_split(tmp_path):
    """JGZ-518: in 4.1.3 a group holds one relative; the remark goes with the last."""
    rows = [
        row(bdsnummer=80, rubriek="R012", groep="G019", volgnr=1, waarde="01"),
        row(bdsnummer=80, rubriek="R012", groep="G019", volgnr=1002, waarde="02"),
        row(bdsnummer=1608, rubriek="R012", groep="G019", volgnr=1, waarde="toelichting"),
        row(bdsnummer=80, rubriek="R012", groep="G019", volgnr=2, waarde="03"),
    ]
    migrate(make(tmp_path / "a.bds", rows, "4.2.0", "dob-REPC_IN902120NL04"), "4.1.3", tmp_path / "b.bds")
    out = Store.open(tmp_path / "b.bds")
    assert sorted((r["volgnr"], r["waarde"]) for r in look(out, bdsnummer=80)) == [
        (1, "01"),
        (2, "02"),
        (3, "03"),
    ]
    assert look(out, bdsnummer=1608)[0]["volgnr"] == 2


def test_status_is_derived_once_and_taken_back(tmp_path):
    rows = [
        row(
            bdsnummer=495,
            rubriek="R018",
            waarde="02",
            codesysteem=HL7 + "309",
            tekst="Niet verschenen zonder bericht",
        ),
        row(activiteit_id="a2", bdsnummer=725, rubriek="R018", waarde="completed"),
        row(activiteit_id="a3", bdsnummer=725, rubriek="R018", waarde="active"),
    ]
    start = make(tmp_path / "a.bds", rows, "3.2.7", "dob-REPC_IN902120NL")
    report = migrate(start, "4.0.2", tmp_path / "b.bds")
    out = Store.open(tmp_path / "b.bds")
    assert sorted((r["activiteit_id"], r["waarde"]) for r in look(out, bdsnummer=1605)) == [
        ("a1", "02"),
        ("a2", "01"),
    ]
    assert report.stappen[0].toegevoegd == 2
    migrate(out, "3.2.7", tmp_path / "c.bds")
    assert values(Store.open(tmp_path / "c.bds")) == values(start)


def test_a_moved_value_takes_its_place_and_goes_back(tmp_path):
    rows = [row(bdsnummer=1351, rubriek="R018", nullflavor="OTH", tekst="Wijkteam", pad="p")]
    start = make(tmp_path / "a.bds", rows, "3.2.7", "dob-REPC_IN902120NL")
    migrate(start, "4.0.2", tmp_path / "b.bds")
    moved = look(Store.open(tmp_path / "b.bds"))[0]
    assert (moved["bdsnummer"], moved["rubriek"], moved["waarde"], moved["nullflavor"]) == (
        1606,
        "R013",
        "Wijkteam",
        None,
    )
    migrate(Store.open(tmp_path / "b.bds"), "3.2.7", tmp_path / "c.bds")
    assert values(Store.open(tmp_path / "c.bds")) == values(start)


def test_strict_refuses_and_writes_nothing(tmp_path):
    report = migrate(make(tmp_path / "a.bds", ROWS_413), "4.2.0", tmp_path / "b.bds", strict=True)
    assert report.geweigerd
    assert report.concerning > 0
    assert not (tmp_path / "b.bds").exists()
    clean = make(tmp_path / "c.bds", ROWS_413[:1])
    assert not migrate(clean, "4.2.0", tmp_path / "d.bds", strict=True).geweigerd
    assert (tmp_path / "d.bds").exists()


def test_facts_of_the_sources_follow(tmp_path):
    migrate(make(tmp_path / "a.bds", ROWS_413), "4.2.0", tmp_path / "b.bds")
    fact = Store.open(tmp_path / "b.bds").bronnen().to_dicts()[0]
    assert (fact["bds_herkend"], fact["formaat"]) == ("4.2.0", "dob-REPC_IN902120NL04")


def test_sources_of_several_versions_reach_one_target(tmp_path):
    with StoreWriter(tmp_path / "a.bds") as writer:
        for n, version in enumerate(("3.2.7", "4.1.3", "4.2.0"), start=1):
            writer.add_bron(bron=n, pad=f"{n}.xml", formaat="dob-x", bds_herkend=version)
            writer.add_rows([row(bron=n, dossier_id=f"d{n}", bdsnummer=510, rubriek="R019", waarde="01")])
    report = migrate(Store.open(tmp_path / "a.bds"), "4.2.0", tmp_path / "b.bds")
    out = Store.open(tmp_path / "b.bds")
    assert [(s.van, s.naar) for s in report.stappen] == [
        ("3.2.7", "4.0.2"),
        ("4.0.2", "4.1.3"),
        ("4.1.3", "4.2.0"),
    ]
    assert len(look(out, bdsnummer=1332, waarde="510")) == 2
    # A source that is 4.2.0 already is left alone, right or wrong.
    assert [r["bron"] for r in look(out, bdsnummer=510)] == [3]


def test_an_unknown_version_asks_for_it(tmp_path):
    with pytest.raises(UsageError) as caught:
        migrate(make(tmp_path / "a.bds", ROWS_413, None), "4.2.0", tmp_path / "b.bds")
    assert "--from" in caught.value.remedy
    assert migrate(
        Store.open(tmp_path / "a.bds"), "4.2.0", tmp_path / "b.bds", from_version="4.1.3"
    ).rijen_uit


def test_chains_go_the_shortest_way():
    pairs = [("1", "2"), ("2", "3"), ("1", "3")]
    assert chain("1", "3", pairs) == [("1", "3", True)]
    assert chain("3", "2", pairs) == [("2", "3", False)]
    assert chain("2", "2", pairs) == []
    with pytest.raises(UsageError):
        chain("1", "9", pairs)


def test_parts_of_the_side_file_keep_dossiers_whole(tmp_path, monkeypatch):
    """The same result whether dossiers are handled at once or in many parts."""
    from bds_tool.changes.migrate import running as module

    rows = [row(dossier_id=f"d{i % 40}", bdsnummer=n, rubriek="R019", waarde="01", regel=i)
            for i in range(200) for n in (510, 753)]  # fmt: skip
    start = make(tmp_path / "a.bds", rows)
    migrate(start, "4.2.0", tmp_path / "b.bds")
    monkeypatch.setattr(module, "PART", 37)
    monkeypatch.setattr(module, "BATCH", 50)
    migrate(start, "4.2.0", tmp_path / "c.bds")
    back = migrate(Store.open(tmp_path / "c.bds"), "4.1.3", tmp_path / "d.bds")
    assert values(Store.open(tmp_path / "d.bds")) == values(start)
    assert back.stappen[0].total("hersteld") == 3 * 400
    assert len(look(Store.open(tmp_path / "b.bds"))) == len(look(Store.open(tmp_path / "c.bds"))) == 1200
