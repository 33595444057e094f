"""R042, R045 and R054: Van Wiechen items by the D-score, SDQ by a latent load, and coded questions by chance."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from bds_tool.synthetic.chance import Ints, logistic
from bds_tool.synthetic.draw import Draw
from bds_tool.synthetic.figures import Question
from bds_tool.synthetic.population import DAYS_PER_YEAR, van_wiechen

#: Elements of the five items of each SDQ scale, in the order of the questionnaire; R marks reversed items.
SDQ = {
    "emotie": (1112, (1080, 1085, 1090, 1093, 1101)),
    "gedrag": (1113, (1082, 1084, 1089, 1095, 1099)),
    "leeftijdgenoten": (1114, (1083, 1088, 1091, 1096, 1100)),
    "hyperactiviteit": (1115, (1079, 1087, 1092, 1098, 1102)),
    "prosociaal": (1117, (1078, 1081, 1086, 1094, 1097)),
}
REVERSED = {1084, 1088, 1091, 1098, 1102}
_TOTAL = 1116
#: Slope of the Rasch model on the D-score scale (key `dutch`) and the logit of a 90% pass chance.
_SLOPE = 2.1044
_P90 = 2.1972


def items(d: Draw) -> None:
    """Van Wiechen items at the contact nearest to the age at which 90% of children pass them."""
    spec, acts, coder, people = d.spec["ontwikkeling"], d.acts, d.coder, d.people
    columns: dict[str, str] = spec["kolom"]
    ages = {m["sleutel"]: m["dagen"] for m in d.spec["contacten"]["momenten"]}
    schedule = _schedule(tuple((k, ages[k]) for k in columns), d.growth.dscore)
    ability = float(spec["d_sd"]["waarde"]) * d.chance.normal("d-score", people.child)
    for key, column in columns.items():
        which = np.flatnonzero(acts.mask([key]))
        which = which[d.of_act(which, "vwo") < float(spec["ingevuld"]["waarde"])]
        if not len(which):
            continue
        d.rows.act(1531, which, int(coder.codes(1531, [column])[0]))
        owner = acts.owner[which]
        corrected = np.clip(acts.age[which] - np.maximum(280 - people.gestation[owner], 0), 0, d.growth.days)
        score = d.growth.dscore[people.sex[owner], corrected] + ability[owner]
        for number, (elements, kind, tau) in schedule.get(key, ()):
            passed = d.chance.uniform("item", acts.child[which], number) < logistic((score - tau) / _SLOPE)
            heard = kind.startswith("m") & (
                d.chance.uniform("M", acts.child[which], number) < spec["m_code"]["waarde"]
            )
            code = np.where(passed, np.where(heard, 2, 0), 1)
            for element in elements:
                if coder.has(element):
                    d.rows.act(element, which, coder.codes(element, ["1", "2", "3"])[code])


def sdq(d: Draw) -> None:
    """25 items, the scale scores that belong to them, the instrument, its date and who filled it in."""
    spec, acts, coder = d.spec["ontwikkeling"]["sdq"], d.acts, d.coder
    for key, instrument in spec["bij"].items():
        which = np.flatnonzero(acts.mask([key]))
        which = which[d.of_act(which, "sdq") < float(spec["ingevuld"]["waarde"])]
        if not len(which):
            continue
        child = acts.child[which]
        load = d.chance.normal("sdq", child) + 0.4 * d.people.risk[acts.owner[which]]
        total = np.zeros(len(which), np.int64)
        for scale, (element, numbers) in SDQ.items():
            score = _scale(d, which, scale, numbers, load, key)
            d.rows.act(element, which, coder.numbers(score))
            total += score if scale != "prosociaal" else 0
        d.rows.act(_TOTAL, which, coder.numbers(total))
        d.rows.act(1341, which, int(coder.codes(1341, [instrument])[0]))
        d.rows.act(1342, which, coder.dates(acts.day[which]))
        d.rows.act(1343, which, int(coder.codes(1343, [spec["informant"][key]])[0]))
        d.rows.act(1345, which, coder.word("Ingevuld op verzoek."))


def _scale(d: Draw, which: Ints, scale: str, numbers: tuple[int, ...], load: Any, key: str) -> Ints:  # noqa: ANN401
    low, high = d.spec["ontwikkeling"]["sdq"]["drempels"][scale]
    sign = -1.0 if scale == "prosociaal" else 1.0
    child, coder = d.acts.child[which], d.coder
    own = sign * 0.55 * load + 0.45 * d.chance.normal(f"sdq {scale} {key}", child)
    score = np.zeros(len(which), np.int64)
    for number in numbers:
        latent = own + 0.7 * d.chance.normal(f"sdq {key}", child, number)
        points = (latent > low).astype(np.int64) + (latent > high)
        score += points
        shown = 2 - points if number in REVERSED else points
        d.rows.act(number, which, coder.codes(number, ["1", "2", "3"])[shown])
    return score


def questions(d: Draw) -> None:
    """The coded questions of the spec: a chance per code, moved by the risk of the wijk."""
    for question in d.spec["vragen"]["lijst"]:
        element = int(question["element"])
        if question["bij"] and d.coder.has(element):
            _ask(d, question, element)


def more(d: Draw) -> None:
    """Questions that not every organisation asks, two of the birth, and referrals."""
    if d.rows.for_message:  # a message wants 302 beside 816, 482 and 485 beside 483, and 714 once
        return
    spec, acts, coder = d.spec["vragen"], d.acts, d.coder
    for question in spec["aanvulling"]:
        if coder.has(element := int(question["element"])):
            _ask(d, question, element)
    for question in spec["bij_geboorte"]:
        element, child = int(question["element"]), d.people.child
        codes = coder.codes(element, list(question["kansen"]))
        drawn = codes[d.chance.pick(f"geboorte {element}", child, list(question["kansen"].values()))]
        told = d.chance.uniform(f"vraag {element}", child) < float(question["ingevuld"])
        d.rows.child(element, drawn, where=told)
    which = np.flatnonzero(acts.seen)
    which = which[d.of_act(which, "verwijzing") < float(spec["verwijzing"]["waarde"])]
    to = spec["verwezen"]["kansen"]
    chosen = d.chance.pick("verwezen naar", acts.child[which], list(to.values()), acts.kind[which])
    targets = coder.codes(1159, list(to))[chosen]
    d.rows.act(483, which[targets >= 0], int(coder.codes(483, ["6"])[0]), volgnr=1)
    d.rows.act(1159, which, targets, volgnr=1)


def _ask(d: Draw, question: Question, element: int) -> None:
    acts, coder = d.acts, d.coder
    codes = coder.codes(element, list(question["kansen"]))
    shares = np.array(list(question["kansen"].values()), dtype=np.float64)
    shares = np.where(codes >= 0, shares, 0.0)
    if shares.sum() <= 0:
        return
    shares /= shares.sum()
    which = np.flatnonzero(acts.mask(question["bij"]))
    which = which[d.of_act(which, f"vraag {element}") < question["ingevuld"]]
    # The first code is the one that counts: its chance moves with the risk, the rest share what is left.
    base = np.clip(shares[0], 1e-6, 1 - 1e-6)
    first = logistic(
        np.log(base / (1 - base)) + float(question.get("risico", 0.0)) * d.people.risk[acts.owner[which]]
    )
    u = d.of_act(which, f"antwoord {element}")
    rest = np.cumsum(shares[1:] / max(shares[1:].sum(), 1e-9))
    other = np.searchsorted(
        rest, np.clip((u - first) / np.maximum(1 - first, 1e-9), 0, 1 - 1e-9), side="right"
    )
    chosen = np.where(u < first, 0, np.minimum(1 + other, len(codes) - 1))
    d.rows.act(element, which, codes[chosen])
    for key in question["bij"]:
        at = acts.at[:, acts.keys.index(key)][acts.owner[which]] == which
        owner = acts.owner[which][at]
        asked = np.zeros(len(d.people.child), bool)
        asked[owner] = True
        chance, drawn = np.zeros(len(asked)), np.zeros(len(asked), bool)
        chance[owner], drawn[owner] = first[at], chosen[at] == 0
        d.truth.add(f"{element}@{key}", d.people, chance, drawn, asked)


_Schedule = dict[str, tuple[tuple[int, tuple[tuple[int, ...], str, float]], ...]]
_schedules: dict[tuple[tuple[str, int], ...], _Schedule] = {}


def _schedule(moments: tuple[tuple[str, int], ...], dscore: Any) -> _Schedule:  # noqa: ANN401
    if moments not in _schedules:
        median = np.maximum.accumulate(dscore.mean(axis=0)[: int(4.5 * DAYS_PER_YEAR)])
        found: dict[str, list[tuple[int, tuple[tuple[int, ...], str, float]]]] = {}
        for number, item in enumerate(_unique_items()):
            age = int(np.searchsorted(median, item[2] + _SLOPE * _P90))
            key = min(moments, key=lambda m: abs(np.log((m[1] + 14) / (age + 14))))[0]
            found.setdefault(key, []).append((number, item))
        _schedules[moments] = {k: tuple(v) for k, v in found.items()}
    return _schedules[moments]


@lru_cache(maxsize=1)
def _unique_items() -> tuple[tuple[tuple[int, ...], str, float], ...]:
    """One row per set of elements: some elements are several items by age, the first is kept."""
    seen: set[tuple[int, ...]] = set()
    found = []
    for item in van_wiechen():
        if item[0] not in seen:
            seen.add(item[0])
            found.append(item)
    return tuple(found)
