"""A change package (werkpakket): what turns one BDS version into the next, and what happens to the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bds_tool.base.json_types import JsonObject
from bds_tool.schema.diff.changes import ChangeClass, Veld

#: What a conversion may do with a value.
#:
#: behoud: nothing; beschut: keep as non-BDS data (R051/G083); herstel: bring back what was sheltered;
#: naar-tekst: the code becomes nullFlavor OTH with its name as text; uit-tekst: the reverse, for a text equal to
#: the name; hercodeer: by table; weergavenaam: the name that travels with the code is replaced; verplaats: to
#: another element; afleiden: an extra value made of other elements, read before anything is
#: sheltered (`510=01`, `510=*`, `510=01&511=02`; `=` takes a value over, `+` joins all); reken: a number times
#: `factor`, in the new unit; vervalt: the value is lost.
ACTIONS = (
    "behoud", "beschut", "herstel", "naar-tekst", "uit-tekst", "hercodeer", "weergavenaam", "verplaats",
    "afleiden", "reken", "vervalt",
)  # fmt: skip

#: States in which a package holds; before that its version is a draft.
SETTLED = frozenset({"vastgesteld", "gepubliceerd"})


@dataclass(frozen=True, slots=True)
class Omrekening:
    """What happens to a value in one direction.

    `element` is the other element of verplaats, afleiden and hercodeer; `tabel` maps codes; `anders` is the action
    for a code outside `tabel`; `factor` is exact: a decimal
    number or a fraction as text. `verlies` names what is lost, empty when nothing is. `voorwaarde` is a condition in
    words that a published conversion states and data alone cannot decide.
    """

    doe: str
    element: int | None = None
    tabel: tuple[tuple[str, str], ...] = ()
    anders: str = ""
    factor: str = ""
    verlies: str = ""
    voorwaarde: str = ""
    toelichting: str = ""


@dataclass(frozen=True, slots=True)
class Afschaffing:
    """The deprecation note: from which version, how long old values may still come in, and where they go.

    `opvolger` are the elements that take its place.
    """

    vanaf: str
    overgang: str
    toelichting: str = ""
    opvolger: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Wijziging:
    """One change of the package; `id` matches `bds_tool.schema.diff.comparing.Change.id`."""

    soort: str
    sleutel: str
    naam: str = ""
    velden: tuple[Veld, ...] = ()
    positie: int | None = None
    klasse_heen: ChangeClass | None = None
    klasse_terug: ChangeClass | None = None
    jgz: tuple[str, ...] = ()
    heen: Omrekening | None = None
    terug: Omrekening | None = None
    afschaffing: Afschaffing | None = None
    zekerheid: str = ""
    toelichting: str = ""

    @property
    def id(self) -> tuple[str, str]:
        return self.soort, self.sleutel

    @property
    def tabel(self) -> str:
        return self.soort.partition("-")[0]

    @property
    def aspect(self) -> str:
        return self.soort.partition("-")[2]

    @property
    def nummer(self) -> int | None:
        """The BDS number of a change of an element."""
        return int(self.sleutel) if self.tabel == "element" and self.sleutel.isdecimal() else None

    @property
    def lijst(self) -> tuple[str, str] | None:
        """(W-number or OID, soort) of a change of a list or code."""
        if self.tabel not in {"lijst", "code"}:
            return None
        parts = self.sleutel.split("/")
        return (parts[0], parts[1]) if len(parts) > 1 else None

    @property
    def code(self) -> str | None:
        """The code of a change of a code, without marks."""
        if self.tabel != "code":
            return None
        return self.sleutel.split("/", 3)[-1].lstrip("!*").partition("#")[0]

    def richting(self, forward: bool) -> Omrekening | None:
        return self.heen if forward else self.terug

    def veld(self, naam: str) -> Veld | None:
        return next((v for v in self.velden if v.veld == naam), None)


Rij = dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Voorbeeld:
    """A dossier fragment before and after. `richting` heen: before is the old version; terug: the new one.

    Rows hold columns of `registraties`; `terug` are the rows after the way back when they are not those before.
    """

    richting: str
    voor: tuple[Rij, ...]
    na: tuple[Rij, ...]
    weerom: tuple[Rij, ...] | None = None
    toelichting: str = ""


@dataclass(frozen=True, slots=True)
class Geraakt:
    """What the request touches outside the definition, by name of the file or mapping; `-` says: nothing known."""

    protocollen: tuple[str, ...] = ()
    zib: tuple[str, ...] = ()
    indicatoren: tuple[str, ...] = ()
    james: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deel:
    """A definition or row outside the BDS that a request carries along: `inhoud` is what it is to be, whole.

    Without `inhoud` it says, with `reden`, that somebody looked and nothing has to change. `bij`: the file that a new
    definition is put in.
    """

    soort: str
    id: str
    inhoud: JsonObject = field(default_factory=dict)
    reden: str = ""
    bij: str = ""


#: Keys of a part under which people write words.
_WORDS = frozenset(
    [
        "titel",
        "titel_en",
        "title",
        "definitie",
        "toelichting",
        "comment",
        "bewijs",
        "source",
        "bron",
        "why",
        "let_op",
        "message",
    ]
)


def words(node: Any, key: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401
    """(key, text) of what people wrote in the content of a part; in two languages each counts."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from words(value, key or (str(name) if name in _WORDS else ""))
    elif isinstance(node, list):
        for member in node:
            yield from words(member, key)
    elif isinstance(node, str) and key:
        yield key, node


@dataclass(frozen=True, slots=True)
class Verzoek:
    """A change request (wijzigingsverzoek). `zekerheid`: A published, B from stylesheets, C derived by us.

    `titel_en` and `aanleiding_en` are for release notes in English; `eigenaar` and `prioriteit` for who works on it.
    """

    jgz: str
    titel: str
    aanleiding: str
    besluit: str
    zekerheid: str
    bron: str = ""
    besluitdatum: str = ""
    geraakt: Geraakt = field(default_factory=Geraakt)
    voorbeelden: tuple[Voorbeeld, ...] = ()
    eigenaar: str = ""
    prioriteit: str = ""
    titel_en: str = ""
    aanleiding_en: str = ""
    mee: tuple[Deel, ...] = ()


@dataclass(frozen=True, slots=True)
class Regel:
    """A conversion rule that reaches over single changes: a split group, a status from two sources, a list test.

    `elementen` are what it reads, `schrijft` what it writes besides, `waarnemingen` those it takes to be
    observations of their own, `codes` the codes of `lijst` it names, `rubriek` where it says they live. `modus`
    is the template mode it was published in and `actief` false when it was published switched off.
    """

    id: str
    richting: str
    doe: str
    omschrijving: str
    jgz: tuple[str, ...] = ()
    elementen: tuple[int, ...] = ()
    waarnemingen: tuple[int, ...] = ()
    schrijft: tuple[int, ...] = ()
    lijst: str = ""
    codes: tuple[str, ...] = ()
    rubriek: str = ""
    groep: str = ""
    sleutel: str = ""
    modus: str = ""
    actief: bool = True
    pad: str = ""
    verlies: str = ""
    bron: str = ""


@dataclass(frozen=True, slots=True)
class Verschil:
    """A difference between `bds migrate` and the official conversion that has a reason."""

    id: str
    richting: str
    soort: str
    reden: str
    elementen: tuple[int, ...] = ()
    rubrieken: tuple[str, ...] = ()
    paden: tuple[str, ...] = ()
    bron: str = ""


@dataclass(frozen=True)
class Pakket:
    """A change package between two versions."""

    van: str
    naar: str
    titel: str
    status: str
    datum: str
    bron: tuple[str, ...]
    klasse_heen: ChangeClass
    klasse_terug: ChangeClass
    verzoeken: dict[str, Verzoek]
    wijzigingen: tuple[Wijziging, ...]
    regels: tuple[Regel, ...] = ()
    verschillen: tuple[Verschil, ...] = ()
    toelichting: str = ""
    modus_heen: str = ""
    modus_terug: str = ""
    dubbele_verzoeken: tuple[str, ...] = ()

    @property
    def naam(self) -> str:
        return f"{self.van}-{self.naar}"

    @cached_property
    def by_id(self) -> dict[tuple[str, str], Wijziging]:
        return {w.id: w for w in self.wijzigingen}

    def of(self, jgz: str) -> Iterator[Wijziging]:
        """The changes of a request."""
        return (w for w in self.wijzigingen if jgz in w.jgz)

    def texts(self) -> Iterator[tuple[tuple[str, str], str, str]]:
        """(subject, field, text) of all that people write in words and that is not empty; the subject as in findings."""
        found = [
            (("pakket", self.naam), "titel", self.titel),
            (("pakket", self.naam), "toelichting", self.toelichting),
        ]
        for v in self.verzoeken.values():
            own = ("titel", "titel_en", "aanleiding", "aanleiding_en", "bron", "eigenaar")
            found += [(("verzoek", v.jgz), f, str(getattr(v, f))) for f in own]
            found += [(("verzoek", v.jgz), "toelichting", x.toelichting) for x in v.voorbeelden]
            found += [(("verzoek", v.jgz), "reden", x.reden) for x in v.mee]
            found += [(("verzoek", v.jgz), key, text) for x in v.mee for key, text in words(x.inhoud)]
        for w in self.wijzigingen:
            found.append((w.id, "toelichting", w.toelichting))
            for part, fields in (
                (w.heen, ("toelichting", "verlies", "voorwaarde")),
                (w.terug, ("toelichting", "verlies", "voorwaarde")),
                (w.afschaffing, ("overgang", "toelichting")),
            ):
                found += [(w.id, f, str(getattr(part, f))) for f in fields if part is not None]
        return (x for x in found if x[2])
