"""Education in the classes of Jeugd in Beeld and the three levels of CBS, by hand from the words of list W0658."""

from datetime import date

import pytest

from bds_tool.indicators import run
from bds_tool.indicators.catalogue import choose
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.features import Settings
from bds_tool.store.store import Store

MBO = "mbo, niveau onbekend"
#: Mother, father (codes of W0658) → class with the mother's, and with the higher of both, per way of dividing.
#: 02 basisonderwijs, 05 mavo, 06 mbo, 07 havo/vwo, 08 hbo, 98 anders.
PARENTS = {
    ("02", "08"): {"jib": ("laag", "hoog"), "cbs": ("laag", "hoog")},
    ("06", "02"): {
        "jib": ("midden", "midden"),
        "cbs": (MBO, MBO),
    },  # mbo 1 is low, so the higher of both is unknown too
    ("06", "07"): {
        "jib": ("midden", "midden"),
        "cbs": (MBO, "midden"),
    },  # whatever the mbo, the higher one is havo/vwo
    ("06", "08"): {"jib": ("midden", "hoog"), "cbs": (MBO, "hoog")},
    ("07", "05"): {"jib": ("midden", "midden"), "cbs": ("midden", "midden")},
    ("98", "05"): {"jib": ("onbekend", "laag"), "cbs": ("onbekend", "laag")},
}


@pytest.mark.parametrize("classes", ["jib", "cbs"])
@pytest.mark.parametrize(("place", "whose"), [(0, "moeder"), (1, "hoogste")])
def test_classes_of_education(make_store, tmp_path, classes, place, whose):
    rows = []
    for k, (mother, father) in enumerate(PARENTS):
        rows += [(f"k{k}", 20, "2024-03-01"), (f"k{k}", 747, "01")]
        for number, (kin, school) in enumerate((("02", mother), ("01", father)), 1):
            rows += [(f"k{k}", 62, kin, None, None, number), (f"k{k}", 66, school, None, None, number)]
    settings = Settings(2024, 2024, date(2024, 12, 31), whose, education_classes=classes)
    plan = Plan(choose(["BF-BIRTH"]), settings, levels=(), by=("education",))
    with Store.open(make_store(rows)) as opened:
        result = run.compute(opened, plan, tmp_path / "r.result")
    found = {r["education"]: r["n"] for r in result.counts().collect().iter_rows(named=True)}
    wanted = [both[classes][place] for both in PARENTS.values()]
    assert found == {"totaal": len(wanted)} | {c: wanted.count(c) for c in wanted}
    assert result.meta["settings"]["education_classes"] == classes
