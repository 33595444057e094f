"""Extracts: what stays behind, who would be recognised, and when nothing is written."""

import csv
import datetime as dt
import json
from collections import Counter, defaultdict

import polars as pl
import pytest

from bds_tool.export.extracts.risk import measure, proposals
from bds_tool.store import Store, StoreWriter

NAMES = ("Jansen", "jan@voorbeeld.nl", "123456782", "Dorpsstraat", "vrije tekst over moeder")


def row(dossier, number, value, *, contact=None, date=None, rubriek=None, unit=None):
    return (dossier, contact, date, number, rubriek, None, None, value, unit, None, None, None, 1, 1, None)


@pytest.fixture
def store(tmp_path):
    """60 children in 2 gemeenten; every fifth objects; names, numbers and text everywhere they can be."""
    path = tmp_path / "klein.bds"
    with StoreWriter(path) as w:
        w.add_bron(pad="proef.csv", formaat="csv")
        rows = []
        for i in range(60):
            d = f"D{i:03d}"
            rows += [
                row(d, 2, NAMES[0]),
                row(d, 7, NAMES[2]),
                row(d, 698, NAMES[1]),
                row(d, 11, NAMES[3]),
                row(d, 19, str(1 + i % 2)),
                row(d, 20, "2020-05-17"),
                row(d, 9, ("0363", "0599")[i % 2]),
                row(d, 66, "05"),
                row(d, 1197, f"0{1 + i % 3}"),
                row(d, None, NAMES[4]),
                row(d, 235, "755", contact=f"{d}-a", date=dt.date(2021, 5, 17), unit="mm"),
                row(d, 494, "06", contact=f"{d}-a", date=dt.date(2021, 5, 17)),
                # A coded field in which someone typed a name, and a number field with a BSN.
                row(d, 494, NAMES[0], contact=f"{d}-b", date=dt.date(2022, 5, 17)),
                row(d, 245, NAMES[2], contact=f"{d}-b", date=dt.date(2022, 5, 17)),
            ]
            if i % 5 == 0:
                rows.append(row(d, 1404, "true"))
        w.add_rows(rows)
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    return path


def made(folder):
    return pl.read_parquet(folder / "kinderen.parquet"), pl.read_parquet(folder / "waarden.parquet")


def test_nothing_that_identifies_goes_along(bds, store, tmp_path):
    done = bds(
        "pseudonymise", store, "--elements", "all", "--to", tmp_path / "uit", "--key-file", tmp_path / "key"
    )
    assert done.code == 0, done.err
    people, values = made(tmp_path / "uit")
    everything = people.write_csv() + values.write_csv() + (tmp_path / "uit" / "_extract.json").read_text()
    for name in (*NAMES, "D001", "2020-05-17", "2021-05-17"):
        assert name not in everything, name
    assert set(values["bdsnummer"]) == {235, 494}
    assert values.filter(bdsnummer=235)["leeftijd_maanden"].unique().to_list() == [
        11
    ]  # 365 days / 30.4375 = 11.99
    assert values.filter(bdsnummer=494)["waarde"].unique().to_list() == ["06"]


def test_who_objects_is_left_out(bds, store, tmp_path):
    assert (
        bds(
            "pseudonymise",
            store,
            "--elements",
            "all",
            "--to",
            tmp_path / "uit",
            "--key-file",
            tmp_path / "key",
        ).code
        == 0
    )
    facts = json.loads((tmp_path / "uit" / "_extract.json").read_text())
    assert facts["children_in_store"] == 60
    assert facts["objected"] == 12
    assert facts["children"] == 48
    assert made(tmp_path / "uit")[0].height == 48


def test_pseudonyms_hang_on_the_key(bds, store, tmp_path):
    (tmp_path / "other").write_text("another-key-of-enough-length")
    kinds = []
    for name, key in (("a", "key"), ("b", "key"), ("c", "other")):
        assert (
            bds(
                "pseudonymise",
                store,
                "--elements",
                "all",
                "--to",
                tmp_path / name,
                "--key-file",
                tmp_path / key,
            ).code
            == 0
        )
        kinds.append(set(made(tmp_path / name)[0]["kind"]))
    assert kinds[0] == kinds[1]
    assert not kinds[0] & kinds[2]


def test_without_a_key_nothing_is_made(bds, store, tmp_path, monkeypatch):
    monkeypatch.delenv("BDS_KEY", raising=False)
    assert bds("pseudonymise", store, "--elements", "all", "--to", tmp_path / "uit").code == 2
    assert not (tmp_path / "uit").exists()


def test_recognisable_children_are_refused_with_a_way_out(bds, store, tmp_path):
    # 24 children per gemeente and sex: k = 30 is met only when traits are left out.
    done = bds(
        "pseudonymise",
        store,
        "--elements",
        "all",
        "--to",
        tmp_path / "uit",
        "--key-file",
        tmp_path / "key",
        "--k",
        "30",
    )
    assert done.code == 4
    assert not (tmp_path / "uit").exists()
    assert "geslacht" in done.err
    for way in (["--without", "geslacht", "--area", "none"],):
        again = bds(
            "pseudonymise",
            store,
            "--elements",
            "all",
            "--to",
            tmp_path / "uit",
            "--key-file",
            tmp_path / "key",
            "--k",
            "30",
            *way,
        )
        assert again.code == 0, again.err
        assert "geslacht" not in made(tmp_path / "uit")[0].columns


def test_risk_is_counted_by_hand():
    # Classes: (m, 1) has 3, (v, 1) has 1, (v, 2) has 2 with one outcome for both.
    people = pl.DataFrame({"a": list("mmmvvv"), "b": list("111122"), "s": list("xyxxzz")})
    risk = measure(people, ["a", "b"], ["s"], 2, 2)
    assert (risk.classes, risk.smallest, risk.unique, risk.small, risk.uniform) == (3, 1, 1, 1, 2)
    assert measure(people, ["a"], ["s"], 3, 2).small == 0
    found = proposals(people, ["a", "b"], ["s"], 2, 2, 0.0)
    assert {f["change"] for f in found} == {"b: weg", "a: weg"} - {"a: weg"}  # by b alone: class 2 has only z


# ---- closed lists, attackers, loose rows ---- #

CANARY = "Kanarie"


@pytest.fixture(scope="module")
def region(tmp_path_factory):
    from bds_tool.cli.main import run

    path = tmp_path_factory.mktemp("extract") / "r.bds"
    assert (
        run(
            [
                "generate",
                "--children",
                "1500",
                "--seed",
                "5",
                "--region",
                "klein",
                "--out",
                str(path),
                "--quiet",
            ]
        )
        == 0
    )
    (path.parent / "key").write_text("0123456789abcdef0123456789abcdef")
    return path


def test_text_in_any_column_stays_behind(bds, tmp_path):
    """A name where a unit, a null flavour, a code, a trait or a number belongs."""
    path = tmp_path / "vuil.bds"
    with StoreWriter(path) as w:
        w.add_bron(pad="proef.csv", formaat="csv")
        rows = []
        for i in range(40):
            d = f"D{i:02d}"
            day = dt.date(2021, 5, 17)
            rows += [row(d, 20, "2020-05-17"), row(d, 19, "1"), row(d, 1197, f"0{1 + i % 2}")]
            rows.append(row(d, 235, f"75{i % 10}", contact=f"{d}-a", date=day, unit="mm"))
        for n, column in (
            (235, "unit"),
            (494, "value"),
            (19, "value"),
            (1197, "value"),
            (9, "value"),
            (245, "value"),
        ):
            given = {"unit": CANARY} if column == "unit" else {}
            rows.append(
                row("D00", n, CANARY if column == "value" else "751", contact="D00-b", date=day, **given)
            )
        flavoured = list(row("D01", 252, None, contact="D01-b", date=day))
        flavoured[10] = CANARY
        w.add_rows([*rows, tuple(flavoured)])
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    done = bds(
        "pseudonymise",
        path,
        "--elements",
        "all",
        "--to",
        tmp_path / "uit",
        "--key-file",
        tmp_path / "key",
        "--area",
        "none",
    )
    assert done.code == 0, done.err
    people, values = made(tmp_path / "uit")
    text = (
        people.write_csv()
        + values.write_csv()
        + (tmp_path / "uit" / "_extract.json").read_text()
        + done.out
        + done.err
    )
    assert CANARY not in text
    assert set(values["eenheid"].drop_nulls()) == {"mm"}


def test_only_what_was_asked_for(bds, region, tmp_path):
    done = bds(
        *(
            "pseudonymise",
            region,
            "--elements",
            "235",
            "--to",
            tmp_path / "uit",
            "--key-file",
            region.parent / "key",
        ),
        *("--area", "none", "--birth", "4year", "--without", "opleiding_ouder", "--without", "geslacht"),
    )
    assert done.code == 0, done.err
    assert set(made(tmp_path / "uit")[1]["bdsnummer"]) == {235}
    assert "persoonsgegevens" in done.err


def test_an_attacker_by_hand(bds, region, tmp_path):
    """The share that one visit gives away, counted again with dictionaries, from the files alone."""
    done = bds(
        *("pseudonymise", region, "--elements", "235,245,252", "--to", tmp_path / "uit"),
        *(
            "--key-file",
            region.parent / "key",
            "--area",
            "none",
            "--birth",
            "4year",
            "--without",
            "opleiding_ouder",
            "--without",
            "geslacht",
        ),
    )
    assert done.code == 0, done.err
    people, values = made(tmp_path / "uit")
    assert "geslacht" not in people.columns
    visits = defaultdict(list)
    for kind, contact, months, number_, value in values.select(
        "kind", "contact", "leeftijd_maanden", "bdsnummer", "waarde"
    ).iter_rows():
        if contact is not None and value is not None:
            visits[kind, contact].append((number_, value, months))
    fits = defaultdict(set)
    for (kind, _), facts in visits.items():
        months = min((m for *_, m in facts if m is not None), default=-1)
        fits[months, tuple(sorted(f"{n}={v}" for n, v, _ in facts))].add(kind)
    alone = {next(iter(kinds)) for kinds in fits.values() if len(kinds) == 1}
    told = {a["name"]: a for a in json.loads((tmp_path / "uit" / "_extract.json").read_text())["attackers"]}
    assert told["een-bezoek"]["singled"] == len(alone)
    assert told["een-bezoek"]["children"] == len({kind for kind, _ in visits})
    # Linked records of children are not anonymous, and the command says so: open it is refused.
    assert told["een-bezoek"]["share"] > 0.9
    again = bds(
        *("pseudonymise", region, "--elements", "235,245,252", "--to", tmp_path / "open", "--open"),
        *(
            "--key-file",
            region.parent / "key",
            "--area",
            "none",
            "--birth",
            "4year",
            "--without",
            "opleiding_ouder",
            "--without",
            "geslacht",
        ),
    )
    assert again.code == 4
    assert not (tmp_path / "open").exists()


def test_the_old_name_says_what_it_is(bds, region, tmp_path):
    done = bds("anonymise", region, "--to", tmp_path / "uit", "--key-file", region.parent / "key", "--area", "none",
               "--birth", "4year", "--without", "opleiding_ouder", "--without", "geslacht")  # fmt: skip
    assert done.code == 0, done.err
    assert "nooit anoniem" in done.err


@pytest.mark.parametrize("k", [5, 10, 20])
@pytest.mark.parametrize("outcomes", [(235,), (235, 245), (494, 110)])
def test_every_loose_row_is_of_many_children(bds, region, tmp_path, k, outcomes):
    asked = [word for n in outcomes for word in ("--outcome", str(n))]
    done = bds("research-table", region, "--to", tmp_path / "uit", *asked, "--k", str(k))
    if done.code == 4:
        assert not (tmp_path / "uit").exists()
        return
    assert done.code == 0, done.err
    with (tmp_path / "uit" / "tabel.csv").open(encoding="utf-8", newline="") as stream:
        rows = [tuple(r.items()) for r in csv.DictReader(stream)]
    facts = json.loads((tmp_path / "uit" / "_tabel.json").read_text())
    assert min(Counter(rows).values()) >= k
    # The order says nothing: it follows from what is in the rows.
    assert [[v for _, v in r] for r in rows] == sorted([v for _, v in r] for r in rows)
    assert len(rows) == facts["rows"]
    # No column is a key: every value of every column is shared.
    assert [name for name, _ in rows[0]] == facts["columns"]
    assert facts["share_left_out"] <= facts["most_dropped"]
    # l: within the traits of a moment an outcome is not the same for all, unless nobody has it.
    groups = defaultdict(lambda: defaultdict(set))
    for r in rows:
        group = tuple(v for name, v in r if not name.startswith("bds"))
        for name, v in r:
            if name.startswith("bds"):
                groups[group][name].add(v)
    assert all(len(v) >= 2 or v == {"niet vastgelegd"} for g in groups.values() for v in g.values())


def test_what_the_table_costs_is_what_it_says(bds, region, tmp_path):
    """Mean height per moment from the store by hand, of all children; the stated shift must explain the difference."""
    done = bds("research-table", region, "--to", tmp_path / "uit", "--outcome", "235", "--k", "5")
    assert done.code == 0, done.err
    facts = json.loads((tmp_path / "uit" / "_tabel.json").read_text())
    table = pl.read_csv(tmp_path / "uit" / "tabel.csv", infer_schema=False)
    kept = dict(table.group_by("moment").len().iter_rows())
    rows = Store.open(region).registraties().collect()
    objects = (
        set(rows.filter(pl.col("bdsnummer") == 1404)["dossier_id"])
        if (rows["bdsnummer"] == 1404).any()
        else set()
    )
    born = dict(rows.filter(pl.col("bdsnummer") == 20).select("dossier_id", "waarde").iter_rows())
    last = {}
    for d, day, value in (
        rows.filter(pl.col("bdsnummer") == 235)
        .sort("datum")
        .select("dossier_id", "datum", "waarde")
        .iter_rows()
    ):
        months = (day - dt.date.fromisoformat(born[d][:10])).days / 30.4375
        if 22 <= months < 28:  # the window of "2 jaar" in the policy
            last[d] = float(value)
    candidates = [v for d, v in last.items() if d not in objects]
    left_out = len(candidates) - kept.get("2 jaar", 0)
    assert 0 <= left_out <= 0.1 * len(last) + 40  # objections that are a plain no stay in
    told = next(r for r in facts["loss"] if r["moment"] == "2 jaar")
    assert abs(told["mean_shift"]) < 5
    assert told["share_points"] < 3


def test_too_few_children_make_no_table(bds, store, tmp_path):
    done = bds("research-table", store, "--to", tmp_path / "uit", "--outcome", "235", "--k", "100")
    assert done.code == 4
    assert not (tmp_path / "uit").exists()
    assert (
        bds("research-table", store, "--to", tmp_path / "uit", "--outcome", "2").code == 2
    )  # a name is no outcome
