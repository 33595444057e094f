"""The vaccinations that we write are officially clean by a judge of its own, and read back to what was registered."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from bds_tool.base.errors import UsageError
from bds_tool.base.settings import SenderSettings
from bds_tool.formats import read
from bds_tool.formats.dob.sender import INVENTED
from bds_tool.formats.writing import WriteOptions, write
from bds_tool.store import StoreWriter
from bds_tool.store.columns import REGISTRATIES
from bds_tool.store.store import Store
from bds_tool.synthetic.generate import Request, generate
from bds_tool.validate.checks.consent import run as contradictions
from bds_tool.validate.run import Request as Judging
from bds_tool.validate.run import judge as judge_files

from .official import Judge

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
HL7 = "{urn:hl7-org:v3}"


@cache
def judge(message, bds):
    return Judge.jgz(SHARED, message, bds)


def faults(folder, message, bds):
    found = {}
    for path in sorted(folder.glob("*.xml")):
        verdicts = judge(message, bds).judge(etree.parse(path).getroot())
        found[path.name] = [v for v in verdicts if v.role == "error"]
    return {name: wrong for name, wrong in found.items() if wrong}


def given(frame):
    """(dossier, activity, kind, day, batch, refused) of each vaccination, straight from the registrations."""
    rows = frame.filter(
        pl.col("bdsnummer").is_in([461, 1409, 472, 683]) & pl.col("activiteit_id").is_not_null()
    )
    found = {}
    for r in rows.select(
        "dossier_id", "activiteit_id", "volgnr", "bdsnummer", "waarde", "nullflavor"
    ).to_dicts():
        key = r["dossier_id"], r["activiteit_id"], r["volgnr"]
        found.setdefault(key, {})[r["bdsnummer"]] = r["waarde"] or r["nullflavor"]
    return [(d, a, v.get(461), v.get(1409), v.get(472), v.get(683)) for (d, a, _), v in found.items()]


def consenting(frame):
    return set(frame.filter((pl.col("bdsnummer") == 1533) & (pl.col("waarde") == "true"))["dossier_id"])


CASES = [
    (1, "4.1.3", "hl7"),
    (2, "4.1.3", "bds"),
    (3, "4.0.2", "hl7"),
    (4, "3.2.7", "bds"),
    (5, "4.2.0", "hl7"),
]


@pytest.mark.parametrize(("seed", "bds", "coding"), CASES)
def test_generated_vaccinations_are_clean_and_come_back(seed, bds, coding, shared, tmp_path):
    generate(Request(18, seed, bds, coding=coding, themes=("zorg", "vaccinatie")), tmp_path / "g.bds")
    store = Store.open(tmp_path / "g.bds")
    before = store.registraties().collect()
    agreed = consenting(before)
    wanted = given(before)
    edition = bds if bds != "4.2.0" else "4.1.3"  # of 4.2.0 nothing is public
    for message in ("vaccinaties", "geanonimiseerd"):
        named = message == "vaccinaties"
        due = [v for v in wanted if (v[0] in agreed) == named and (named or v[5] is None)]
        due = [v for v in due if v[3] is not None]  # a refusal in tables has no day of its own
        done = write(store, message, tmp_path / message, WriteOptions(bds=bds, sender=INVENTED))
        assert done.rows == len(due)
        assert done.files == len({v[:2] for v in due})
        if not due:
            continue
        assert faults(tmp_path / message, message, edition) == {}
        with read([tmp_path / message], bds=edition) as back:
            after = back.registraties().collect()
        got = given(after)
        part = slice(0, 6) if named else slice(1, 6)
        assert Counter(v[part] for v in got) == Counter(v[part] for v in due)
    # with consent each is due in the named message, a refusal too
    assert sum(done.elsewhere.values()) == sum(v[0] in agreed for v in wanted)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 40))
def test_many_generated_vaccinations(seed, shared, tmp_path):
    bds = ("3.2.7", "4.0.2", "4.1.3", "4.2.0")[seed % 4]
    test_generated_vaccinations_are_clean_and_come_back(
        seed, bds, ("hl7", "bds")[seed // 4 % 2], shared, tmp_path
    )


#: A child that may be named, with one vaccination that is complete.
CHILD = {
    (None, None, 1533): "true", (None, None, 7): "999990019", (None, None, 4): "Proefveld", (None, None, 19): "2",
    (None, None, 20): "2024-06-01", (None, None, 16): "1234AB", (None, None, 695): "D1",
    ("a1", None, 494): "37", ("a1", None, 724): "2024-09-03",
    ("a1", 1, 461): "11", ("a1", 1, 1409): "2024-09-03", ("a1", 1, 472): "PARTIJ-1",
}  # fmt: skip


def store_of(path, *children):
    """A store in BDS coding; a child is {(activity, volgnr, element): value}, None takes a row out."""
    rows = []
    for number, child in enumerate(children, start=1):
        for (activity, volgnr, element), value in (CHILD | child).items():
            if value is None:
                continue
            own = {
                "dossier_id": f"D{number}",
                "activiteit_id": activity,
                "volgnr": volgnr,
                "bdsnummer": element,
            }
            row = own | {"waarde": value, "bron": 1, "regel": 1}
            if value.startswith("∅"):
                row |= {"waarde": None, "nullflavor": value[1:]}
            if volgnr is not None:
                row["groep"] = "G076"
            rows.append(tuple(row.get(c) for c in REGISTRATIES))
    with StoreWriter(path) as writer:
        writer.add_bron(bron=1, pad="x", formaat="csv", bds_herkend="4.1.3", rijen=len(rows))
        writer.add_rows(rows)
    return Store.open(path)


def sent(tmp_path, *children, to="vaccinaties", **options):
    store = store_of(tmp_path / "s.bds", *children)
    return write(store, to, tmp_path / "uit", WriteOptions(bds="4.1.3", sender=INVENTED, **options))


def test_a_complete_vaccination_is_sent_with_its_child(shared, tmp_path):
    done = sent(tmp_path, {})
    assert (done.files, done.rows, done.unsent, done.elsewhere) == (1, 1, {}, {})
    root = etree.parse(tmp_path / "uit" / "vaccinaties-000001.xml").getroot()
    assert [
        e.get("extension") for e in root.iter(f"{HL7}id") if e.get("root") == "2.16.840.1.113883.2.4.6.3"
    ] == ["999990019"]
    assert next(root.iter(f"{HL7}postalCode")).text == "1234 AB"
    assert faults(tmp_path / "uit", "vaccinaties", "4.1.3") == {}


LACKS = {
    "datum vaccinatie (1409)": {("a1", 1, 1409): None},
    "datum vaccinatie (1409) ": {("a1", 1, 1409): "2024-09"},
    "soort vaccinatie (461)": {("a1", 1, 461): None},
    "soort vaccinatie (461) ": {("a1", 1, 461): "77"},
    "BSN (7)": {(None, None, 7): None},
    "BSN (7) ": {(None, None, 7): "123456789"},
    "naam (4, 6)": {(None, None, 4): None},
    "geslacht (19)": {(None, None, 19): None},
    "geboortedatum (20)": {(None, None, 20): None},
    "soort activiteit (494)": {("a1", None, 494): None},
    "soort activiteit (494) ": {("a1", None, 494): "777"},
    "bezwaar (683)": {("a1", 1, 683): "7", ("a1", 1, 472): None},
}


@pytest.mark.parametrize("reason", LACKS)
def test_what_lacks_is_named_and_not_made_up(reason, shared, tmp_path):
    done = sent(tmp_path, LACKS[reason], {})
    assert done.rows == 1  # the other child goes
    assert [n for w, n in done.unsent.items() if w.startswith(reason.strip())] == [1], done.unsent
    assert faults(tmp_path / "uit", "vaccinaties", "4.1.3") == {}


def test_one_bad_vaccination_leaves_the_others_of_its_activity(shared, tmp_path):
    done = sent(tmp_path, {("a1", 2, 461): "08", ("a1", 3, 461): "04", ("a1", 3, 1409): "2024-09-03"})
    assert (done.files, done.rows, sum(done.unsent.values())) == (1, 2, 1)
    root = etree.parse(tmp_path / "uit" / "vaccinaties-000001.xml").getroot()
    medicines = [e.find(f"{HL7}code").get("code") for e in root.iter(f"{HL7}administrableMedicine")]
    assert medicines == ["11", "04"]
    # a batch that nobody knows is said to be unknown
    assert [e.get("nullFlavor") for e in root.iter(f"{HL7}lotNumberText")] == [None, "NI"]


def test_strict_writes_nothing_when_something_lacks(shared, tmp_path):
    with pytest.raises(UsageError, match="1409"):
        sent(tmp_path, {("a1", 1, 1409): None}, {}, strict=True)
    assert not (tmp_path / "uit").exists()


def test_a_refusal_goes_with_consent_and_nowhere_without(shared, tmp_path):
    refused = {("a1", 1, 683): "2", ("a1", 1, 472): None}
    done = sent(tmp_path, refused)
    assert (done.rows, done.unsent) == (1, {})
    root = etree.parse(tmp_path / "uit" / "vaccinaties-000001.xml").getroot()
    assert next(root.iter(f"{HL7}substanceAdministrationEvent")).get("negationInd") == "true"
    assert faults(tmp_path / "uit", "vaccinaties", "4.1.3") == {}
    (tmp_path / "b").mkdir()
    silent = sent(tmp_path / "b", refused | {(None, None, 1533): "false"}, to="geanonimiseerd")
    assert (silent.files, list(silent.unsent.values())) == (0, [1])


#: consent 1533 by what was registered: which message the vaccination goes in.
CONSENTS = {
    "true": ({}, "vaccinaties"),
    "false": ({(None, None, 1533): "false"}, "geanonimiseerd"),
    "not registered": ({(None, None, 1533): None}, "geanonimiseerd"),
    "unknown": ({(None, None, 1533): "∅ASKU"}, "geanonimiseerd"),
    "ended": ({(None, None, 1607): "2024-01-01"}, "geanonimiseerd"),
    "ends later": ({(None, None, 1607): "2999-01-01"}, "vaccinaties"),
    "withdrawn since": (
        {(None, 1, 1533): "true", (None, 1, 1536): "2023-01-01", (None, 2, 1533): "false",
         (None, 2, 1536): "2024-01-01", (None, None, 1533): None}, "geanonimiseerd",
    ),
    "given since": (
        {(None, 1, 1533): "false", (None, 1, 1536): "2023-01-01", (None, 2, 1533): "true",
         (None, 2, 1536): "2024-01-01", (None, None, 1533): None}, "vaccinaties",
    ),
    "both on one day": (
        {(None, 1, 1533): "true", (None, 1, 1536): "2024-01-01", (None, 2, 1533): "false",
         (None, 2, 1536): "2024-01-01", (None, None, 1533): None}, "geanonimiseerd",
    ),
}  # fmt: skip


@pytest.mark.parametrize("said", CONSENTS)
def test_consent_decides_the_message(said, shared, tmp_path):
    child, message = CONSENTS[said]
    for to in ("vaccinaties", "geanonimiseerd"):
        (tmp_path / to).mkdir()
        done = sent(tmp_path / to, child, to=to)
        assert done.files == (to == message)
        assert done.elsewhere == ({} if to == message else {message: 1})


def test_without_a_sender_nothing_is_written(shared, tmp_path):
    store = store_of(tmp_path / "s.bds", {})
    with pytest.raises(UsageError, match=r"\[sender\].*ura"):
        write(store, "vaccinaties", tmp_path / "uit", WriteOptions(sender=SenderSettings(application="1")))
    assert not (tmp_path / "uit").exists()


def test_vaccinations_that_nothing_tells_apart_are_not_guessed(shared, tmp_path):
    rows = {("a1", 1, 461): "11", ("a1", 1, 1409): "2024-09-03"}
    store = store_of(tmp_path / "s.bds", rows)
    frame = store.registraties().collect()
    twice = pl.concat([frame, frame.filter(pl.col("bdsnummer") == 461).with_columns(waarde=pl.lit("08"))])
    with StoreWriter(tmp_path / "t.bds") as writer:
        writer.add_bron(bron=1, pad="x", formaat="csv", bds_herkend="4.1.3", rijen=twice.height)
        writer.add_table(twice)
    done = write(
        Store.open(tmp_path / "t.bds"), "vaccinaties", tmp_path / "uit", WriteOptions(sender=INVENTED)
    )
    assert (done.files, list(done.unsent.values())) == (0, [1])


def flipped(folder):
    """Turns the answer on consent 1533 in every dossier; gives the numbers of the dossiers that had one."""
    numbers = set()
    for path in folder.glob("*.xml"):
        root = etree.parse(path).getroot()
        for event in root.iter(f"{HL7}consentEvent"):
            code = event.find(f"{HL7}code")
            if code is not None and code.get("code") == "1533":
                event.set("negationInd", "false" if event.get("negationInd") == "true" else "true")
                numbers.add(next(root.iter(f"{HL7}careProvisionEvent")).find(f"{HL7}id").get("extension"))
        path.write_bytes(etree.tostring(root))
    return numbers


def test_a_consent_that_contradicts_what_was_sent_is_a_finding(shared, tmp_path):
    generate(Request(12, 7, "4.1.3", coding="hl7", themes=("zorg", "vaccinatie")), tmp_path / "g.bds")
    store = Store.open(tmp_path / "g.bds")
    for to in ("dob", "vaccinaties", "geanonimiseerd"):
        write(store, to, tmp_path / to, WriteOptions(bds="4.1.3", sender=INVENTED))
    paths = [tmp_path / to for to in ("dob", "vaccinaties", "geanonimiseerd")]

    def counted():
        result = judge_files(Judging(paths, bds="4.1.3"))
        return {c: result.totals.filter(pl.col("code") == c)["n"].sum() for c in ("BDS857", "BDS859")}

    assert counted() == {"BDS857": 0, "BDS859": 0}
    sent = given(store.registraties().collect())
    answered = flipped(tmp_path / "dob")
    agreed = consenting(store.registraties().collect())
    named = {v[:2] for v in sent if v[0] in answered & agreed}
    masked = {v[:2] for v in sent if v[0] in answered - agreed and v[5] is None}
    assert named
    assert masked
    assert counted() == {"BDS857": len(named), "BDS859": len(masked)}


def test_a_consent_refused_after_the_message_was_sent_does_not_contradict_it(shared, tmp_path):
    done = sent(tmp_path, {})
    assert done.files == 1
    store_of(
        tmp_path / "later.bds",
        {(None, 1, 1533): "false", (None, 1, 1536): "2999-01-01", (None, None, 1533): None},
    )
    store_of(
        tmp_path / "now.bds",
        {(None, 1, 1533): "false", (None, 1, 1536): "2024-01-01", (None, None, 1533): None},
    )
    for name, wrong in (("later", 0), ("now", 1)):
        with read([tmp_path / "uit"]) as message:
            rows = message.registraties().collect()
            held = Store.open(tmp_path / f"{name}.bds").registraties().collect()
        both = pl.concat([rows.with_columns(bron=pl.lit(2, pl.Int32)), held], how="vertical_relaxed")
        compared, found = contradictions(
            both.lazy(), {1: ("csv", None), 2: ("jgz-REPC_IN002140NL", "Verzonnen JGZ")}
        )
        assert compared
        assert {code: part.height for code, part in found} == {"BDS857": wrong, "BDS859": 0}
