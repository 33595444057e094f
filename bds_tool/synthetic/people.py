"""Who the children are: birth, sex, parents, gestation, where they live and how long they stay in care."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bds_tool.synthetic.chance import Chance, Floats, Ints, logistic, logit
from bds_tool.synthetic.figures import Figure, Parents, Population
from bds_tool.synthetic.population import DAYS_PER_YEAR, PRETERM_WEEKS
from bds_tool.synthetic.region import Region

CLASSES = ("laag", "midden", "hoog")
#: Education classes of Jeugd in Beeld over W0658: low up to 05, middle 06-07, high 08-09.
_CLASS_OF = {"01": 0, "02": 0, "03": 0, "04": 0, "05": 0, "06": 1, "07": 1, "08": 2, "09": 2}
#: Reason that care ended (element 487).
STAYS, TRANSFER, ABROAD, DIED = 0, 1, 2, 3
#: Days from 1970-01-01 that stand for "never".
NEVER = 1 << 40


@dataclass
class People:
    """One array per fact, one place per child; days count from 1970-01-01."""

    child: Ints
    born: Ints
    birth_year: Ints
    sex: Ints  # 0 boy, 1 girl
    buurt: Ints
    risk: Floats
    postcode: Ints
    house: Ints
    education: Ints  # index into the education codes of the spec
    education_known: Ints  # 1 when registered
    school: Ints  # education class 0 low, 1 middle, 2 high
    education_father: Ints
    land_mother: Ints
    land_father: Ints
    mother_born: Ints
    father_born: Ints
    gestation: Ints  # days
    pop: Ints  # row of the growth tables
    enters: Ints
    leaves: Ints
    reason: Ints
    care: Ints  # 0 regular, 1 no use at own request, 2 vaccinations only


def draw(spec: Population, region: Region, chance: Chance, child: Ints, reference: int) -> People:
    """The children with these numbers. `reference` is the day until which is registered."""
    span = int(float(spec["jaren"]["waarde"]) * DAYS_PER_YEAR)
    born = reference - (chance.uniform("geboren", child) * span).astype(np.int64)
    buurt = chance.pick("buurt", child, region.weight)
    risk = region.risk[buurt]
    parents = spec["ouders"]
    education, school = _education(parents, chance, child, risk)
    mother_age = parents["leeftijd_moeder"]
    mother_born = born - np.clip(
        (mother_age["waarde"] + mother_age["sd"] * chance.normal("leeftijd moeder", child)) * DAYS_PER_YEAR,
        6000,
        17500,
    ).astype(np.int64)
    lands = list(parents["herkomst"]["kansen"].values())
    land_mother = chance.pick("land moeder", child, lands)
    same = chance.uniform("zelfde land", child) < parents["zelfde_land_vader"]["waarde"]
    gestation, pop = _gestation(spec, chance, child)
    enters, leaves, reason = _stay(spec["levensloop"], chance, child, born, reference)
    care_u = chance.uniform("zorg", child)
    none, only = (
        spec["levensloop"]["geen_gebruik"]["waarde"],
        spec["levensloop"]["alleen_vaccinaties"]["waarde"],
    )
    years = born.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return People(
        child=child,
        born=born,
        birth_year=years,
        sex=(chance.uniform("geslacht", child) < 0.487).astype(np.int64),
        buurt=buurt,
        risk=risk,
        postcode=region.first[buurt]
        + (chance.uniform("postcode", child) * region.count[buurt]).astype(np.int64),
        house=1 + (chance.uniform("huisnummer", child) * 150).astype(np.int64),
        education=education,
        education_known=(
            chance.uniform("opl bekend", child) >= parents["opleiding_onbekend"]["waarde"]
        ).astype(np.int64),
        school=school,
        education_father=np.clip(
            education + chance.pick("opl vader", child, [0.2, 0.6, 0.2]) - 1,
            0,
            len(parents["opleiding"]["kansen"]) - 1,
        ),
        land_mother=land_mother,
        land_father=np.where(same, land_mother, chance.pick("land vader", child, lands)),
        mother_born=mother_born,
        father_born=mother_born
        - np.clip(800 + 1400 * chance.normal("leeftijd vader", child), -1500, 6000).astype(np.int64),
        gestation=gestation,
        pop=pop,
        enters=enters,
        leaves=leaves,
        reason=reason,
        care=np.where(care_u < none, 1, np.where(care_u < none + only, 2, 0)).astype(np.int64),
    )


def shifted(figure: Figure, people: People) -> Floats:
    """The chance of `waarde` for each child, moved on the logit by education and by the risk of the wijk."""
    steps = figure.get("opleiding", {})
    shift = np.array([float(steps.get(c, 0.0)) for c in CLASSES])[people.school]
    return logistic(logit(float(figure["waarde"])) + shift + float(figure.get("risico", 0.0)) * people.risk)


def _education(parents: Parents, chance: Chance, child: Ints, risk: Floats) -> tuple[Ints, Ints]:
    shares = parents["opleiding"]["kansen"]
    # A wijk at risk draws from lower on the same scale: the uniform number is moved on the logit.
    u = np.clip(chance.uniform("opleiding", child), 1e-9, 1 - 1e-9)
    moved = logistic(np.log(u / (1 - u)) - risk)
    edges = np.cumsum(list(shares.values()))
    education = np.searchsorted(edges / edges[-1], moved, side="right").clip(0, len(shares) - 1)
    return education, np.array([_CLASS_OF[c] for c in shares])[education]


def _gestation(spec: Population, chance: Chance, child: Ints) -> tuple[Ints, Ints]:
    shares = spec["zwangerschap"]["weken"]["kansen"]
    week = np.array([int(w) for w in shares])[chance.pick("weken", child, list(shares.values()))]
    days = week * 7 + (chance.uniform("dag in week", child) * 7).astype(np.int64)
    pop = np.where(week <= PRETERM_WEEKS[-1], np.clip(week - PRETERM_WEEKS[0], 0, 11), len(PRETERM_WEEKS))
    return days, pop


def _stay(
    life: dict[str, Figure], chance: Chance, child: Ints, born: Ints, reference: int
) -> tuple[Ints, Ints, Ints]:
    age = (reference - born).astype(np.float64)
    later = chance.uniform("instroom", child) < life["instroom"]["waarde"]
    enters = np.where(later, born + (age * chance.uniform("instroomdag", child)).astype(np.int64), born)
    yearly = float(life["vertrek_per_jaar"]["waarde"])
    wait = -np.log(1.0 - chance.uniform("vertrek", child)) / yearly * DAYS_PER_YEAR
    leaves = enters + np.minimum(wait, 1e8).astype(np.int64) + 30
    abroad = chance.uniform("buitenland", child) < 0.15
    reason = np.where(leaves <= reference, np.where(abroad, ABROAD, TRANSFER), STAYS)
    died = chance.uniform("overleden", child) < life["overleden"]["waarde"]
    end = enters + ((reference - enters) * chance.uniform("overlijdensdag", child)).astype(np.int64)
    dies = died & (end < leaves) & (end > enters)
    reason = np.where(dies, DIED, reason)
    leaves = np.where(dies, end, leaves)
    return enters, np.where(reason == STAYS, NEVER, leaves), reason
