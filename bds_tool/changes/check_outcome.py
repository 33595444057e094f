"""What comes out of a package: is the version that it makes a sound definition?

All of `bds spec check` on that version, and what only shows beside the old one. What the old version had already is
not this package's doing.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bds_tool.base.names import child
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.schema.checking.bds import Lines, check_step, check_version
from bds_tool.schema.checking.files import Judge, column_judges
from bds_tool.schema.coding import code_pairs
from bds_tool.schema.loading import load
from bds_tool.schema.units import units

if TYPE_CHECKING:
    from bds_tool.changes.context import Context
    from bds_tool.changes.package import Wijziging
    from bds_tool.findings.finding import Finding
    from bds_tool.schema.model import Code, Definition, Element

Subject = tuple[str, str]
#: Columns with words that nobody listed but that every version takes from the same few.
_WORDS = ("hl7_datatype", "locatie_soort", "binding", "status")
_FILES = {
    "rubriek": "rubrieken",
    "groep": "groepen",
    "element": "elementen",
    "lijst": "lijsten",
    "code": "waardenlijsten",
}
KEYS = {
    "rubriek": r"R\d{3}",
    "groep": r"G\d{3}",
    "element": r"[1-9]\d*",
    "lijst": r"(W\d{4,5}|[012](\.\d+)+)/(HL7|BDS|extern)",
    "code": r"[^/]+/(HL7|BDS|extern)/[^/]*/.+",
}
_OID = re.compile(r"[012](\.(0|[1-9]\d*))+")


def outcome(c: Context) -> Iterator[Bevinding]:
    """Findings about the version that a package makes."""
    for w in c.pakket.wijzigingen:
        pattern = KEYS.get(w.tabel)
        if pattern and not re.fullmatch(pattern, w.sleutel):
            yield bevinding("WIJZ976", w.id)
    if not c.concept:
        return
    for w in c.pakket.wijzigingen:
        yield from _columns(c, w)
        if w.tabel == "element" and w.nummer in c.nieuw.elementen:
            yield from _element(c, w, c.nieuw.elementen[w.nummer or 0])
        elif w.tabel in {"code", "lijst"}:
            yield from _list(c, w)
        yield from _in_use(c, w)
    yield from _sound(c)


# -- spec check --------------------------------------------------------------------------------------------------


def _sound(c: Context) -> Iterator[Bevinding]:
    """What `bds spec check` says of the new version and did not say of the old one."""
    before = _known_findings(str(specs_dir()), c.oud.version)
    known = {n: (d.version, e) for d in c.eerder for n, e in d.elementen.items()}
    lines = Lines(None, c.nieuw.version)
    for f in (*check_version(c.nieuw, lines), *check_step(known, c.nieuw, lines)):
        if (f.code, f.key) not in before:
            yield bevinding(
                "WIJZ945", _subject(c, f), {"regel": f.code, "waarom": f.message}, severity=f.severity
            )


@lru_cache(maxsize=8)
def _known_findings(_root: str, version: str) -> frozenset[tuple[str, str]]:
    return frozenset((f.code, f.key) for f in check_version(load(version), Lines(None, version)))


def _subject(c: Context, f: Finding) -> Subject:
    """The change that a finding about the outcome is about."""
    number = str(f.parameters.get("nummer", ""))
    for key in (f.key, number, str(f.parameters.get("groep", ""))):
        for w in c.pakket.wijzigingen:
            short = w.sleutel if w.tabel != "code" else f"{'/'.join(w.sleutel.split('/')[:2])}/{w.code}"
            if key and (short == key or (w.tabel == "code" and short.startswith(f"{key}/"))):
                return w.id
    return ("pakket", c.pakket.naam)


# -- columns -----------------------------------------------------------------------------------------------------


def _columns(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    """Every new value is one that its column takes."""
    judges = _judges(str(specs_dir()), c.oud.version).get(_FILES.get(w.tabel, ""), {})
    for v in w.velden:
        if not v.naar or w.aspect == "vervallen":
            continue
        reason = (
            judges[v.veld](v.naar)
            if v.veld in judges and v.veld != "lijst" and not v.naar.endswith("…")
            else ""
        )
        if not reason and v.veld in _WORDS and v.naar not in _used(c, w.tabel, v.veld):
            near = ", ".join(sorted(_used(c, w.tabel, v.veld))[:12])
            reason = t(f"geen versie gebruikt dit; wel: {near}", f"no version uses this; they use: {near}")
        if reason:
            yield bevinding("WIJZ977", w.id, {"veld": v.veld, "waarom": reason})


@lru_cache(maxsize=4)
def _judges(root: str, version: str) -> dict[str, dict[str, Judge]]:
    package = json.loads(
        (child(Path(root) / "bds", version) / "datapackage.json").read_text(encoding="utf-8")
    )
    return {r["name"]: column_judges(r["schema"]) for r in package["resources"]}


def _used(c: Context, tabel: str, column: str) -> frozenset[str]:
    """The words of a column in every version so far."""
    known = _words(str(specs_dir()), tuple(d.version for d in c.eerder), tabel, column)
    return known | {f"vervallen in {c.oud.version}", f"vervallen in {c.nieuw.version}"}


@lru_cache(maxsize=32)
def _words(_root: str, versions: tuple[str, ...], tabel: str, column: str) -> frozenset[str]:
    known = [load(v) for v in versions]
    rows: dict[str, Iterable[object]] = {
        "rubriek": (r for d in known for r in d.rubrieken.values()),
        "groep": (g for d in known for g in d.groepen.values()),
        "element": (e for d in known for e in d.elementen.values()),
        "lijst": (w for d in known for w in d.waardenlijsten.values()),
        "code": (x for d in known for w in d.waardenlijsten.values() for x in w.codes),
    }
    return frozenset(str(getattr(r, column, "")) for r in rows[tabel])


# -- elements ----------------------------------------------------------------------------------------------------


def _element(c: Context, w: Wijziging, e: Element) -> Iterator[Bevinding]:
    if e.eenheid and e.eenheid not in units() and w.veld("eenheid"):
        yield bevinding("WIJZ946", w.id, {"eenheid": e.eenheid})
    if e.eenheid and w.veld("eenheid") and not {e.datatype, e.hl7_datatype} & {"PQ", "INT", "REAL"}:
        yield bevinding(
            "WIJZ978",
            w.id,
            {
                "waarom": t(
                    "een eenheid bij een element zonder getal", "a unit with an element that is no number"
                )
            },
        )
    was = c.oud.elementen.get(e.bdsnummer)
    before, now = ((x.minimum, x.maximum) if x is not None else () for x in (was, e))
    if w.aspect == "eenheid" and before == now != (None, None):
        yield bevinding(
            "WIJZ978",
            w.id,
            {"waarom": t("de grenzen staan nog in de oude eenheid", "the limits are still in the old unit")},
        )
    if not e.in_bericht or w.aspect not in {"toegevoegd", "verplaatst", "bericht", "datatype", "lijst"}:
        return
    for why in _place(c, e):
        yield bevinding("WIJZ978", w.id, {"waarom": why})
    lijst = c.nieuw.waardenlijst(e)
    systems = {x.codesysteem for x in lijst.codes if x.codesysteem} if lijst else set()
    if e.codesysteem and systems and e.codesysteem not in systems:
        yield bevinding(
            "WIJZ948",
            w.id,
            {
                "oid": e.codesysteem,
                "waarom": t(
                    "de lijst van het element heeft een ander codesysteem",
                    "the list of the element has another code system",
                ),
            },
        )


#: The data types of a message that a data type of the dataset may have.
_FITTING = {
    "KL_AN": {"CV", "CE", "CD", "CO", "SC", "CS", "CS(use)", "CV/ST", "II", "presence", "ST", "BL"},
    "BL": {"BL", "presence"}, "PQ": {"PQ"}, "INT": {"INT", "PQ", "REAL"}, "TS": {"TS", "IVL_TS", "PIVL_TS"},
}  # fmt: skip


def _place(c: Context, e: Element) -> Iterator[str]:
    """What is wrong with where an element stands and what it holds."""
    rubriek = c.nieuw.rubrieken.get(e.rubriek)
    bound = rubriek is not None and rubriek.binding == "dossiergebonden"
    if not e.locatie_soort:
        yield t(
            "de plaats in het bericht (locatie_soort) ontbreekt",
            "the place in the message (locatie_soort) is missing",
        )
    elif bound and e.locatie_soort == "observation":
        yield t(f"{e.rubriek} hoort bij het dossier; een waarneming hoort in een activiteit",
                f"{e.rubriek} belongs to the dossier; an observation belongs in an activity")  # fmt: skip
    elif rubriek is not None and not bound and e.locatie_soort in {"demographic", "consent"}:
        yield t(f"{e.rubriek} hoort bij een activiteit; {e.locatie_soort} hoort bij het dossier",
                f"{e.rubriek} belongs to an activity; {e.locatie_soort} belongs to the dossier")  # fmt: skip
    if not e.pad:
        yield t("het pad in het bericht ontbreekt", "the path in the message is missing")
    for word, named in (("rubricCluster", e.rubriek), ("groupCluster", e.groepen[-1] if e.groepen else "")):
        said = re.search(rf"{word}\[code='(\w+)'\]", e.pad)
        if said is not None and said[1] != named:
            yield t(f"het pad noemt {said[1]}, het element staat in {named or '—'}",
                    f"the path names {said[1]}, the element stands in {named or '—'}")  # fmt: skip
    fitting = _FITTING.get(e.datatype)
    if fitting is not None and e.hl7_datatype and e.hl7_datatype not in fitting:
        yield t(f"datatype {e.datatype} en {e.hl7_datatype} in het bericht gaan niet samen",
                f"data type {e.datatype} and {e.hl7_datatype} in the message do not go together")  # fmt: skip
    inner = c.nieuw.groepen.get(e.groepen[-1]) if e.groepen else None
    if inner is not None and inner.rubriek and inner.rubriek != e.rubriek:
        yield t(f"groep {inner.groep} staat in {inner.rubriek}, het element in {e.rubriek}",
                f"group {inner.groep} stands in {inner.rubriek}, the element in {e.rubriek}")  # fmt: skip
    if e.rubriek and rubriek is None:
        yield t(f"rubriek {e.rubriek} bestaat niet", f"rubriek {e.rubriek} does not exist")
    if e.datatype != "KL_AN" and e.hl7_datatype in {"CV", "CE"} and not e.waardenlijst:
        yield t("een code zonder waardenlijst", "a code without a value list")


# -- lists -------------------------------------------------------------------------------------------------------


def _list(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    lijst = c.nieuw.waardenlijsten.get(w.lijst) if w.lijst else None
    if lijst is None or w.lijst is None:
        return
    if w.soort == "lijst-toegevoegd":
        for oid in lijst.valuesets:
            others = [
                k for k, o in c.nieuw.waardenlijsten.items() if oid and oid in o.valuesets and k != w.lijst
            ]
            if others:
                yield bevinding(
                    "WIJZ948",
                    w.id,
                    {
                        "oid": oid,
                        "waarom": t(
                            f"{'/'.join(others[0])} heeft haar al", f"{'/'.join(others[0])} has it already"
                        ),
                    },
                )
            elif oid and not _OID.fullmatch(oid):
                yield bevinding(
                    "WIJZ948", w.id, {"oid": oid, "waarom": t("dit is geen OID", "this is no OID")}
                )
    if w.tabel != "code" or w.aspect not in {"toegevoegd", "hernoemd", "codesysteem"}:
        return
    system = w.veld("codesysteem").naar if w.veld("codesysteem") else w.sleutel.split("/")[2]  # type: ignore[union-attr]
    mine = next((x for x in lijst.codes if x.code == w.code and x.codesysteem == system), None)
    if mine is None or mine.rij != "concept":
        return
    yield from _code(c, w, mine, [x for x in lijst.codes if x is not mine and x.rij == "concept"])


def _code(c: Context, w: Wijziging, mine: Code, others: list[Code]) -> Iterator[Bevinding]:
    if not re.fullmatch(r"[\w.*+-]+", mine.code):
        yield bevinding("WIJZ976", w.id)
    same = [
        x.code for x in others if folded(x.weergavenaam) == folded(mine.weergavenaam) and x.code != mine.code
    ]
    if same:
        yield bevinding("WIJZ947", w.id, {"naam": mine.weergavenaam, "ander": same[0]})
    if any(x.code == mine.code and x.codesysteem != mine.codesysteem for x in others):
        yield bevinding(
            "WIJZ948",
            w.id,
            {
                "oid": mine.codesysteem,
                "waarom": t(
                    "de code staat er ook in een ander codesysteem",
                    "the code is there in another code system as well",
                ),
            },
        )
        return
    systems = Counter(x.codesysteem for x in others if x.codesysteem)
    if systems and mine.codesysteem not in systems:
        usual = systems.most_common(1)[0][0]
        yield bevinding(
            "WIJZ948",
            w.id,
            {
                "oid": mine.codesysteem or "—",
                "waarom": t(f"de lijst gebruikt {usual}", f"the list uses {usual}"),
            },
        )
    elif not _OID.fullmatch(mine.codesysteem):
        yield bevinding(
            "WIJZ948",
            w.id,
            {"oid": mine.codesysteem or "—", "waarom": t("dit is geen OID", "this is no OID")},
        )
    number, soort = w.lijst or ("", "")
    other = {"HL7": "BDS", "BDS": "HL7"}.get(soort, "")
    twin = c.nieuw.waardenlijsten.get((number, other))
    if w.aspect != "toegevoegd" or twin is None or not any(x.rij == "concept" for x in twin.codes):
        return
    for pair in code_pairs(c.nieuw, number):
        here, there = (pair.hl7, pair.bds) if soort == "HL7" else (pair.bds, pair.hl7)
        if here is not None and here.code == mine.code and there is None:
            yield bevinding("WIJZ949", w.id, {"lijst": f"{number}/{other}", "soort_code": soort})


def folded(name: str) -> str:
    """A name without capitals, accents, signs and double spaces."""
    plain = "".join(x for x in unicodedata.normalize("NFKD", name) if not unicodedata.combining(x))
    return re.sub(r"\W+", " ", plain).strip().casefold()


# -- what is still in use ----------------------------------------------------------------------------------------


def _in_use(c: Context, w: Wijziging) -> Iterator[Bevinding]:
    """A rubriek, group or list that leaves while elements of the message still stand in it or take their codes of it."""
    if w.aspect != "vervallen":
        return
    live = c.nieuw.in_bericht.values()
    if w.tabel == "rubriek":
        users = [e.bdsnummer for e in live if e.rubriek == w.sleutel]
    elif w.tabel == "groep":
        users = [e.bdsnummer for e in live if w.sleutel in e.groepen]
    elif w.tabel == "lijst" and w.lijst is not None:
        users = [e.bdsnummer for e in live if e.waardenlijst == w.lijst[0]]
    else:
        return
    if users:
        yield bevinding(
            "WIJZ960", w.id, {"elementen": ", ".join(map(str, users[:5])) + (" …" if len(users) > 5 else "")}
        )


def used_names(d: Definition) -> dict[str, dict[str, list[str]]]:
    """The keys of live rows by table and folded name."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for e in d.elementen.values():
        if e.in_bericht:
            found["element"][folded(e.naam)].append(str(e.bdsnummer))
    for g in d.groepen.values():
        if g.in_bericht:
            found["groep"][folded(g.naam)].append(g.groep)
    for r in d.rubrieken.values():
        found["rubriek"][folded(r.naam)].append(r.rubriek)
    for number, soort in d.waardenlijsten:
        if d.waardenlijsten[number, soort].naam:
            found["lijst"][folded(d.waardenlijsten[number, soort].naam)].append(f"{number}/{soort}")
    return found
