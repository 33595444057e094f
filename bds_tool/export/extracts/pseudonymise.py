"""Pseudonymised records for research: the elements that were asked for, under a keyed name. They stay personal data.

An allow-list decides: only coded values, numbers, yes/no and dates (as age) of known elements go along, every column
from a closed list. Four attackers are tried on the result; what they find is told, and decides whether it may be called
open.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict, cast

from bds_tool.base.errors import UsageError, WithheldError
from bds_tool.base.files import atomic_dir
from bds_tool.base.json_types import JsonObject
from bds_tool.base.names import child
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import number, t
from bds_tool.export.extracts.attackers import Attack, attack
from bds_tool.export.extracts.risk import Risk, TraitRisk, by_trait, class_facts, measure, proposals
from bds_tool.export.extracts.traits import BIRTHS, objecting, people_of
from bds_tool.export.extracts.values import allowed_values

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.store import Store


class Trait(TypedDict):
    """What is told of a child besides its values: an element, or what follows from birth or address."""

    name: str
    element: NotRequired[int]


class Attacker(TypedDict):
    """Somebody who knows these elements and traits of a child, of a contact, of two, or of the child as a whole."""

    name: str
    title: dict[str, str]
    way: str
    elements: list[int]
    traits: NotRequired[list[str]]


class ExtractPolicy(TypedDict):
    """`specs/_schemas/extract.schema.json`."""

    id: str
    title: dict[str, str]
    explanation: dict[str, str]
    certainty: str
    sources: list[dict[str, str]]
    k: int
    l: int  # noqa: E741  # the name in the file
    most_dropped: float
    most_singled_out: float
    quasi: list[Trait]
    sensitive: list[Trait]
    attackers: list[Attacker]
    drop_rubrieken: list[str]


class Refusable(TypedDict):
    """What is known of an extract before rare children leave it."""

    policy: str
    k: int
    l: int  # noqa: E741  # the name in the file
    most_dropped: float
    area: str
    quasi: list[str]
    sensitive: list[str]
    children_in_store: int
    objected: int
    dropped_rare: int
    before: dict[str, int]
    by_trait: list[TraitRisk]


class ExtractFacts(Refusable):
    """`_extract.json`."""

    status: str
    elements: list[int]
    attackers: list[JsonObject]
    most_singled_out: float
    after: dict[str, int]
    children: int
    values: int
    values_left_behind: dict[str, int]


@dataclass
class Extract:
    """What was made: one row per child, one per value, and the facts for the report."""

    people: pl.DataFrame
    values: pl.DataFrame
    risk: Risk
    attacks: list[Attack]
    facts: ExtractFacts


def load_extract_policy(name: str) -> ExtractPolicy:
    """A policy from `specs/beleid/extract`, or a YAML file."""
    from bds_tool.base.checked_yaml import read_checked

    path = (
        Path(name)
        if Path(name).suffix in {".yaml", ".yml"}
        else child(specs_dir() / "beleid" / "extract", name, ".yaml")
    )
    return cast("ExtractPolicy", read_checked(path, "extract"))


def pseudonymise(
    store: Store,
    target: Path,
    *,
    secret: bytes,
    policy: Mapping[str, Any],
    area: str = "gemeente",
    areas: Path | None = None,
    k: int | None = None,
    birth: str = "year",
    without: Sequence[str] = (),
    elements: Sequence[int] | None = None,
    public: bool = False,
    replace: bool = False,
) -> Extract:
    """Write the extract to a directory. Raises WithheldError (exit 4) when it does not meet k and l, or when it is to
    be `public` and an attacker singles out more than the policy allows.

    `birth` is one of BIRTHS; traits in `without` stay behind altogether; `elements` None takes all that may go along.
    """
    extract = build(
        store,
        secret=secret,
        policy=policy,
        area=area,
        areas=areas,
        k=k,
        birth=birth,
        without=without,
        elements=elements,
        public=public,
    )
    with atomic_dir(target, replace=replace, private=True) as folder:
        extract.people.write_parquet(folder / "kinderen.parquet")
        extract.values.write_parquet(folder / "waarden.parquet")
        text = json.dumps(extract.facts, ensure_ascii=False, indent=2, default=str)
        (folder / "_extract.json").write_text(text + "\n", encoding="utf-8")
    return extract


def build(
    store: Store,
    *,
    secret: bytes,
    policy: Mapping[str, Any],
    area: str = "gemeente",
    areas: Path | None = None,
    k: int | None = None,
    birth: str = "year",
    without: Sequence[str] = (),
    elements: Sequence[int] | None = None,
    public: bool = False,
) -> Extract:
    """Make the extract in memory. Raises WithheldError when more children are recognisable than may be dropped."""
    import polars as pl

    k, least_l, most = k or int(policy["k"]), int(policy["l"]), float(policy["most_dropped"])
    rows = store.registraties()
    key = pl.struct("bron", "dossier_id")
    total = int(rows.select(key.n_unique()).collect().item())
    allowed = rows.join(objecting(rows), on=["bron", "dossier_id"], how="anti")
    quasi = [q["name"] for q in policy["quasi"] if q["name"] not in without]
    sensitive = [s["name"] for s in policy["sensitive"]]
    unknown = sorted(set(without) - {q["name"] for q in policy["quasi"]})
    if unknown or birth not in BIRTHS:
        raise UsageError(
            t(f"Onbekend: {', '.join(unknown) or birth}.", f"Unknown: {', '.join(unknown) or birth}."),
            t(
                f"Kenmerken: {', '.join(q['name'] for q in policy['quasi'])}; geboorte: {', '.join(BIRTHS)}.",
                f"Traits: {', '.join(q['name'] for q in policy['quasi'])}; birth: {', '.join(BIRTHS)}.",
            ),
        )
    people = people_of(allowed, [*policy["quasi"], *policy["sensitive"]], area, areas, birth).drop(
        list(without)
    )
    before = measure(people, quasi, sensitive, k, least_l)
    facts = class_facts(people, quasi, sensitive)
    safe = (facts["size"] >= k) & (facts["diverse"] >= least_l)
    refused = people.height - int(safe.sum())
    report: Refusable = {
        "policy": policy["id"],
        "k": k,
        "l": least_l,
        "most_dropped": most,
        "area": area,
        "quasi": quasi,
        "sensitive": sensitive,
        "children_in_store": total,
        "objected": total - people.height,
        "dropped_rare": refused,
        "before": before.as_dict(),
        "by_trait": by_trait(people, quasi, sensitive, k, least_l),
    }
    if not people.height or refused > most * people.height:
        _refuse(people, report, k, least_l, most)
    people = people.filter(safe)
    # Leaving children out makes no other class smaller: whole classes go.
    after = measure(people, quasi, sensitive, k, least_l)
    values, left = allowed_values(allowed, people, policy, elements)
    people = _pseudonyms(people, secret)
    values = values.join(people.select("_bron", "_dossier", "kind"), on=["_bron", "_dossier"]).drop(
        "_bron", "_dossier"
    )
    values = values.select("kind", *[c for c in values.columns if c != "kind"]).sort(
        "kind", "contact", "bdsnummer", nulls_last=True
    )
    people = people.drop("_bron", "_dossier", "_geboren").sort("kind").select("kind", pl.exclude("kind"))
    found = attack(people, values, policy["attackers"])
    worst, bound = max((a.share for a in found), default=0.0), float(policy["most_singled_out"])
    if public and worst > bound:
        raise WithheldError(
            t(
                f"Wie één ding van een kind weet, herkent er {number(100 * worst, 1)} % aan (hoogstens "
                f"{number(100 * bound, 1)} % mag voor open gegevens). Er is niets geschreven.",
                f"Who knows one thing of a child recognises {number(100 * worst, 1)} % by it (at most "
                f"{number(100 * bound, 1)} % may be for open data). Nothing was written.",
            ),
            t(
                "Maak losse of gekoppelde rijen met `bds research-table`, of geef het extract als persoonsgegeven, zonder --open.",
                "Make loose or linked rows with `bds research-table`, or give the extract as personal data, without --open.",
            ),
        )
    told: ExtractFacts = {
        **report,
        "status": "pseudoniem, blijft persoonsgegeven (AVG)",
        "elements": sorted(set(values["bdsnummer"])),
        "attackers": [a.as_dict() for a in found],
        "most_singled_out": bound,
        "after": after.as_dict(),
        "children": people.height,
        "values": values.height,
        "values_left_behind": left,
    }
    return Extract(people, values, after, found, told)


def _refuse(
    people: pl.DataFrame,
    report: Refusable,
    k: int,
    least_l: int,
    most: float,
) -> None:
    quasi, sensitive = report["quasi"], report["sensitive"]
    options = proposals(people, quasi, sensitive, k, least_l, most) if people.height else []
    ways = "; ".join(f"{o['change']} ({number(o['dropped'])} vallen weg)" for o in options)
    raise WithheldError(
        t(
            f"{number(report['dropped_rare'])} van {number(people.height)} kinderen zijn te herkennen aan {', '.join(quasi)} "
            f"(k={k}, l={least_l}); hoogstens {number(100 * most, 1)} % mag wegvallen. Er is niets geschreven.",
            f"{number(report['dropped_rare'])} of {number(people.height)} children are recognisable by {', '.join(quasi)} "
            f"(k={k}, l={least_l}); at most {number(100 * most, 1)} % may be dropped. Nothing was written.",
        ),
        t(f"Dit helpt wel: {ways}.", f"This would do: {ways}.")
        if ways
        else t(
            "Neem minder kenmerken mee of kies een kleinere k.",
            "Take fewer traits along or choose a smaller k.",
        ),
    )


def _pseudonyms(people: pl.DataFrame, secret: bytes) -> pl.DataFrame:
    """HMAC-SHA-256 over source and dossier; 24 hexadecimal characters tell children of the country apart."""
    import polars as pl

    names = [
        hmac.digest(secret, f"{bron}\x1f{dossier}".encode(), hashlib.sha256).hex()[:24]
        for bron, dossier in people.select("_bron", "_dossier").iter_rows()
    ]
    return people.with_columns(pl.Series("kind", names))
