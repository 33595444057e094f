"""The figures a population is drawn with: `specs/populatie/*.yaml`, growth references and item difficulties."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.names import child
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.synthetic.chance import Floats
from bds_tool.synthetic.figures import Population

DAYS_PER_YEAR = 365.25
#: Key of the moments of contacts on indication, which stand beside those of the spec.
INDICATED = "ind"
#: Weeks of gestation with a reference of their own; the last row of a growth table is "born at term".
PRETERM_WEEKS = tuple(range(25, 37))


def population(name: str = "nederland") -> Population:
    """A population spec by name (in `specs/populatie/`) or path. Raises UsageError or SpecError."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else child(specs_dir() / "populatie", name, ".yaml")
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in (specs_dir() / "populatie").glob("*.yaml")))
        raise UsageError(
            t(f"Bevolking {name} bestaat niet.", f"Population {name} does not exist."),
            t(
                f"Kies uit: {known}, of wijs een YAML-bestand aan.",
                f"Choose one of: {known}, or a YAML file.",
            ),
        )
    spec = cast("Population", read_checked(path, "populatie"))
    if place := _loose(spec):
        raise SpecError(
            t(f"{path} klopt niet op plaats {place}.", f"{path} is not right at {place}."),
            t(
                "Elk moment staat in contacten/momenten, kansen zijn samen meer dan 0, leeftijden zijn getallen.",
                "Each moment stands in contacten/momenten, chances are more than 0 together, ages are numbers.",
            ),
        )
    return spec


def _loose(spec: Population) -> str:
    """Where a population refers to what is not there, or holds what no JSON Schema can say; else empty."""
    moments = {INDICATED, *(m["sleutel"] for m in spec["contacten"]["momenten"])}
    sdq = spec["ontwikkeling"]["sdq"]
    used: list[tuple[str, Iterable[str]]] = [
        *((f"vaccinaties/schema/prikken/{n}/bij", [p["bij"]]) for n, p in enumerate(spec["vaccinaties"]["schema"]["prikken"])),
        *((f"vragen/lijst/{n}/bij", q["bij"]) for n, q in enumerate(spec["vragen"]["lijst"])),
        *((f"groei/momenten/{n}", keys) for n, keys in spec["groei"]["momenten"].items()),
        ("ontwikkeling/kolom", spec["ontwikkeling"]["kolom"]),
        ("ontwikkeling/sdq/bij", sdq["bij"]),
    ]  # fmt: skip
    for place, keys in used:
        if not moments.issuperset(keys):
            return place
    if set(sdq["bij"]) - set(sdq["informant"]):
        return "ontwikkeling/sdq/informant"
    missed = spec["contacten"]["niet_verschenen"]
    if set(missed["kansen"]) - set(missed["oud"]):
        return "contacten/niet_verschenen/oud"
    shares = {
        "ouders/opleiding/kansen": spec["ouders"]["opleiding"]["kansen"],
        "ouders/herkomst/kansen": spec["ouders"]["herkomst"]["kansen"],
        "zwangerschap/weken/kansen": spec["zwangerschap"]["weken"]["kansen"],
        "contacten/op_indicatie/redenen": spec["contacten"]["op_indicatie"]["redenen"],
        "contacten/niet_verschenen/kansen": missed["kansen"],
        "vaccinaties/bezwaar_reden": spec["vaccinaties"]["bezwaar_reden"],
    }
    for place, chances in shares.items():
        if not sum(chances.values()):
            return place
    for place, ages in (
        ("zwangerschap/weken/kansen", spec["zwangerschap"]["weken"]["kansen"]),
        ("voeding/curve", spec["voeding"]["curve"]),
    ):
        if not ages or not all(str(a).isdecimal() for a in ages):
            return place
    return "" if _is_date(spec["peildatum"]) else "peildatum"


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, date) or bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


class Growth:
    """L, M and S per day of age: arrays [gestation, sex, day]; length in cm, BMI in kg/m², head in cm."""

    def __init__(self, days: int) -> None:
        ages = np.arange(days + 1) / DAYS_PER_YEAR
        rows = _lms_rows()
        self.days = days
        self.length = self._blend(rows, ages, "hgt", "nl_2009")
        self.head = self._blend(rows, ages, "hdc", "nl_1997")
        self.bmi = self._bmi(rows, ages)
        self.dscore = np.stack(
            [_curve(rows, "nl_2014", "dsc", sex, "40", ages)[1] for sex in ("male", "female")]
        )

    @staticmethod
    def _blend(rows: _Rows, ages: Floats, measure: str, term: str) -> Floats:
        """[13, 2, 3, day]: preterm references up to 2 years, gradually the term reference between 2 and 4."""
        weight = np.clip((4.0 - ages) / 2.0, 0.0, 1.0)
        if measure == "hdc":  # the preterm reference of the head ends at 18 months
            weight = np.clip((1.5 - ages) / 0.5, 0.0, 1.0)
        out = np.empty((len(PRETERM_WEEKS) + 1, 2, 3, len(ages)))
        for s, sex in enumerate(("male", "female")):
            full = _curve(rows, term, measure, sex, "nl", ages)
            out[-1, s] = full
            for w, week in enumerate(PRETERM_WEEKS):
                pre = _curve(rows, "nl_2012", measure, sex, str(week), ages)
                out[w, s] = pre * weight + full * (1 - weight)
        return out

    def _bmi(self, rows: _Rows, ages: Floats) -> Floats:
        weight = np.clip((4.0 - ages) / 2.0, 0.0, 1.0)
        out = np.empty_like(self.length)
        for s, sex in enumerate(("male", "female")):
            full = _curve(rows, "nl_2009", "bmi", sex, "nl", ages)
            out[-1, s] = full
            for w, week in enumerate(PRETERM_WEEKS):
                heavy = _curve(rows, "nl_2012", "wgt", sex, str(week), ages)
                pre = heavy[1] / (self.length[w, s, 1] / 100) ** 2
                out[w, s] = full
                out[w, s, 1] = pre * weight + full[1] * (1 - weight)
        return out


def value_of(table: Floats, pop: Any, sex: Any, day: Any, z: Floats) -> Floats:  # noqa: ANN401  # index arrays
    """The measurement at z: M·(1 + L·S·z)^(1/L), and M·exp(S·z) where L is 0."""
    lam, mu, sigma = table[pop, sex, 0, day], table[pop, sex, 1, day], table[pop, sex, 2, day]
    lam = np.where(np.abs(lam) < 1e-6, 1e-6, lam)
    return np.asarray(mu * np.maximum(1.0 + lam * sigma * z, 1e-3) ** (1.0 / lam))


_Rows = dict[tuple[str, str, str, str], list[tuple[float, float, float, float]]]


def _curve(rows: _Rows, reference: str, measure: str, sex: str, population: str, ages: Floats) -> Floats:
    points = sorted(rows[reference, measure, sex, population])
    if reference == "nl_2009":  # starts after birth; the point at birth comes from nl_1997
        birth = min(rows["nl_1997", measure, sex, population])
        points = [birth, *points]
    x = np.array([p[0] for p in points])
    return np.stack([np.interp(ages, x, np.array([p[i] for p in points])) for i in (1, 2, 3)])


@lru_cache(maxsize=2)
def _lms_rows() -> _Rows:
    found: _Rows = {}
    for row in _reference("growth_lms.csv", "groei_lms.csv"):
        m, s = float(row["M"]), float(row["S"])
        # A normal reference (NO) is the LMS with L = 1 and S = SD / M.
        lam, sigma = (1.0, s / m) if row["distribution"] == "NO" else (float(row["L"]), s)
        key = (row["reference"], row["measure"], row["sex"], row["population"])
        found.setdefault(key, []).append((float(row["x"]), lam, m, sigma))
    return found


@lru_cache(maxsize=2)
def van_wiechen() -> tuple[tuple[tuple[int, ...], str, float], ...]:
    """Per item: its elements (one, or right and left), its type (m = may be reported) and its difficulty."""
    found = []
    for row in _reference("van_wiechen_dscore.csv", "van_wiechen.csv"):
        elements = tuple(int(row[c]) for c in ("bds", "bds_right", "bds_left") if row[c])
        if elements and row["tau_dutch"]:
            found.append((elements, row["type"], float(row["tau_dutch"])))
    return tuple(found)


def _reference(*names: str) -> list[dict[str, str]]:
    for path in (child(specs_dir() / "referenties", names[0]), child(specs_dir() / "populatie", names[-1])):
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
    raise SpecError(
        t(f"De referentie {names[0]} staat niet in specs/.", f"Reference {names[0]} is not in specs/."),
        t("Herstel de map specs/.", "Restore the folder specs/."),
    )
