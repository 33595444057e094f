"""A microdata extract for research: what identifies is removed, what could identify is coarsened and counted.

An allow-list decides: only coded values, numbers, yes/no and dates (as age) of known elements go along, and of coded
values only what is in the element's list or looks like a code. Everything else stays behind, known or not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UsageError, WithheldError
from bds_tool.base.files import atomic_dir
from bds_tool.base.specs import specs_dir
from bds_tool.base.text import number, t
from bds_tool.export.anonymise.risk import Risk, by_trait, class_facts, measure, proposals
from bds_tool.export.anonymise.values import BIRTH_DATE, GEMEENTE, OBJECTION, POSTCODE, allowed_values

if TYPE_CHECKING:
    import polars as pl

    from bds_tool.store import Store

#: What says that there is no objection: false in messages, 0 or 2 (nee, W0004) in lists. Anything else excludes.
NO_OBJECTION = ("false", "0", "2", "nee", "n")
#: How precisely birth goes along: name → width in years (0: month).
BIRTHS = {"month": 0, "year": 1, "2year": 2, "4year": 4}
KEY_VARIABLE = "BDS_KEY"


@dataclass
class Extract:
    """What was made: one row per child, one per value, and the facts for the report."""

    people: pl.DataFrame
    values: pl.DataFrame
    risk: Risk
    facts: dict[str, Any] = field(default_factory=dict)


def load_extract_policy(name: str) -> dict[str, Any]:
    """A policy from `specs/beleid/extract`, or a YAML file."""
    from bds_tool.base.checked_yaml import read_checked

    path = (
        Path(name)
        if Path(name).suffix in {".yaml", ".yml"}
        else specs_dir() / "beleid" / "extract" / f"{name}.yaml"
    )
    return read_checked(path, "extract")


def read_key(path: Path | None) -> bytes:
    """The secret of the pseudonyms, from a file or `BDS_KEY`; never from an argument."""
    try:
        secret = path.read_bytes().strip() if path else os.environ.get(KEY_VARIABLE, "").encode()
    except OSError as error:
        raise UsageError(
            t(f"De sleutel {path} kan niet worden gelezen.", f"The key {path} cannot be read."),
            t("Controleer de naam en de rechten.", "Check the name and permissions."),
        ) from error
    if len(secret) < 16:
        raise UsageError(
            t(
                "Er is een geheime sleutel van ten minste 16 tekens nodig voor de pseudoniemen.",
                "A secret key of at least 16 characters is needed for the pseudonyms.",
            ),
            t(
                f"Geef --key-file BESTAND of zet {KEY_VARIABLE}. Maak er een met: openssl rand -hex 32 > sleutel.txt",
                f"Give --key-file FILE or set {KEY_VARIABLE}. Make one with: openssl rand -hex 32 > key.txt",
            ),
        )
    return secret


def anonymise(
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
    replace: bool = False,
) -> Extract:
    """Write the extract to a directory. Raises WithheldError (exit 4) when it does not meet k and l.

    `birth` is one of BIRTHS; traits in `without` stay behind altogether.
    """
    extract = build(
        store, secret=secret, policy=policy, area=area, areas=areas, k=k, birth=birth, without=without
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
) -> Extract:
    """Make the extract in memory. Raises WithheldError when more children are recognisable than may be dropped."""
    import polars as pl

    k, least_l, most = k or int(policy["k"]), int(policy["l"]), float(policy["most_dropped"])
    rows = store.registraties()
    key = pl.struct("bron", "dossier_id")
    objecting = (
        rows.filter(
            (pl.col("bdsnummer") == OBJECTION)
            & pl.col("waarde").is_not_null()
            & ~pl.col("waarde").str.to_lowercase().is_in(list(NO_OBJECTION))
        )
        .select("bron", "dossier_id")
        .unique()
    )
    total = int(rows.select(key.n_unique()).collect().item())
    allowed = rows.join(objecting, on=["bron", "dossier_id"], how="anti")
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
    people = _people(allowed, policy, area, areas, birth).drop(list(without))
    before = measure(people, quasi, sensitive, k, least_l)
    facts = class_facts(people, quasi, sensitive)
    safe = (facts["size"] >= k) & (facts["diverse"] >= least_l)
    refused = people.height - int(safe.sum())
    report: dict[str, Any] = {
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
    values, left = allowed_values(allowed, people, policy)
    people = _pseudonyms(people, secret)
    values = values.join(people.select("_bron", "_dossier", "kind"), on=["_bron", "_dossier"]).drop(
        "_bron", "_dossier"
    )
    values = values.select("kind", *[c for c in values.columns if c != "kind"]).sort(
        "kind", "contact", "bdsnummer", nulls_last=True
    )
    people = people.drop("_bron", "_dossier", "_geboren").sort("kind").select("kind", pl.exclude("kind"))
    report |= {
        "after": after.as_dict(),
        "children": people.height,
        "values": values.height,
        "values_left_behind": left,
    }
    return Extract(people, values, after, report)


def _refuse(
    people: pl.DataFrame,
    report: Mapping[str, Any],
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


def _people(
    rows: pl.LazyFrame, policy: Mapping[str, Any], area: str, areas: Path | None, birth: str
) -> pl.DataFrame:
    """One row per child with quasi-identifiers and sensitive outcomes; `_geboren` is dropped before writing."""
    import polars as pl

    traits = [*policy["quasi"], *policy["sensitive"]]
    elements = {t_["element"] for t_ in traits if "element" in t_} | {BIRTH_DATE, GEMEENTE, POSTCODE}
    first = (
        rows.filter(pl.col("bdsnummer").is_in(sorted(elements)) & pl.col("waarde").is_not_null())
        .group_by("bron", "dossier_id", "bdsnummer")
        .agg(pl.col("waarde").sort_by(pl.col("volgnr").fill_null(0), "regel").first())
        .collect()
        .pivot("bdsnummer", index=["bron", "dossier_id"], values="waarde")
    )
    everyone = rows.select("bron", "dossier_id").unique().collect()
    people = everyone.join(first, on=["bron", "dossier_id"], how="left")
    for number_ in sorted(elements):
        if str(number_) not in people.columns:
            people = people.with_columns(pl.lit(None, dtype=pl.String).alias(str(number_)))
    born = pl.col(str(BIRTH_DATE)).str.slice(0, 10)
    people = people.with_columns(
        pl.coalesce(
            born.str.to_date("%Y-%m-%d", strict=False),
            (born.str.slice(0, 7) + "-01").str.to_date("%Y-%m-%d", strict=False),
        ).alias("_geboren")
    )
    derived = {
        "birth_year": _birth(birth),
        "area": _area(area, areas),
    }
    columns = [
        (derived[trait["from"]] if "from" in trait else pl.col(str(trait["element"])))
        .fill_null("onbekend")
        .alias(trait["name"])
        for trait in traits
    ]
    return people.select(
        pl.col("bron").alias("_bron"), pl.col("dossier_id").alias("_dossier"), "_geboren", *columns
    )


def _birth(birth: str) -> Any:  # noqa: ANN401
    import polars as pl

    if birth == "month":
        return pl.col("_geboren").dt.strftime("%Y-%m")
    width = BIRTHS[birth]
    return (pl.col("_geboren").dt.year() // width * width).cast(pl.String)


def _area(area: str, areas: Path | None) -> Any:  # noqa: ANN401
    import polars as pl

    gemeente = "GM" + pl.col(str(GEMEENTE)).str.replace("^GM", "").str.zfill(4)
    if area == "none":
        return pl.lit("totaal")
    if area == "gemeente":
        return gemeente
    if area != "wijk" or areas is None:
        raise UsageError(
            t(
                "Gebied kan none, gemeente of wijk zijn; voor wijk is een postcodetabel nodig.",
                "Area is none, gemeente or wijk; wijk needs a table of postcodes.",
            ),
            t(
                "Geef --areas TABEL met kolommen postcode en wijk.",
                "Give --areas TABLE with columns postcode and wijk.",
            ),
        )
    table = pl.read_parquet(areas) if areas.suffix == ".parquet" else pl.read_csv(areas, infer_schema=False)
    lookup = dict(table.select("postcode", "wijk").unique("postcode").iter_rows())
    postcode = pl.col(str(POSTCODE)).str.replace_all(" ", "").str.to_uppercase()
    return postcode.replace_strict(lookup, default=None, return_dtype=pl.String)


def _pseudonyms(people: pl.DataFrame, secret: bytes) -> pl.DataFrame:
    """HMAC-SHA-256 over source and dossier; 24 hexadecimal characters tell children of the country apart."""
    import polars as pl

    names = [
        hmac.digest(secret, f"{bron}\x1f{dossier}".encode(), hashlib.sha256).hex()[:24]
        for bron, dossier in people.select("_bron", "_dossier").iter_rows()
    ]
    return people.with_columns(pl.Series("kind", names))
