"""What is bound to the dossier: who the child is, the parents, pregnancy and birth, care and consent."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from bds_tool.synthetic.chance import Ints
from bds_tool.synthetic.draw import Draw
from bds_tool.synthetic.people import ABROAD, DIED, STAYS, TRANSFER, shifted
from bds_tool.synthetic.population import value_of
from bds_tool.synthetic.rows import dossier_keys


def identity(d: Draw) -> None:
    """R002 and R003: number and status of the dossier, BSN of the test range, names, sex, birth, address."""
    rows, people, coder = d.rows, d.people, d.coder
    rows.child(695, rows.local(dossier_keys(people.child).to_pylist()))
    rows.child(696, coder.codes(696, ["01", "02"])[(people.reason != STAYS).astype(int)])
    numbers = test_bsns()
    with_bsn = np.flatnonzero(people.child < len(numbers))
    bsn = np.full(len(people.child), -1)
    bsn[with_bsn] = rows.local([numbers[c] for c in people.child[with_bsn]])
    rows.child(7, bsn)
    rows.child(19, coder.codes(19, ["1", "2"])[people.sex])
    rows.child(20, coder.dates(people.born))
    died = people.reason == DIED
    rows.child(21, coder.dates(np.where(died, people.leaves, 0)), where=died)
    names = d.spec["namen"]
    given = np.array([[coder.word(n) for n in names[k][:16]] for k in ("jongens", "meisjes")])
    first = given[people.sex, (d.chance.uniform("voornaam", people.child) * given.shape[1]).astype(int)]
    family = d.words(names["achternamen"], "achternaam")
    rows.child(5, first)
    rows.child(6, first)
    rows.child(2, family)
    rows.child(4, family)
    rows.child(8, coder.codes(8, ["02"])[np.zeros(len(people.child), int)], volgnr=1)
    gemeente = coder.codes(9, d.region.gemeente_code)
    if rows.for_message:
        coder.name(9, gemeente, d.region.gemeente_naam)
    rows.child(9, gemeente[people.buurt], volgnr=1)
    rows.child(11, d.words(names["straten"], "straat"), volgnr=1)
    rows.child(12, coder.numbers(people.house), volgnr=1)
    rows.child(16, rows.local(_postcodes(d)), volgnr=1)
    rows.child(630, coder.codes(630, ["6030"])[np.zeros(len(people.child), int)], volgnr=1)
    land = list(d.spec["ouders"]["herkomst"]["kansen"])
    later = people.enters > people.born
    born_in = coder.codes(23, land)
    away = later & (d.chance.uniform("elders geboren", people.child) < 0.5)
    rows.child(23, np.where(away, born_in[people.land_mother], coder.codes(23, ["6030"])[0]))


def _postcodes(d: Draw) -> list[str]:
    """`1234AB`, and `1234 AB` as the message writes it."""
    codes = [d.region.postcodes[p] for p in d.people.postcode]
    return [f"{c[:4]} {c[4:]}" for c in codes] if d.coder.coding == "hl7" else codes


def parents(d: Draw) -> None:
    """R011, group G014: two parents with birth date, education and country of birth."""
    rows, people, coder = d.rows, d.people, d.coder
    shares = list(d.spec["ouders"]["opleiding"]["kansen"])
    lands = list(d.spec["ouders"]["herkomst"]["kansen"])
    education, country = coder.codes(66, shares), coder.codes(71, lands)
    known = people.education_known == 1
    everyone = np.zeros(len(people.child), int)
    rows.child(62, coder.codes(62, ["02"])[everyone], volgnr=1)
    rows.child(63, coder.dates(people.mother_born), volgnr=1)
    rows.child(66, education[people.education], where=known, volgnr=1)
    rows.child(71, country[people.land_mother], volgnr=1)
    father = d.chance.uniform("vader", people.child) < 0.93
    if rows.for_message:  # a relative without a name has no place in a message
        family = d.words(d.spec["namen"]["achternamen"], "achternaam")
        rows.child(657, family, volgnr=1)
        rows.child(657, family, where=father, volgnr=2)
    rows.child(62, coder.codes(62, ["01"])[everyone], where=father, volgnr=2)
    rows.child(63, coder.dates(people.father_born), where=father, volgnr=2)
    rows.child(66, education[people.education_father], where=father & known, volgnr=2)
    rows.child(71, country[people.land_father], where=father, volgnr=2)


def pregnancy(d: Draw) -> None:
    """R014 and R016: gestation, smoking, alcohol and drugs in pregnancy, maternal vaccination, birth weight."""
    rows, people, coder, figures = d.rows, d.people, d.coder, d.spec["zwangerschap"]
    rows.child(82, coder.numbers(people.gestation))
    filled = float(figures["ingevuld"]["waarde"])
    for element, key, figure in (
        (91, "roken", figures["roken"]),
        (92, "alcohol", figures["alcohol"]),
        (93, "drugs", figures["drugs"]),
    ):
        chances = shifted(figure, people)
        told = d.chance.uniform(f"{key} ingevuld", people.child) < filled
        yes = d.chance.uniform(key, people.child) < chances
        rows.child(element, coder.codes(element, ["2", "1"])[yes.astype(int)], where=told)
        d.truth.add(str(element), people, chances, yes, told)
    chances = shifted(figures["maternale_vaccinatie"], people)
    told = (people.birth_year >= 2020) & (d.chance.uniform("mat ingevuld", people.child) < filled)
    yes = d.chance.uniform("maternaal", people.child) < chances
    rows.child(1581, coder.codes(1581, ["false", "true"])[yes.astype(int)], where=told)
    d.truth.add("1581", people, chances, yes, told)
    rows.child(110, coder.numbers(birth_weight(d)))


def birth_weight(d: Draw) -> Ints:
    """Grams in steps of 5: the growth reference at birth for the gestation, at the child's own level."""
    people = d.people
    day = np.zeros(len(people.child), int)
    length = value_of(d.growth.length, people.pop, people.sex, day, d.level("lengte", 0))
    bmi = value_of(d.growth.bmi, people.pop, people.sex, day, d.level("bmi", 0))
    heavy = (length / 100) ** 2 * bmi * 1000
    # The term reference is the mean over 37 to 42 weeks; a week more or less is 3.5% of weight.
    term = people.pop == d.growth.length.shape[0] - 1
    heavy = np.where(term, heavy * (1 + 0.035 * (people.gestation / 7 - 39.6)), heavy)
    return np.asarray((np.clip(heavy, 420, 6500) / 5).astype(np.int64) * 5)


def care(d: Draw) -> None:
    """R050 and R010: status in care, end of care, consent for exchange with RIVM, objection to research."""
    rows, people, coder, life = d.rows, d.people, d.coder, d.spec["levensloop"]
    rows.child(1197, coder.codes(1197, ["01", "02", "03"])[people.care], volgnr=1)
    rows.child(1330, coder.dates(people.enters), volgnr=1)
    ends = people.reason != STAYS
    code = {TRANSFER: "01", ABROAD: "02", DIED: "03"}
    reasons = coder.codes(487, [code.get(r, "01") for r in range(4)])
    rows.child(487, reasons[people.reason], where=ends, volgnr=1)
    rows.child(488, coder.dates(np.where(ends, people.leaves, 0)), where=ends, volgnr=1)
    closed = np.flatnonzero(ends)
    rows.path(
        "careProvisionEvent/effectiveTime/high", "", rows.dossier[closed], coder.dates(people.leaves[closed])
    )
    rows.child(29, coder.dates(np.where(ends, people.leaves, 0)), where=people.reason == ABROAD)
    vaccination = d.spec["vaccinaties"]
    asked = (people.birth_year >= 2021) & (people.care != 1)
    chances = np.full(len(people.child), float(vaccination["toestemming_rivm"]["waarde"]))
    agrees = d.chance.uniform("toestemming", people.child) < chances
    rows.child(1533, coder.codes(1533, ["false", "true"])[agrees.astype(int)], where=asked, volgnr=1)
    source = [c for c in coder.codes(1535, ["04", "02"]) if c >= 0][:1] or [-1]
    if rows.for_message and not coder.has(1577):
        # Before 4.0 the data set gives the source by W0088; the message wants W0691.
        source = [coder.word("04")]
        whole = "Gezaghebbende (Toestemming van andere gezaghebbende vereist)"
        coder.name(1535, np.array(source), [whole])
    if rows.for_message:
        rows.child(1538, d.words(["90000001"], "organisatie"), where=asked, volgnr=1)
        rows.child(1537, d.words(d.spec["namen"]["achternamen"], "medewerker"), where=asked, volgnr=1)
    rows.child(1534, d.words(d.spec["namen"]["achternamen"], "achternaam"), where=asked, volgnr=1)
    rows.child(1535, np.array(source)[np.zeros(len(agrees), int)], where=asked, volgnr=1)
    rows.child(1540, d.words(["Verzonnen JGZ"], "organisatie"), where=asked, volgnr=1)
    rows.child(1536, coder.dates(people.enters), where=asked, volgnr=1)
    rows.child(1541, coder.codes(1541, ["02"])[np.zeros(len(agrees), int)], where=asked, volgnr=1)
    d.truth.add("1533", people, chances, agrees, asked)
    objects = d.chance.uniform("bezwaar onderzoek", people.child) < float(life["bezwaar_onderzoek"]["waarde"])
    rows.child(1404, coder.codes(1404, ["true"])[np.zeros(len(agrees), int)], where=objects, volgnr=2)
    rows.child(1405, coder.codes(1405, ["02"])[np.zeros(len(agrees), int)], where=objects, volgnr=2)
    rows.child(1406, coder.dates(people.enters), where=objects, volgnr=2)


@lru_cache(maxsize=1)
def test_bsns() -> list[str]:
    """Every number of the test range 9999xxxxx that passes the 11-proof; none of them is issued to a person."""
    found = []
    for number in range(999900000, 1_000_000_000):
        digits: list[Any] = [int(c) for c in str(number)]
        if (sum(d * w for d, w in zip(digits, range(9, 1, -1), strict=False)) - digits[8]) % 11 == 0:
            found.append(str(number))
    # Spread over the range, in an order that never changes.
    return [found[(i * 4001) % len(found)] for i in range(len(found))]
