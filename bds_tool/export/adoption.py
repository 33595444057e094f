"""Has a change of the BDS arrived in the dossiers: per request which new elements and codes are used, and what goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypedDict, cast

import polars as pl

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t
from bds_tool.changes.requests import title

if TYPE_CHECKING:
    from datetime import date

    from bds_tool.changes.package import Pakket, Wijziging
    from bds_tool.store import Store

NEW, GONE = "toegevoegd", "vervallen"
#: What the data say of a change.
USED, UNSEEN, GOES_ON, STOPPED = "in gebruik", "niet gezien", "nog gevuld", "niet meer gevuld"
KIND = "bds-adoption"


@dataclass(frozen=True)
class Use:
    """How often one organisation uses what a request added, or fills what it took away.

    `dossiers` and `rows` are None where fewer dossiers than the bound have it; `first` and `last`: ISO months (days with
    a bound of 1), None without a day or under the bound.
    """

    request: str
    title: str
    change: str
    key: str
    name: str
    organisation: str
    rows: int | None
    dossiers: int | None
    first: str | None
    last: str | None

    @property
    def state(self) -> str:
        """What it means, in one word."""
        seen = self.dossiers != 0
        if self.change == NEW:
            return USED if seen else UNSEEN
        return GOES_ON if seen else STOPPED


class UseTold(TypedDict):
    """A use as it stands in a file, with what it means."""

    request: str
    title: str
    change: str
    key: str
    name: str
    organisation: str
    rows: int | None
    dossiers: int | None
    first: str | None
    last: str | None
    state: str


class AdoptionFile(TypedDict):
    """What may be added to the files of others: counts only."""

    kind: str
    schema_version: int
    package: str
    small: int
    uses: list[UseTold]


def adoption(store: Store, pakket: Pakket, *, small: int) -> list[Use]:
    """Every element and code that a package adds or takes away, counted per organisation of the store.

    A code counts where an element of its list holds it, in the coding of the source. Fewer dossiers than `small`
    are not told how many; none at all is told as none.
    """
    chosen = [w for w in pakket.wijzigingen if w.aspect in {NEW, GONE} and (w.nummer or w.code)]
    places = pl.concat([_places(pakket, w, nr) for nr, w in enumerate(chosen)])
    bronnen = _sources(store)
    rows = (
        store.registraties()
        .filter(pl.col("waarde").is_not_null() | pl.col("tekst").is_not_null())
        .select("bron", "dossier_id", "datum", "bdsnummer", "waarde")
        .join(bronnen.lazy(), on="bron")
    )
    dossier = pl.struct("bron", "dossier_id").n_unique().alias("dossiers")
    counts = [
        pl.len().alias("rows"),
        dossier,
        pl.col("datum").min().alias("first"),
        pl.col("datum").max().alias("last"),
    ]
    of_elements = places.filter(pl.col("code").is_null()).lazy().select("change", "bdsnummer")
    of_codes = places.filter(pl.col("code").is_not_null()).lazy()
    found = pl.concat(
        [
            rows.join(of_elements, on="bdsnummer").group_by("change", "organisation").agg(counts),
            rows.join(
                of_codes, left_on=["bdsnummer", "waarde", "coding"], right_on=["bdsnummer", "code", "coding"]
            )
            .group_by("change", "organisation")
            .agg(counts),
        ]
    ).collect(engine="streaming")
    seen = {(r["change"], r["organisation"]): r for r in found.iter_rows(named=True)}
    made = []
    for nr, w in enumerate(chosen):
        for request in w.jgz or ("",):
            about = pakket.verzoeken.get(request)
            for organisation in sorted(bronnen["organisation"].unique()):
                r = seen.get((nr, organisation))
                few = r is not None and r["dossiers"] < small
                made.append(
                    Use(
                        request, title(about) if about else "", w.aspect, w.sleutel, w.naam, organisation,
                        None if few else (r["rows"] if r else 0),
                        None if few else (r["dossiers"] if r else 0),
                        _when(r["first"], small) if r and not few else None,
                        _when(r["last"], small) if r and not few else None,
                    )
                )  # fmt: skip
    return sorted(made, key=lambda u: (u.request, u.change, u.key, u.organisation))


def _when(day: date | None, small: int) -> str | None:
    """The first and the last day are of one child each: what may be shared tells the month."""
    return day.isoformat()[: 10 if small <= 1 else 7] if day else None


def _sources(store: Store) -> pl.DataFrame:
    """bron, organisation and coding of what was read."""
    from bds_tool.formats.registry import coding_of

    unknown = t("onbekend", "unknown")
    read = store.bronnen().filter(~pl.col("formaat").is_in(["onleesbaar", "overgeslagen"]))
    return pl.DataFrame(
        [
            (b, o or unknown, coding_of(f))
            for b, o, f in read.select("bron", "organisatie", "formaat").iter_rows()
        ],
        schema={"bron": pl.Int32, "organisation": pl.String, "coding": pl.String},
        orient="row",
    )


def _places(pakket: Pakket, w: Wijziging, nr: int) -> pl.DataFrame:
    """The elements (and the code) that a change is seen by."""
    from bds_tool.schema import load

    schema = {"change": pl.Int64, "bdsnummer": pl.Int32, "code": pl.String, "coding": pl.String}
    if w.nummer:
        return pl.DataFrame([(nr, w.nummer, None, None)], schema=schema, orient="row")
    lijst, coding = w.lijst or ("", "")
    version = pakket.naar if w.aspect == NEW else pakket.van
    numbers = [n for n, e in load(version).elementen.items() if e.waardenlijst == lijst]
    return pl.DataFrame([(nr, n, w.code, coding) for n in numbers], schema=schema, orient="row")


def facts(pakket: str, uses: Iterable[Use], *, small: int) -> AdoptionFile:
    """What goes in a file that may be added to those of others: counts only."""
    return {"kind": KIND, "schema_version": 1, "package": pakket, "small": small, "uses": [cast("UseTold", {**asdict(u), "state": u.state}) for u in uses]}  # fmt: skip


def merged(parts: Sequence[AdoptionFile]) -> tuple[str, list[Use]]:
    """The uses of several files together. Raises UsageError for other packages, or the same organisation twice."""
    packages = {str(p["package"]) for p in parts}
    if len(packages) > 1:
        raise UsageError(
            t(f"Deze bestanden gaan over andere pakketten: {', '.join(sorted(packages))}.",
              f"These files are about different packages: {', '.join(sorted(packages))}."),
            t("Geef bestanden over hetzelfde pakket.", "Give files about the same package."),
        )  # fmt: skip
    made: list[Use] = []
    known: set[str] = set()
    for part in parts:
        names = {str(u["organisation"]) for u in part["uses"]}
        if twice := sorted(known & names):
            raise UsageError(
                t(f"Een organisatie komt tweemaal voor: {', '.join(twice)}.", f"An organisation occurs twice: {', '.join(twice)}."),
                t("Laat een van de bestanden weg.", "Leave out one of the files."),
            )  # fmt: skip
        known |= names
        made += [
            Use(
                u["request"], u["title"], u["change"], u["key"], u["name"], u["organisation"],
                u["rows"], u["dossiers"], u["first"], u["last"],
            )
            for u in part["uses"]
        ]  # fmt: skip
    return packages.pop(), sorted(made, key=lambda u: (u.request, u.change, u.key, u.organisation))
