"""z-scores and BMI classes against the published tables."""

import csv
import itertools
import json
import math
from bisect import bisect_right
from datetime import date

import numpy as np
import pytest

from bds_tool.indicators import growth

#: (reference, measure, sex, population) of every curve that is shipped.
REFERENCES = sorted(
    {(r["reference"], r["measure"], r["sex"], r["population"]) for r in growth.rows("groei/growth_lms.csv")}
)


def table(shared):
    with (shared / "references" / "growth_lms.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["growth_lms.csv", "growth_sources.csv"])
def test_the_shipped_tables_are_the_published_ones(shared, name):
    from bds_tool.base.specs import specs_dir

    ours = specs_dir() / "referenties" / "groei" / name
    assert ours.read_bytes() == (shared / "references" / name).read_bytes()


def undo(shared):
    """(reference, measure) → function from the scale of the table to cm, kg or kg/m², from the published list."""
    inverse = {"": lambda v: v, "log1p(y)": lambda v: np.exp(v) - 1, "log10(y)": lambda v: 10.0**v}
    with (shared / "references" / "growth_sources.csv").open(newline="") as file:
        return {(r["reference"], r["measure"]): inverse[r["y_transform"]] for r in csv.DictReader(file)}


#: What a median can be at any age or height: cm, kg, kg/m², D. Weight for height is judged as kg/m².
MEDIANS = {
    "hgt": (25, 190),
    "wgt": (0.6, 85),
    "hdc": (20, 60),
    "bmi": (12, 25),
    "wfh": (7, 25),
    "dsc": (-5, 85),
}


def test_every_median_is_a_person(shared):
    """In every reference, at every age or height: the median is plausible and has z = 0, in cm, kg and kg/m²."""
    for key in REFERENCES:
        reference = growth.lms(*key)
        y = reference.median(reference.x)
        np.testing.assert_allclose(reference.z(y, reference.x), 0, atol=1e-9, err_msg=str(key))
        judged = y / (reference.x / 100) ** 2 if key[1] == "wfh" else y
        low, high = MEDIANS[key[1]]
        assert ((judged > low) & (judged < high)).all(), key


def test_weight_for_height_agrees_between_references():
    """The medians of all weight-for-height tables lie within 15 % of each other where they overlap."""
    heights = np.arange(55.0, 120.0)
    tables = [growth.lms(*k) for k in REFERENCES if k[1] == "wfh" and not k[3].endswith("b")]
    assert len(tables) == 12
    base = growth.lms("nl_1997", "wfh", "male", "nla").median(heights)
    for table_ in tables:
        y = table_.median(heights)
        assert (np.abs(y / base - 1)[~np.isnan(y)] < 0.15).all()


def test_published_points_of_the_transformed_tables():
    """By hand: nl_2012 boys at 35 cm: L -0.6638, M 0.669, S 0.1195, on ln(kg + 1); hs at 51 cm: log10(kg)."""
    boys = growth.lms("nl_2012", "wfh", "male", "")
    assert boys.z(math.exp(0.669) - 1, 35) == pytest.approx(0, abs=1e-9)
    z = ((math.log(2.2) / 0.669) ** -0.6638 - 1) / (-0.6638 * 0.1195)  # 1.2 kg
    assert boys.z(1.2, 35) == pytest.approx(z, abs=1e-9)
    hs = growth.lms("nl_1976", "wfh", "male", "hs")
    z = ((math.log10(3.6) / 0.517) ** -0.2837 - 1) / (-0.2837 * 0.0781)
    assert hs.z(3.6, 51) == pytest.approx(z, abs=1e-9)


@pytest.mark.parametrize(
    "diagram", [("1616", "04"), ("82", "170"), ("82", "180"), ("82", "250"), ("1616", "02")]
)
def test_a_median_toddler_is_not_obese(diagram):
    """A child with the median weight for its height, whatever its chart, has z 0; also born before 25 weeks."""
    from bds_tool.indicators import cases, features

    birth, day = date(2022, 8, 15), date(2024, 1, 15)
    number, value = int(diagram[0]), diagram[1]
    coded = {r["code"]: r["kaart"] for r in growth.rows("groeidiagram.csv")}
    chart = growth.charts()["wfh", coded[value] if number == 1616 else "p30"]
    given = []
    for sex, word in (("1", "male"), ("2", "female")):
        for height in range(720, 860, 10):
            name = f"{sex}-{height}"
            kilo = float(growth.lms(chart[0], "wfh", word, chart[1]).median(height / 10))
            given += [
                (name, None, None, 20, 1, birth.isoformat(), 0),
                (name, None, None, 19, 1, sex, 0),
                (name, None, None, number, 1, value, 0),
                (name, name, day, 235, 1, str(height), 0),
                (name, name, day, 245, 1, str(round(kilo * 1000)), 0),
            ]
    connection = cases._connection(given)
    features.install_lookups(connection, ["kind", "groei"], features.Settings(2024, 2024, date(2024, 12, 31)))
    features.make(connection, ["kind", "groei"])
    found = connection.execute("select z_wfh, kaart from groei").fetchall()
    assert len(found) == 28
    assert all(abs(z) < 0.01 for z, _ in found)
    if value == "170":
        assert {k for _, k in found} == {"p25"}


def test_every_tabulated_point(shared):
    """At each of the tabulated points: z(M) = 0 and z(M·(1 + L·S·z)^(1/L)) = z within 1e-6, on the table's scale."""
    scale = undo(shared)
    points = table(shared)
    by_reference: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in points:
        by_reference.setdefault((row["reference"], row["measure"], row["sex"], row["population"]), []).append(
            row
        )
    assert set(by_reference) == set(REFERENCES)
    seen = 0
    for key, rows in by_reference.items():
        reference = growth.lms(*key)
        x, m, s = (np.array([float(r[c]) for r in rows]) for c in "xMS")
        normal = rows[0]["distribution"] == "NO"
        l = np.ones(len(rows)) if normal else np.array([float(r["L"]) for r in rows])  # noqa: E741
        cv = s / m if normal else s
        back = scale.get(key[:2], lambda v: v)
        np.testing.assert_allclose(reference.z(back(m), x), 0, atol=1e-6)
        for z in (-3, -2, -1, -0.5, 0.5, 1, 2, 3):
            inside = 1 + l * cv * z > 0
            power = np.where(np.abs(l) < 1e-12, 1, l)
            y = np.where(np.abs(l) < 1e-12, m * np.exp(cv * z), m * np.abs(1 + l * cv * z) ** (1 / power))
            y = back(y)
            np.testing.assert_allclose(reference.z(y[inside], x[inside]), z, atol=1e-6, err_msg=str(key))
            np.testing.assert_allclose(reference.y(z, x)[inside], y[inside], rtol=1e-9)
        seen += len(rows)
    assert seen == len(points) > 12_000


def test_outside_the_table_there_is_no_score():
    reference = growth.lms("nl_2009", "hgt", "male", "nl")
    assert np.isnan(reference.z(100, 25))
    assert np.isnan(reference.z(50, 0))


def test_normal_distribution_is_mean_and_sd():
    reference = growth.lms("nl_2012", "hgt", "male", "30")
    mean, sd = reference.m[3], reference.s[3]
    assert reference.z(mean + 1.5 * sd, reference.x[3]) == pytest.approx(1.5, abs=1e-9)
    # Between two points mean and SD are interpolated, as y2z of R does (AGD, centile): halfway both are the average.
    x, mean, sd = ((c[3] + c[4]) / 2 for c in (reference.x, reference.m, reference.s))
    assert reference.z(mean + 1.5 * sd, x) == pytest.approx(1.5, abs=1e-9)


@pytest.fixture(scope="module")
def iotf(shared):
    with (shared / "references" / "bmi_cutoffs_iotf.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_iotf_at_every_half_year(iotf):
    names = {
        "dun3": "thinness3",
        "dun2": "thinness2",
        "dun1": "thinness1",
        "overgewicht": "overweight",
        "obesitas": "obesity",
    }
    for row in iotf:
        sex = {"M": "M", "F": "V"}[row["sex"]]
        for rule in ("interpolate", "nearest_half_year"):
            limits = growth.bmi_cutoffs("iotf", sex, float(row["age_years"]), rule)
            for ours, theirs in names.items():
                assert limits[ours] == pytest.approx(float(row[theirs]), abs=1e-12)


def test_iotf_between_half_years(iotf):
    """By straight-line interpolation, or the nearest half year; the middle belongs to the upper one."""
    boys = sorted((r for r in iotf if r["sex"] == "M"), key=lambda r: float(r["age_years"]))
    for low, high in itertools.pairwise(boys):
        start = float(low["age_years"])
        for part in (0.1, 0.25, 0.4):
            straight = float(low["overweight"]) + part / 0.5 * (
                float(high["overweight"]) - float(low["overweight"])
            )
            assert growth.bmi_cutoffs("iotf", "M", start + part)["overgewicht"] == pytest.approx(
                straight, abs=1e-9
            )
            nearest = low if part < 0.25 else high
            chosen = growth.bmi_cutoffs("iotf", "M", start + part, "nearest_half_year")["overgewicht"]
            assert chosen == float(nearest["overweight"])


def test_no_cutoffs_under_two_and_the_last_after_eighteen():
    limits = growth.bmi_cutoffs("iotf", "V", [1.9, 18, 20])["overgewicht"]
    assert np.isnan(limits[0])
    assert limits[1] == limits[2] == 25


def test_hindustani_cutoffs_are_those_of_appendix_b():
    limits = growth.bmi_cutoffs("hs", "M", [5, 18])
    assert limits["overgewicht"].tolist() == [15.52, 23.0]
    assert limits["obesitas"].tolist() == [16.24, 25.0]
    assert np.isnan(limits["dun1"]).all()


def z_by_hand(points, x, y, *, normal=False):
    """LMS z-score (`normal`: with mean and SD) straight from the rows of the table: own interpolation, own formula."""
    xs = [p[0] for p in points]
    if not xs[0] <= x <= xs[-1]:
        return None
    n = min(bisect_right(xs, x) - 1, len(xs) - 2)
    (x0, *low), (x1, *high) = points[n], points[n + 1]
    l, m, s = (a + (b - a) * (x - x0) / (x1 - x0) for a, b in zip(low, high, strict=True))  # noqa: E741
    if normal:
        return (y - m) / s
    return math.log(y / m) / s if abs(l) < 1e-12 else ((y / m) ** l - 1) / (l * s)


def children(shared):
    """Sex, birth date, gestation and measurements (235, 245, 252) straight from the JSON of format 3.0."""
    for path in sorted((shared / "real" / "james" / "bds_v3.0" / "smocc").glob("*.json")):
        data = json.loads(path.read_text())
        facts = {d["bdsNumber"]: d.get("value") for d in data["clientDetails"]}
        if 20 not in facts or facts.get(19) not in {"1", "2"}:
            continue
        birth = date.fromisoformat(str(facts[20]))
        measured = {
            (m["bdsNumber"], date.fromisoformat(str(v["date"]))): v["value"]
            for m in data["clientMeasurements"]
            for v in m["values"]
            if m["bdsNumber"] in {235, 245, 252} and "value" in v
        }
        yield path.stem, facts, birth, measured


def test_the_view_gives_the_scores_of_the_james_children(shared):
    """The growth view on real measurements equals z-scores computed here from the published tables."""
    from bds_tool.indicators import cases, features

    given, expected = [], {}
    points: dict[tuple[str, ...], list[tuple[float, ...]]] = {}
    normal: set[tuple[str, ...]] = set()
    for r in table(shared):
        key = (r["reference"], r["measure"], r["sex"], r["population"])
        normal |= {key} if r["distribution"] == "NO" else set()
        points.setdefault(key, []).append(tuple(float(r[c] or 1) for c in ("x", "L", "M", "S")))
    for rows in points.values():
        rows.sort()
    for name, facts, birth, measured in children(shared):
        given += [(name, None, None, 20, 1, birth.isoformat(), 0), (name, None, None, 19, 1, facts[19], 0)]
        week = None
        if facts.get(82):
            given.append((name, None, None, 82, 1, str(facts[82]), 0))
            week = int(facts[82]) // 7 if 175 <= int(facts[82]) < 259 else None
        sex = "male" if facts[19] == "1" else "female"
        for (number, day), value in measured.items():
            given.append((name, f"{name}{day}", day, number, 1, str(value), 0))
            days = (day - birth).days
            years = days / 365.25
            preterm = week is not None and days < 1461
            chart = (
                ("nl_2012", str(week))
                if preterm
                else {235: ("nl_2009", "nl"), 252: ("nl_1997", "nl")}.get(number)
            )
            if number in {235, 252} and days >= 0:
                measure = {235: "hgt", 252: "hdc"}[number]
                key = (chart[0], measure, sex, chart[1])
                z = z_by_hand(points[key], years, value / 10, normal=key in normal)
                if z is not None:
                    expected[name, day, measure] = z
    assert len(expected) > 100
    connection = cases._connection(given)
    settings = features.Settings(1980, 2026, date(2026, 12, 31))
    features.install_lookups(connection, ["kind", "groei"], settings)
    features.make(connection, ["kind", "groei"])
    found = {}
    names = "(select distinct SLEUTEL(dossier_id, '') as kind, dossier_id from registraties)"
    for name, day, z_hgt, z_hdc in connection.execute(
        f"select n.dossier_id, g.datum, g.z_lengte, g.z_hoofd from groei g join {names} n on n.kind = g.kind"
    ).fetchall():
        found[name, day, "hgt"], found[name, day, "hdc"] = z_hgt, z_hdc
    for key, z in expected.items():
        assert found[key] == pytest.approx(z, abs=1e-6), key


def test_the_view_uses_the_class_limits(iotf):
    """A child just under and just on every limit, at an age between two half years."""
    from bds_tool.indicators import cases, features

    birth, day = date(2015, 3, 1), date(2020, 5, 31)  # 1918 days: 5.2512 years
    years = (day - birth).days / 365.25
    boys = sorted((r for r in iotf if r["sex"] == "M"), key=lambda r: float(r["age_years"]))
    low = next(r for r in reversed(boys) if float(r["age_years"]) <= years)
    high = boys[boys.index(low) + 1]
    share = (years - float(low["age_years"])) / 0.5

    def limit(column):
        return float(low[column]) + share * (float(high[column]) - float(low[column]))

    wanted, given = {}, []
    for column, under, on in (
        ("overweight", 0, 1),
        ("obesity", 1, 2),
        ("thinness1", -1, 0),
        ("thinness2", -2, -1),
        ("thinness3", -3, -2),
    ):
        for side, shift in (("under", -0.01), ("on", 0.01)):
            name = f"{column}-{side}"
            grams = round((limit(column) + shift) * 1000)  # at a height of 1 m the BMI is the weight in kg
            given += [
                (name, None, None, 20, 1, birth.isoformat(), 0),
                (name, None, None, 19, 1, "1", 0),
                (name, name, day, 235, 1, "1000", 0),
                (name, name, day, 245, 1, str(grams), 0),
            ]
            wanted[name] = under if side == "under" else on
    connection = cases._connection(given)
    features.install_lookups(connection, ["kind", "groei"], features.Settings(2020, 2020, date(2020, 12, 31)))
    features.make(connection, ["kind", "groei"])
    found = dict(
        connection.execute(
            "select r.dossier_id, g.iotf from groei g join (select distinct SLEUTEL(dossier_id, '') as kind, dossier_id "
            "from registraties) r on r.kind = g.kind"
        ).fetchall()
    )
    assert found == wanted
