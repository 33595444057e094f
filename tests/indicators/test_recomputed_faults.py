"""Twenty more indicators recomputed in plain pandas, over four BDS versions, on a region with planted faults.

Written from titles, code lists and the notes of the definitions; nothing of the program is used but what is judged: the
store, the findings of `validate` and the result. Values that the findings put in doubt (twijfel.csv) are taken out here
by an own reading of the findings, so that this is the whole way from a fault in a dossier to a figure.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from bds_tool.base.specs import specs_dir

VERSIONS = ("3.2.7", "4.0.2", "4.1.3", "4.2.0")
YEARS = (2022, 2023, 2024, 2025)
LAST = pd.Timestamp(2025, 12, 31)
#: One to five per cent of what can be wrong in ways that rules see.
FAULTS = """
id: proef
titel: fouten in metingen, contacten, prikken en geboortegegevens
defecten:
  - {soort: cm, waarom: proef, elementen: [235], op: maal, factor: 0.1, kans: 0.03, regels: [BDS502]}
  - {soort: hoofd, waarom: proef, elementen: [252], op: maal, factor: 10, kans: 0.05, regels: [BDS502]}
  - {soort: zwaar, waarom: proef, elementen: [110], op: maal, factor: 2.3, minstens: 2700, kans: 0.05, regels: [BDS405]}
  - {soort: voor-geboorte, waarom: proef, elementen: [724], op: verzet_activiteit, anker: geboorte, dagen: -40, kans: 0.02, regels: [BDS301]}
  - {soort: toekomst, waarom: proef, elementen: [724], op: verzet_activiteit, anker: peildatum, dagen: 3000, kans: 0.02, regels: [BDS303]}
  - {soort: prik, waarom: proef, elementen: [1409], op: verzet_datum, anker: geboorte, dagen: -20, kans: 0.05, regels: [BDS313]}
"""
KEYS = ["bron", "regel", "dossier_id", "activiteit_id", "bdsnummer"]


def full_months(born, day):
    """Completed months of age: the day of the month has come."""
    born, day = pd.to_datetime(born), pd.to_datetime(day)
    return (day.dt.year - born.dt.year) * 12 + day.dt.month - born.dt.month - (day.dt.day < born.dt.day)


def birthday(born, months):
    """The day on which so many months are full: 29 February is full on 1 March in other years."""
    day = born + pd.DateOffset(months=months)
    return day.where(day.dt.day >= born.dt.day, day + pd.Timedelta(days=1))


def trusted(rows, findings):
    """The rows without those that a finding doubts; findings of a contact take everything of that contact."""
    table = pd.read_csv(specs_dir() / "referenties/twijfel.csv")
    whole = set(table[table.bereik == "activiteit"].code)
    found = findings[findings.code.isin(table.code)]
    gone = pd.Series(False, index=rows.index)
    by_contact = set(
        map(tuple, found[found.code.isin(whole)][["bron", "dossier_id", "activiteit_id"]].to_numpy())
    )
    gone |= pd.Series(
        list(map(tuple, rows[["bron", "dossier_id", "activiteit_id"]].to_numpy())), rows.index
    ).isin(by_contact)
    one = {}
    for *key, value in found[~found.code.isin(whole)][[*KEYS, "waarde"]].fillna("").astype(str).to_numpy():
        one.setdefault(tuple(key), set()).add(value)
    keys = map(tuple, rows[KEYS].fillna("").astype(str).to_numpy())
    hit = [k in one and ("" in one[k] or v in one[k]) for k, v in zip(keys, rows.waarde, strict=True)]
    return rows[~(gone | pd.Series(hit, rows.index))]


class Region:
    def __init__(self, store, findings):
        rows = pd.read_parquet(store / "registraties.parquet", columns=[*KEYS, "datum", "volgnr", "waarde"])
        rows = rows[rows.bdsnummer.notna() & rows.waarde.notna()]
        rows["bdsnummer"] = rows.bdsnummer.astype(int)
        self.all = len(rows)
        rows = trusted(rows, findings)
        self.left = self.all - len(rows)
        objecting = rows[(rows.bdsnummer == 1404) & rows.waarde.isin(["true", "1"])].dossier_id
        self.rows = rows[~rows.dossier_id.isin(objecting)].assign(datum=lambda f: pd.to_datetime(f.datum))
        self.born = pd.to_datetime(self.of(20).drop_duplicates("dossier_id").set_index("dossier_id").waarde)
        ends = pd.to_datetime(self.of(21, 29, 488).groupby("dossier_id").waarde.min())
        self.end = ends.reindex(self.born.index)
        self.contacts = self.all_contacts()
        good = self.contacts.day.between(self.contacts.born, LAST)
        self.seen = self.contacts[self.contacts.present & good]

    def of(self, *numbers):
        return self.rows[self.rows.bdsnummer.isin(numbers)]

    def once(self, number):
        """The last value of a child up to the last day; none where those of that day differ."""
        own = self.of(number)
        own = own[own.datum.isna() | (own.datum <= LAST)].assign(
            day=lambda f: f.datum.fillna(pd.Timestamp(1900, 1, 1))
        )
        by = own.groupby(["dossier_id", "day"]).waarde.agg(["min", "max"]).reset_index().sort_values("day")
        by = by.drop_duplicates("dossier_id", keep="last")
        return by[by["min"] == by["max"]].set_index("dossier_id")["min"].reindex(self.born.index)

    def all_contacts(self):
        """Contacts with day, form, kind, whether they took place, and with the child or a parent."""
        own = self.of(494, 495, 724, 725, 1577, 1605).drop_duplicates(
            ["dossier_id", "activiteit_id", "bdsnummer"]
        )
        wide = own.set_index(["dossier_id", "activiteit_id", "bdsnummer"]).waarde.unstack()  # noqa: PD010  # unique
        wide = wide.reindex(columns=[494, 495, 724, 725, 1577, 1605]).astype(object).reset_index()
        wide["day"] = pd.to_datetime(wide[724], errors="coerce")
        wide["born"] = wide.dossier_id.map(self.born)
        wide = wide[wide.born.notna()]
        status = wide[1605].fillna(wide[725].map({"01": "01"}))
        status = status.fillna(wide[495].map({"01": "03", "02": "02", "03": "07"}))
        wide["status"] = status.fillna(wide[725].map({"02": "08"}))
        wide["done"] = wide.status.fillna("01") == "01"
        kinds = {"01", "20", "22", "35", "37", "38", "39", "40", "41"}
        kinds |= {f"{n:02}" for n in range(1, 18)} | {"19", "21", "23", "27"}  # contact moments of 3.2.7
        wide["person"] = (wide[1577].isna() | wide[1577].isin(["01", "03", "06", "07"])) & (
            wide[494].isna() | wide[494].isin(kinds))  # fmt: skip
        wide["present"] = wide.done & wide.person
        return wide

    def here(self, day):
        """Who is in care on the days of a series by child: not dead, gone or out of care before it."""
        return self.end.isna() | (self.end > day)


def per_year(known, is_x, year):
    """n, x and missing by the year in `year`; `known` is True, False, or absent for who is not asked."""
    return {
        y: {"n": int((known & (year == y)).sum()), "x": int((is_x & known & (year == y)).sum()),
            "missing": int((~known & (year == y)).sum())}
        for y in YEARS
    }  # fmt: skip


def born_with(number, known, is_x):
    def counted(p):
        value = p.once(number)
        return per_year(known(p, value), is_x(p, value), p.born.dt.year)

    return counted


def yes_no(_, value):
    return value.isin(["1", "2", "true", "false"])


def is_yes(_, value):
    return value.isin(["1", "true"])


def answered(numbers, low, high, is_x, number_of=None):
    """Children seen in a year at an age in [low, high) months: the last agreed answer at that age, or missing."""

    def counted(p):
        own = p.of(*numbers)
        own = own[own.datum.notna()].assign(
            word=lambda f: f.waarde.map(is_x), born=lambda f: f.dossier_id.map(p.born)
        )
        own = own[own.word.notna() & own.datum.between(own.born, LAST)]
        own["month"] = full_months(own.born, own.datum)
        own["code"] = own.waarde.str.lstrip("0").replace({"true": "1", "false": "2"})
        day = own.groupby(["dossier_id", "datum"]).agg(
            least=("code", "min"), most=("code", "max"), word=("word", "first"), month=("month", "first")).reset_index()  # fmt: skip
        day = day[(day.least == day.most) & day.month.between(low, high - 1)].sort_values("datum")
        seen = p.seen.assign(half=full_months(p.seen.born, p.seen.day))
        # The age of a contact is kept in half years, up to 21 months in months; a window holds whatever of them it touches.
        months = low < 22 and high <= 22
        seen = seen[
            seen.half.between(low, high - 1)
            if months
            else seen.half.between(low // 6 * 6, -(-high // 6) * 6 - 1)
        ]
        out = {}
        for year in YEARS:
            last = day[day.datum.dt.year == year].drop_duplicates("dossier_id", keep="last")
            asked = set(seen[seen.day.dt.year == year].dossier_id) - set(last.dossier_id)
            out[year] = {"n": len(last), "x": int(last.word.isin([True]).sum()), "missing": len(asked)}
        return out

    return counted


def coded(*x, known):
    """Code (with or without its zero) → is it the numerator; None for a code that the list does not have."""
    return lambda code: None if code.lstrip("0") not in known else code.lstrip("0") in x


YES = {"1": True, "true": True, "2": False, "false": False}


def status(code):
    def counted(p):
        """In the files on 31 December under 18 years, by status of care (01 regular, 02 none, 03 vaccinations only)."""
        value, out = p.once(1197), {}
        for year in YEARS:
            day = pd.Timestamp(year, 12, 31)
            there = (p.born <= day) & p.here(day) & (birthday(p.born, 216) > day)
            known = value.isin(["01", "02", "03"]) & there
            out[year] = {
                "n": int(known.sum()),
                "x": int((known & (value == code)).sum()),
                "missing": int((there & ~known).sum()),
            }
        return out

    return counted


def first_weeks(p):
    """Contacts between day 14 and seven months, of who turns seven months in the year and does not refuse care.

    A contact that took place but has no possible date counts in the phase of its kind (37); a kind that is no phase (or
    none) leaves open whether it fell in the phase, and who has no other contact there is unknown.
    """
    seven = birthday(p.born, 7)
    own = p.seen[((p.seen.day - p.seen.born).dt.days >= 14) & (full_months(p.seen.born, p.seen.day) < 7)]
    many = own.groupby("dossier_id").size()
    c = p.contacts
    lost = c[
        (c.status == "01")
        & c.person
        & (c.day.isna() | (c.day < c.born) | (c.day > pd.Timestamp.today().normalize()))
    ]
    kind = lost[494].where(~lost[494].isin([f"{n:02}" for n in range(2, 8)]), "37")
    phases = {"01", "37", "38", "39", "40", "41"} | {f"{n:02}" for n in range(8, 18)} | {"19"}
    many = many.add(lost[kind == "37"].groupby("dossier_id").size(), fill_value=0)
    open_ = set(lost[~kind.isin(phases)].dossier_id)
    here = p.here(seven) & (seven <= LAST) & (p.once(1197) != "02")
    unsure = p.born.index.isin(open_) & many.reindex(p.born.index).isna().to_numpy()
    out = {}
    for year in YEARS:
        mine = here & (seven.dt.year == year)
        out[year] = {"n": int((mine & ~unsure).sum()), "missing": int((mine & unsure).sum()),
                     "sum": float(many.reindex(p.born.index[mine & ~unsure]).fillna(0).sum())}  # fmt: skip
    return out


def form(*codes):
    def counted(p):
        own = p.contacts[p.contacts.done & p.contacts.day.between(p.contacts.born, LAST)]
        return per_year(own[1577].notna(), own[1577].isin(codes), own.day.dt.year)

    return counted


def sent_to(code):
    def counted(p):
        """Seen in the year; referred to it (1159) in it."""
        goal = p.of(1159)
        goal = goal[(goal.waarde == code) & (goal.datum <= LAST)]
        out = {}
        for year in YEARS:
            seen = set(p.seen[p.seen.day.dt.year == year].dossier_id)
            out[year] = {
                "n": len(seen),
                "x": len(seen & set(goal[goal.datum.dt.year == year].dossier_id)),
                "missing": 0,
            }
        return out

    return counted


def doses(p, codes):
    """Child → days of the doses in order: the own date (1409) where it can be, else that of the contact."""
    by = ["dossier_id", "activiteit_id", "volgnr"]
    given = p.of(461)[p.of(461).waarde.isin(codes)].merge(
        p.of(1409)[[*by, "waarde"]].drop_duplicates(by).rename(columns={"waarde": "own"}), on=by, how="left")  # fmt: skip
    refused = p.of(1589)
    refused = set(map(tuple, refused[refused.waarde.isin(["1", "true"])][by].to_numpy()))
    given = given[[tuple(k) not in refused for k in given[by].to_numpy()]]
    born = given.dossier_id.map(p.born)
    own = pd.to_datetime(given.own, errors="coerce")
    given["day"] = own.where(own.between(born, LAST), given.datum.where(given.datum.between(born, LAST)))
    # A dose without a possible date may have been in time: who lacks no other is unknown. After the last day is later.
    told = own.fillna(given.datum)
    later = (told > LAST) & (told <= pd.Timestamp.today().normalize())
    undated = set(given[given.day.isna() & ~later & born.notna()].dossier_id)
    dated = given.dropna(subset="day").drop_duplicates(["dossier_id", "day"]).sort_values("day")
    return dated.groupby("dossier_id").day.agg(list), undated


def series(codes, limit, enough, since="1990-01-01", until="2100-01-01"):
    """Children who reach the limit (months of age) in the year: are the doses before it `enough(days, ages in days)`."""

    def counted(p):
        given, undated = doses(p, codes)
        over = birthday(p.born, limit)
        mine = (over <= LAST) & p.here(over) & (p.born >= since) & (p.born < until)
        done = pd.Series(
            [enough([(d - b).days for d in given.get(c, []) if d < o]) for c, b, o in zip(p.born.index, p.born, over, strict=True)],
            p.born.index, dtype=bool)  # fmt: skip
        known = done | ~p.born.index.isin(undated)
        return per_year(known[mine], done[mine], over[mine].dt.year)

    return counted


def primary_and_booster(times):
    """So many doses from four weeks of age, two weeks apart, of which the last or a later one four months after the one before."""

    def enough(ages):
        valid, complete = 0, False
        for k, age in enumerate(ages):
            gap = age - ages[k - 1] if k else 9999
            valid += age >= 28 and gap >= 14
            complete |= k > 0 and gap >= 120 and valid >= times
        return complete

    return enough


def sdq(*items, turned=()):
    """Mean of a scale: five items of 0 to 2 of the last full list of the year between 4 and 18."""

    def counted(p):
        own = p.of(*items)
        own = own[own.waarde.isin(["1", "2", "3"])].assign(born=lambda f: f.dossier_id.map(p.born))
        own = own[own.datum.between(own.born, LAST)]
        score = own.waarde.astype(int)
        own["score"] = np.where(own.bdsnummer.isin(turned), 3 - score, score - 1)
        full = own.groupby(["dossier_id", "activiteit_id", "datum"]).agg(
            total=("score", "sum"), items=("score", "size"), born=("born", "first")).reset_index()  # fmt: skip
        full = full[full["items"] == 5]
        month = full_months(full.born, full.datum)
        full = full[(month >= 48) & (month < 216)].sort_values("datum")
        out = {}
        for year in YEARS:
            last = full[full.datum.dt.year == year].drop_duplicates("dossier_id", keep="last")
            out[year] = {"n": len(last), "sum": float(last.total.sum())}
        return out

    return counted


def fed(goal, low, high, since, codes):
    def counted(p):
        own = p.of(496)
        own = own[own.waarde.isin([f"0{n}" for n in range(1, 7)]) & own.datum.notna()]
        own = own.assign(day=(own.datum - own.dossier_id.map(p.born)).dt.days)
        own = own.groupby(["dossier_id", "day"]).waarde.agg(["min", "max"]).reset_index()
        own = own[(own["min"] == own["max"]) & own.day.between(low, high)]
        own = own.assign(far=(own.day - goal).abs()).sort_values(["far", "day"]).drop_duplicates("dossier_id")
        value = own.set_index("dossier_id")["min"].reindex(p.born.index)
        old = (LAST - p.born).dt.days >= since
        return per_year(value.notna()[old], value.isin(codes)[old], p.born[old].dt.year)

    return counted


#: Chart of the dossier (1616) → population; measure → population → reference and population of the table.
CHARTS = {"01": "nl", "02": "ma", "03": "tu", "04": "hs", "05": "ds"}
TABLES = {
    "hgt": {"nl": ("nl_2009", "nl"), "ma": ("nl_2009", "ma"), "tu": ("nl_2009", "tu"), "hs": ("nl_2010", "hs"), "ds": ("nl_2009", "ds")},
    "hdc": {"nl": ("nl_1997", "nl"), "ma": ("nl_1997", "ma"), "tu": ("nl_1997", "tu"), "hs": ("nl_1997", "nl"), "ds": ("nl_2009", "ds")},
}  # fmt: skip


class Curves:
    """L, M and S of the published tables (growth_lms.csv), by the chart of the dossier."""

    def __init__(self, folder):
        table = pd.read_csv(folder / "growth_lms.csv", dtype={"population": str}, keep_default_na=False)
        self.points = {
            k: v.sort_values("x", key=pd.to_numeric)
            for k, v in table.groupby(["reference", "measure", "sex", "population"])
        }

    def z(self, what, sex, chart, gestation, days, value):
        """z of a measurement (cm); preterm until four years by week of gestation (22 to 24 weeks as 25)."""
        word = {"1": "male", "2": "female", "M": "male", "F": "female"}.get(sex)
        if word is None:
            return np.nan
        names = [TABLES[what][CHARTS.get(chart, "nl")], TABLES[what]["nl"]]
        if 154 <= gestation <= 258 and days < 1461 and (pd.isna(chart) or chart in {"01", "06"}):
            names.insert(0, ("nl_2012", str(max(25, int(gestation // 7)))))
        for reference, population in names:
            points = self.points[reference, what, word, population]
            x = points.x.astype(float).to_numpy()
            if x[0] <= days / 365.25 <= x[-1]:
                power, m, s = (
                    np.interp(days / 365.25, x, points[c].replace("", "1").astype(float)) for c in "LMS"
                )
                if (points.distribution == "NO").all():
                    return (value - m) / s
                return (
                    np.log(value / m) / s if abs(power) < 1e-12 else ((value / m) ** power - 1) / (power * s)
                )
        return np.nan


def measured(what, number, apart, least, most, low, high, is_x=None):
    """Last measurement of the year within an age: share for which `is_x(z)`, or the sum of z."""

    def counted(p, curves):
        own = p.of(number)
        own = own[own.datum.notna()].assign(mm=pd.to_numeric(own.waarde, errors="coerce"))
        own = (
            own[own.mm.between(least, most)]
            .groupby(["dossier_id", "datum"])
            .mm.agg(["min", "max"])
            .reset_index()
        )
        own = own[own["max"] - own["min"] <= apart].assign(born=lambda f: f.dossier_id.map(p.born))
        own = own[own.datum.between(own.born, LAST)]
        month = full_months(own.born, own.datum)
        own = own[(month >= low) & (month < high)].sort_values("datum")
        sex, chart, gestation = p.once(19), p.once(1616), pd.to_numeric(p.once(82))
        out = {}
        for year in YEARS:
            last = own[own.datum.dt.year == year].drop_duplicates("dossier_id", keep="last")
            z = pd.Series([
                curves.z(what, sex[r.dossier_id], chart[r.dossier_id], gestation[r.dossier_id], (r.datum - r.born).days, int(r.max) / 10)
                for r in last.rename(columns={"max": "max"}).itertuples()], dtype=float).dropna()  # fmt: skip
            out[year] = {"n": len(z)} | ({"x": int(is_x(z).sum())} if is_x else {"sum": float(z.sum())})
        return out

    counted.curves = True
    return counted


INDICATORS = {
    "REACH-VACC-ONLY": status("03"),
    "CONTACTS-P1": first_weeks,
    "FORM-REMOTE": form("01", "02", "08", "09"),
    "REF-SPEECH": sent_to("04"),
    "LANG": answered((818, 1687, 1688, 1689), 18, 48, coded("2", "3", known="123")),
    "MULTI": answered((301,), 12, 72, coded("2", "3", known="123")),
    "VVE-PART": answered((1417,), 30, 48, YES.get),
    "SPARK-RAISED": answered((1495,), 12, 30, coded("2", "3", known="123")),
    "SWIM": answered((753, 1668), 84, 156, lambda code: (YES | {"3": False}).get(code.lstrip("0"))),
    "DYSMAT": born_with(115, yes_no, is_yes),
    "HIEL-REFUSE": born_with(368, yes_no, lambda p, v: v.isin(["2", "false"]) & (p.once(380) == "03")),
    "NGS-REFER": born_with(
        439,
        lambda p, v: v.isin(["1", "2"]) | p.once(441).isin(["1", "2"]),
        lambda p, _: (p.once(445) == "2") | (p.once(447) == "2"),
    ),
    "BW-VLOW": born_with(
        110, lambda _, v: pd.to_numeric(v).between(300, 8000), lambda _, v: pd.to_numeric(v) < 1500
    ),
    "VAC-PNEU2": series(["08"], 24, primary_and_booster(3), since="2013-09-01"),
    "VAC-MEN14": series(["28"], 192, lambda ages: any(a >= 4383 for a in ages), since="2004-01-01"),
    "SDQ-HYP": sdq(1079, 1087, 1092, 1098, 1102, turned=(1098, 1102)),
    "MIX-3M": fed(91, 75, 110, 111, ["02", "05"]),
    "SHORT": measured("hgt", 235, 10, 100, 3000, 24, 216, lambda z: z < -2),
    "HGT-Z": measured("hgt", 235, 10, 100, 3000, 24, 216),
    "HC": measured("hdc", 252, 5, 100, 900, 0, 12, lambda z: (z > 2.5) | (z < -2)),
}  # fmt: skip
#: Elements that a version does not have yet (or no more).
ABSENT = {("3.2.7", "FORM-REMOTE")}


def regions(folder, version, children):
    """The region with faults as read here, and what the program counts of it by (indicator, year)."""
    from bds_tool.findings.result import load
    from bds_tool.indicators import run
    from bds_tool.indicators.catalogue import choose
    from bds_tool.indicators.compute import Plan
    from bds_tool.indicators.features import Settings
    from bds_tool.store.store import Store
    from bds_tool.synthetic.generate import Request, generate
    from bds_tool.validate.engine import Options, validate

    (folder / "fouten.yaml").write_text(FAULTS, encoding="utf-8")
    store = folder / "regio.bds"
    generate(
        Request(
            children=children, bds=version, seed=23, defects=str(folder / "fouten.yaml"), defect_rate=1.0
        ),
        store,
    )
    plan = Plan(choose(list(INDICATORS)), Settings(YEARS[0], YEARS[-1], LAST.date()), levels=(), by=())
    with Store.open(store) as opened:
        validate(opened, Options(today=date(2025, 12, 31), max_examples=0)).save(folder / "x.findings")
        result = run.compute(opened, plan, folder / "r.result", findings=folder / "x.findings")
    found = {(r["indicator"], r["period"]): r for r in result.counts().collect().iter_rows(named=True)}
    return Region(store, load(folder / "x.findings").findings.to_pandas()), found


def differences(region, found, curves):
    """(indicator, year, what, own, theirs) for every cell that is not equal, and how many were compared per indicator."""
    wrong, compared = [], {}
    for name, own in INDICATORS.items():
        counted = own(region, curves) if hasattr(own, "curves") else own(region)
        for year, mine in counted.items():
            theirs = found.get((name, str(year))) or {
                "n": 0,
                "x": 0,
                "missing": 0,
                "sum": 0.0,
                "not_delivered": 0,
            }
            if theirs["not_delivered"]:
                assert not theirs["n"], (name, year)
                continue
            compared[name] = compared.get(name, 0) + mine["n"]
            wrong += [
                (name, year, what, value, theirs[what])
                for what, value in mine.items()
                if theirs[what] != pytest.approx(value, rel=1e-6, abs=1e-5)
            ]
    return wrong, compared


def judge(folder, shared, version, children):
    region, found = regions(folder, version, children)
    wrong, compared = differences(region, found, Curves(shared / "references"))
    assert not wrong
    assert {n for n in INDICATORS if not compared.get(n)} == {n for v, n in ABSENT if v == version}
    assert region.left > region.all / 1000, "the findings doubted nothing: this compared no judging"


def test_one_version(tmp_path, shared):
    judge(tmp_path, shared, "4.1.3", 150)


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_every_version(tmp_path, shared, version):
    judge(tmp_path, shared, version, 600)
