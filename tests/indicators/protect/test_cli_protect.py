"""`bds protect` as a user meets it: exit codes, files, talk on stderr."""

import csv
import io
import json
import re
import shlex
from pathlib import Path

import polars as pl
import pytest
from test_results import counted

from bds_tool.protect.cellkey import chances, perturb, record_keys
from bds_tool.protect.policy import policy_files

TABLE = """
count: n
dimensions:
  - {name: wijk}
  - {name: uit}
"""
POLICY = """
id: klein
title: {nl: proef, en: test}
explanation: {nl: proef, en: test}
certainty: voorstel
sources: [{title: proef, certainty: eigen keuze}]
method: suppress
thresholds: {denominator: 10, numerator: 5, complement: 5, cell: 5}
zeros: {shown: true, full_shown: true}
attacker: {lower: 1}
"""


@pytest.fixture
def table(tmp_path):
    (tmp_path / "t.yaml").write_text(TABLE)
    (tmp_path / "p.yaml").write_text(POLICY)
    (tmp_path / "t.csv").write_text(
        "wijk,uit,n\nW1,a,12\nW1,b,85\nW1,c,30\nW2,a,3\nW2,b,60\nW2,c,22\nW3,a,15\nW3,b,90\nW3,c,41\n"
    )
    return tmp_path


def test_a_table_is_protected_and_audited(bds, table):
    done = bds(
        "protect",
        table / "t.csv",
        "--table",
        table / "t.yaml",
        "--policy",
        table / "p.yaml",
        "--to",
        table / "o.csv",
        "--statement",
        table / "s.md",
        "--internal",
        table / "i.csv",
    )
    assert done.code == 0, done.err
    assert done.out == ""
    out = pl.read_csv(table / "o.csv")
    assert out.filter(status="verborgen")["n"].null_count() == 4
    assert bds("protect", "audit", table / "o.csv", "--table", table / "t.yaml").code == 0
    statement = (table / "s.md").read_text()
    assert "4 van 16 cellen" in statement
    assert pl.read_csv(table / "i.csv").filter("primair").select("laag", "waar", "hoog").row(0)[1] == 3


def test_a_leaking_table_is_exit_4_and_values_stay_out_of_sight(bds, table):
    done = bds(
        "protect",
        table / "t.csv",
        "--table",
        table / "t.yaml",
        "--policy",
        table / "p.yaml",
        "--to",
        table / "o.csv",
    )
    assert done.code == 0
    leak = pl.read_csv(table / "o.csv").with_columns(
        n=pl.when((pl.col("wijk") == "W2") & (pl.col("uit") == "a"))
        .then(None)
        .otherwise(pl.when((pl.col("wijk") == "W2") & pl.col("n").is_null()).then(22).otherwise("n"))
    )
    leak.write_csv(table / "leak.csv")
    done = bds("protect", "audit", table / "leak.csv", "--table", table / "t.yaml")
    assert done.code == 4
    assert "PUB" in done.out
    assert "(" not in done.out  # no reach of a value
    shown = bds(
        "protect",
        "audit",
        table / "leak.csv",
        "--table",
        table / "t.yaml",
        "--format",
        "json",
        "--show-values",
    )
    assert shown.code == 4
    reaches = [
        f["parameters"]["bereik"] for f in json.loads(shown.out)["findings"] if "bereik" in f["parameters"]
    ]
    assert any(low == high for low, high in (r.strip(" ()").split("–") for r in reaches))


def test_a_table_that_cannot_be_proven_is_withheld(bds, table):
    # One area and one outcome: whatever is hidden, the total tells.
    (table / "one.csv").write_text("wijk,uit,n\nW1,a,3\n")
    done = bds(
        "protect",
        table / "one.csv",
        "--table",
        table / "t.yaml",
        "--policy",
        table / "p.yaml",
        "--to",
        table / "x.csv",
    )
    assert done.code in {0, 4}
    if done.code == 0:
        assert pl.read_csv(table / "x.csv")["n"].null_count() == 4


def test_wrong_use_is_exit_2(bds, table):
    assert bds("protect", table / "t.csv", "--policy", table / "p.yaml", "--to", table / "o.csv").code == 2
    unknown = bds(
        "protect",
        table / "t.csv",
        "--table",
        table / "t.yaml",
        "--policy",
        "ncj-strikt",
        "--to",
        table / "o.csv",
    )
    assert unknown.code == 2
    assert "ncj-strict" in unknown.err
    (table / "bad.yaml").write_text(
        POLICY.replace("attacker: {lower: 1}", "attacker: {lower: 1}\nrequired: {both_sides: true}")
    )
    assert bds("protect", "policy", "check", table / "bad.yaml").code == 2


def test_no_policy_borrows_the_name_of_another(bds, table):
    """Who reads "cbs-output" beside figures takes its thresholds for granted."""
    own = (table / "p.yaml").read_text()
    (table / "p.yaml").write_text(own.replace("id: klein", "id: cbs-output"))
    arguments = ("protect", "run", table / "t.csv", "--table", table / "t.yaml", "-o", table / "o.csv")
    done = bds(*arguments, "--policy", table / "p.yaml")
    assert done.code == 2
    assert "cbs-output" in done.err
    assert not (table / "o.csv").exists()
    # The same rules in a file of one's own are the same policy.
    (table / "p.yaml").write_text(policy_files()["cbs-output"].read_text())
    assert bds(*arguments, "--policy", table / "p.yaml").code in {0, 4}


def test_lines_with_the_same_codes_are_refused(bds, table):
    # A column that the description forgets would otherwise lose all lines but the last.
    lines = (table / "t.csv").read_text().splitlines()
    head, *rest = [f"{'jaar' if i == 0 else 2023 + i % 2},{line}" for i, line in enumerate(lines)]
    (table / "j.csv").write_text("\n".join([head, *rest, rest[0].replace("2024", "2025")]) + "\n")
    rules = ("--table", table / "t.yaml")
    done = bds("protect", table / "j.csv", *rules, "--policy", table / "p.yaml", "--to", table / "o.csv")
    assert done.code == 2
    assert "1 regels hebben dezelfde codes" in done.err
    assert not (table / "o.csv").exists()
    audited = bds("protect", "audit", table / "j.csv", *rules)
    assert audited.code == 2
    assert "1 regels hebben dezelfde codes" in audited.err


def test_hidden_zeros_are_explained_and_a_screen_is_not_flooded(bds, tmp_path):
    # 60 wijken with a hidden pair of 0 and 5 that add up to a shown 5: nothing fits "at least 1" if the columns are 0.
    rows = [f"W{i:02d},{uit},{n}" for i in range(60) for uit, n in (("a", ""), ("b", ""), ("totaal", 5))]
    rows += ["totaal,a,0", "totaal,b,300", "totaal,totaal,300"]
    (tmp_path / "t.csv").write_text("\n".join(["wijk,uit,n", *rows]) + "\n")
    (tmp_path / "t.yaml").write_text(TABLE)
    done = bds("protect", "audit", tmp_path / "t.csv", "--table", tmp_path / "t.yaml")
    assert done.code == 4
    assert "lower: 0" in done.err
    assert "en nog 70" in done.out
    assert len(done.out.splitlines()) < 120
    full = bds("protect", "audit", tmp_path / "t.csv", "--table", tmp_path / "t.yaml", "--format", "csv")
    assert len(list(csv.DictReader(io.StringIO(full.out)))) == 120


def test_large_tables_get_proposals_from_the_pattern(bds, table, monkeypatch):
    from bds_tool.protect import collapse

    rules = ("--table", table / "t.yaml", "--policy", table / "p.yaml")
    monkeypatch.setattr(collapse, "TOO_MUCH", 0.0)
    small = bds("protect", table / "t.csv", *rules, "--to", table / "o.csv")
    assert "uit niet uitgesplitst: 0,0 % van 4 cellen" in small.err
    monkeypatch.setattr(collapse, "LARGEST", 1)
    large = bds("protect", table / "t.csv", *rules, "--to", table / "o.csv", "--force")
    assert "uit niet uitgesplitst: hoogstens 0,0 % van 4 cellen" in large.err


def test_the_how_to_on_tables_does_what_it_says(bds, tmp_path, monkeypatch):
    page = (Path(__file__).parents[3] / "docs" / "howto" / "tabel-beveiligen.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(csv|yaml)\n(.*?)```", page, re.DOTALL))
    monkeypatch.chdir(tmp_path)
    for kind, text in blocks.items():
        Path(f"tabel.{kind}").write_text(text, encoding="utf-8")
    commands = re.findall(r"```sh\nbds (.*?)\n```", page)
    assert [bds(*shlex.split(c)).code for c in commands] == [0, 0]
    safe = pl.read_csv("veilig.csv")
    assert set(safe["status"]) == {"ok", "verborgen"}
    assert safe.filter(wijk="WK000101", oordeel="slecht")["n"].null_count() == 1
    assert Path("verantwoording.md").exists()
    assert pl.read_csv("intern.csv").filter(primair=True).height == 3  # 3, 9 and 8 are below 10


def test_what_hides_nothing_is_not_called_safe(bds, table, tmp_path):
    source = counted(tmp_path / "a.result", indicators=("A",))
    done = bds("protect", "audit", source.path)
    assert done.code == 4
    assert "onbeschermde aantallen" in done.out
    shown = bds("protect", "audit", table / "t.csv", "--table", table / "t.yaml")
    assert shown.code == 0
    assert "geen verborgen cellen" in shown.err
    assert "Veilig" not in shown.err
    assert bds("protect", "audit", table / "t.csv", "--table", table / "t.yaml", "--threshold", 5).code == 4


def test_every_preset_has_a_source_and_certainty(bds):
    listed = json.loads(bds("protect", "policy", "list", "--format", "json").out)
    names = {p["id"] for p in listed}
    assert {"cbs-output", "ggd-monitor", "rivm-wijk", "nhs", "opensafely-mid6", "ncj-strict"} <= names
    for name in names:
        shown = bds("protect", "policy", "show", name)
        assert shown.code == 0
        assert "Zekerheid:" in shown.out
        assert "Bronnen:" in shown.out


def test_a_result_is_protected_rounded_and_listed(bds, tmp_path):
    counted(tmp_path / "a.result", indicators=("A",))
    assert (
        bds(
            "protect", tmp_path / "a.result", "--to", tmp_path / "b.result", "--ledger", tmp_path / "boek"
        ).code
        == 0
    )
    assert bds("protect", "audit", tmp_path / "b.result").code == 0
    assert bds("protect", "audit", tmp_path / "b.result", "--earlier", tmp_path / "a.result").code == 4
    assert len(json.loads(bds("protect", "ledger", tmp_path / "boek", "--format", "json").out)) == 1
    assert bds("protect", tmp_path / "b.result", "--to", tmp_path / "c.result").code == 2
    assert (
        bds(
            "protect", tmp_path / "a.result", "--policy", "opensafely-mid6", "--to", tmp_path / "r.result"
        ).code
        == 0
    )
    rounded = pl.read_parquet(tmp_path / "r.result" / "counts.parquet").filter(status="afgerond")
    assert rounded.height > 0
    assert set((rounded["n"] % 6).to_list()) <= {3, 0}


def test_rounding_tells_what_an_attack_recovers(bds, table):
    done = bds(
        "protect", table / "t.csv", "--table", table / "t.yaml", "--policy", "nhs", "--to", table / "r.csv"
    )
    assert done.code == 0
    assert "zonder bewijs" in done.err
    out = pl.read_csv(table / "r.csv")
    assert (out["n"].drop_nulls() % 5 == 0).all()


def test_the_same_children_get_the_same_change(bds, tmp_path):
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef")
    (tmp_path / "d.yaml").write_text(
        "count: n\nrecord: kind\ndimensions:\n  - {name: wijk}\n  - {name: uit}\n"
    )
    rows = [f"k{i},W{i % 3},{'ab'[i % 2]}" for i in range(300)]
    (tmp_path / "m.csv").write_text("kind,wijk,uit\n" + "\n".join(rows) + "\n")
    for name in ("one", "two"):
        assert (
            bds(
                "protect",
                tmp_path / "m.csv",
                "--table",
                tmp_path / "d.yaml",
                "--policy",
                "celsleutel",
                "--key-file",
                tmp_path / "key",
                "--to",
                tmp_path / f"{name}.csv",
            ).code
            == 0
        )
    assert (tmp_path / "one.csv").read_text() == (tmp_path / "two.csv").read_text()
    out = pl.read_csv(tmp_path / "one.csv")
    total = out.filter((pl.col("wijk") == "totaal") & (pl.col("uit") == "totaal"))["n"][0]
    assert abs(total - 300) <= 3
    assert (
        bds(
            "protect",
            tmp_path / "m.csv",
            "--table",
            tmp_path / "d.yaml",
            "--policy",
            "celsleutel",
            "--to",
            tmp_path / "x.csv",
        ).code
        == 2
    )


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_changes_have_mean_zero_and_never_go_below_zero(count):
    p = chances(count, 3, 1.5)
    assert sum(p) == pytest.approx(1)
    assert sum((i - 3) * q for i, q in enumerate(p)) == pytest.approx(0, abs=1e-6)
    assert all(q == 0 for i, q in enumerate(p) if i - 3 < -count)
    if count >= 3:
        assert sum((i - 3) ** 2 * q for i, q in enumerate(p)) == pytest.approx(1.5, rel=1e-3)


def test_zero_stays_zero_under_cell_keys():
    import numpy as np

    keys = record_keys([str(i) for i in range(1000)], b"0123456789abcdef")
    assert (perturb(np.zeros(1000, dtype=np.int64), keys, {"most": 3, "variance": 1.5}) == 0).all()
    changed = perturb(np.full(1000, 20, dtype=np.int64), keys, {"most": 3, "variance": 1.5})
    assert abs(changed - 20).max() == 3
    assert abs(changed.mean() - 20) < 0.15  # three standard errors of 1000 draws with variance 1.5


@pytest.mark.parametrize("name", ["weg.result", "weg.csv"])
def test_a_path_that_leads_nowhere_is_said_before_anything_else(bds, tmp_path, name):
    for command in (("run", tmp_path / name, "--to", tmp_path / "o.csv"), ("audit", tmp_path / name)):
        done = bds("protect", *command)
        assert done.code == 3
        assert f"{name} bestaat niet" in done.err
        assert "--table" not in done.err
