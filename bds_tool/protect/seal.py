"""The seal of a protected result: what protecting wrote, and a gate that believes nothing else.

`protect` writes a certificate (`_zegel.json`) over every file and every row. Whatever publishes recomputes it and
looks again at the rows themselves, before one byte is written: unknown files, columns and words, filled hidden cells
and counts that the policy forbids are refused, also where somebody made a new seal. With a key (BDS_KEY) the seal is
an HMAC, which nobody without the key can make.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool import __version__
from bds_tool.base.errors import UnreadableError, WithheldError
from bds_tool.base.files import MARK
from bds_tool.base.text import number, t
from bds_tool.indicators.result import (
    BREAKDOWNS,
    COLUMNS,
    COUNTS_FILE,
    FIGURES,
    LAYOUT,
    LEVELS,
    META_FILE,
    PROTECTED,
    UNPROVEN,
    Result,
    counts_schema,
    read_result,
)
from bds_tool.protect.coding import CODED, fits
from bds_tool.protect.policy import Policy, build

if TYPE_CHECKING:
    import polars as pl

SEAL_FILE = "_zegel.json"
VERSION = 1
#: Where an organisation keeps the secret of its seals.
KEY_VARIABLE = "BDS_KEY"
OK, HIDDEN, NO_DATA, TOO_LOW, ROUNDED = "ok", "verborgen", "geen_gegevens", "niet_op_dit_niveau", "afgerond"
SECRET = (HIDDEN, TOO_LOW)
WORDS = {"suppress": {OK, HIDDEN, NO_DATA, TOO_LOW, CODED}, "round": {ROUNDED, HIDDEN}}
#: What a published result says of itself; everything else stays inside.
PUBLIC_META = frozenset(
    [
        "layout",
        "status",
        "created",
        "program",
        "definitions",
        "relations",
        "bds_versions",
        "period",
        "levels",
        "by",
        "area_tables",
        "settings",
        "notes",
        "policy",
        "populations",
        "whole",
        "statuses",
        "method",
        "proven",
        "audit",
        "merged",
        "standardised",
        "unplaced",
    ]
)
#: Cells of a row that only a shown row has.
TOLD = (*FIGURES, "reliability", "method")
#: Cells of a row that tells a class.
OF_CLASS = ("n", "missing", "lower", "upper", "method")
KEY = ("indicator", "area", "period", *BREAKDOWNS)


def public_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata that may leave the house: no sources, no names of files, nothing of single children."""
    kept = {k: v for k, v in meta.items() if k in PUBLIC_META}
    if "area_tables" in kept:
        kept["area_tables"] = {"division": (kept["area_tables"] or {}).get("division")}
    if "created" in kept:
        kept["created"] = str(kept["created"])[:10]
    # How many had no address tells of them what their hidden rows do not.
    kept["notes"] = [n for n in kept.get("notes") or [] if "zonder plaats" not in str(n)]
    return kept


def sealer(facts: Mapping[str, Any]) -> Callable[[Path], None]:
    """What writes the seal of a finished directory; `facts`: policy, relations, ledger, audit."""

    def seal(folder: Path) -> None:
        body = _body(folder, facts)
        text = json.dumps({**body, "seal": _sign(body, _key())}, ensure_ascii=False, indent=2) + "\n"
        (folder / SEAL_FILE).write_text(text, encoding="utf-8")

    return seal


def open_sealed(path: Path | str) -> Result:
    """A protected result that is as `protect` wrote it. Raises WithheldError (exit 4) where anything differs."""
    path = Path(path)
    try:
        result = read_result(path)
    except UnreadableError as error:
        if not (path / SEAL_FILE).is_file():
            raise
        raise WithheldError(
            error.message, error.remedy
        ) from error  # it was sealed, and is no longer what it was
    result.require_protected()
    faults = list(broken(result))
    if faults:
        raise WithheldError(
            t(
                f"{path.name} is niet wat bds protect heeft geschreven: {faults[0]}. Er is niets geschreven.",
                f"{path.name} is not what bds protect wrote: {faults[0]}. Nothing was written.",
            ),
            t(
                "Beveilig het getelde resultaat opnieuw met bds protect.",
                "Protect the counted result again with bds protect.",
            ),
        )
    return result


def broken(result: Result) -> Iterator[str]:
    """What is wrong with a protected result, one text each; nothing when all is as it was written."""
    path = result.path
    yield from _files(path)
    try:
        body = json.loads((path / SEAL_FILE).read_text(encoding="utf-8"))
        sealed = body.pop("seal")
        facts = body["facts"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        yield t("het zegel ontbreekt of is onleesbaar", "the seal is missing or cannot be read")
        return
    expected = _body(path, facts)
    if body != expected:
        yield t(
            "het zegel past niet bij de inhoud: er is iets aan veranderd na het beveiligen",
            "the seal does not fit the content: something was changed after protecting",
        )
        return
    key = _key()
    keyed = isinstance(sealed, dict) and sealed.get("kind") == "hmac-sha256"
    if key and not keyed:
        yield t(
            "het zegel is niet met uw sleutel gemaakt (BDS_KEY)",
            "the seal was not made with your key (BDS_KEY)",
        )
    if (key or not keyed) and sealed != _sign(body, key):
        yield t("het zegel is vals", "the seal is false")
    if facts.get("policy") != _digest(result.meta.get("policy")) or facts.get("relations") != _digest(
        result.meta.get("relations")
    ):
        yield t(
            "het beleid is een ander dan waarmee is beveiligd",
            "the policy is not the one it was protected with",
        )
    if not (facts.get("audit") or {}).get("safe") and result.meta.get("method") != "round":
        yield t("de controle is er niet voor gedaan", "the audit did not pass for it")
    yield from unfit(result, int(facts.get("shown_before") or 0))


def remarks(path: Path) -> list[str]:
    """What the seal of a published result says against it; of layouts before there were seals nothing is known."""
    result = Result(path, json.loads((path / META_FILE).read_text(encoding="utf-8")))
    return list(broken(result)) if result.meta.get("layout") == LAYOUT and result.protected else []


def unfit(result: Result, shown_before: int = 0) -> Iterator[str]:
    """What in the rows themselves may not be published, whatever a seal says.

    `shown_before`: rows that the policy would hide, had an earlier release not shown them.
    """
    import polars as pl
    import pyarrow.parquet as pq

    strange = sorted(set(result.meta) - PUBLIC_META)
    if strange:
        yield t(f"onbekende gegevens: {', '.join(strange)}", f"unknown metadata: {', '.join(strange)}")
    schema = pq.read_schema(result.path / COUNTS_FILE)
    if schema.names != list(COLUMNS) or [f.type for f in schema] != [f.type for f in counts_schema()]:
        yield t("er zijn andere kolommen dan een resultaat heeft", "it has other columns than a result has")
        return
    if schema.metadata or pq.ParquetFile(result.path / COUNTS_FILE).metadata.metadata:
        yield t("er staat meer in het bestand dan rijen", "the file holds more than rows")
    try:
        policy = build(result.meta["policy"])
    except (KeyError, TypeError, ValueError):
        yield t("het beleid ontbreekt", "the policy is missing")
        return
    frame = result.counts().collect()
    words = set(frame["status"].unique().to_list())
    unknown = words - WORDS.get(policy.method, set())
    if unknown:
        yield t("er staan onbekende woorden in status", "status holds unknown words")
    if frame.select(KEY).is_duplicated().any():
        yield t("er zijn rijen dubbel", "there are double rows")
    if not set(frame["level"].unique().to_list()) <= set(LEVELS):
        yield t("er is een onbekend niveau", "there is an unknown level")
    if set(frame["indicator"].unique().to_list()) - set(result.meta.get("definitions") or {}):
        yield t("er is een indicator zonder definitie", "there is an indicator without a definition")
    hidden = frame.filter(pl.col("status").is_in(SECRET))
    filled = [c for c in TOLD if hidden[c].null_count() < hidden.height]
    if filled:
        yield t(f"verborgen rijen tonen {', '.join(filled)}", f"hidden rows show {', '.join(filled)}")
    yield from _classes(frame.filter(pl.col("status") == CODED), policy, result.meta)
    shown = frame.filter(~pl.col("status").is_in(SECRET))
    if any(shown[c].null_count() < shown.height for c in UNPROVEN):
        yield t("er staan getallen die niet zijn beveiligd", "there are figures that were not protected")
    if shown["n"].null_count():
        yield t("getoonde rijen hebben geen noemer", "shown rows have no denominator")
    if policy.method == "suppress":
        count = forbidden(shown, policy, result.meta).height
        if count > shown_before:
            yield t(
                f"{number(count)} rijen tonen wat het beleid verbergt",
                f"{number(count)} rows show what the policy hides",
            )
        yield from _too_low(shown, policy, result.meta)
    wrong = _inconsistent(shown, result.meta)
    if wrong:
        yield t(
            f"in {number(wrong)} rijen kloppen waarde en aantallen niet",
            f"in {number(wrong)} rows value and counts differ",
        )


def _classes(coded: pl.DataFrame, policy: Policy, meta: Mapping[str, Any]) -> Iterator[str]:
    """Rows that tell a class tell nothing else, and one that the policy gives to their denominator."""
    rule = policy.part("coding")
    if not coded.height:
        return
    empty = [c for c in TOLD if c not in (*OF_CLASS, "resident")]
    known = meta.get("definitions") or {}
    good = (
        bool(rule)
        and all(coded[c].null_count() == coded.height for c in empty)
        and all(coded[c].null_count() == 0 for c in OF_CLASS)
        and set(coded["method"].unique().to_list()) == {CODED}
        and not any(policy.sensitive(i, known.get(i) or {}) for i in coded["indicator"].unique().to_list())
        and bool(
            fits(coded["n"].to_numpy(), coded["lower"].to_numpy(), coded["upper"].to_numpy(), rule).all()
        )
    )
    if not good:
        yield t("een klasse is een andere dan het beleid geeft", "a class is another than the policy gives")


def forbidden(shown: pl.DataFrame, policy: Policy, meta: Mapping[str, Any]) -> pl.DataFrame:
    """Shown rows with counts that the policy does not let anybody show; `meta` tells which side of an indicator harms."""
    import polars as pl

    least = pl.col("level").replace_strict(
        {v: policy.denominator_at(v) for v in LEVELS}, default=policy.denominator
    )
    n, x, m = pl.col("n"), pl.col("x"), pl.col("missing").fill_null(0)
    small = (n > 0) & (n < least)
    sides = {i: policy.sides(d) for i, d in (meta.get("definitions") or {}).items()}
    for value, threshold, zero, side in (
        (x, policy.numerator, policy.zeros_shown, 0),
        (n - x, policy.complement, policy.full_shown, 1),
    ):
        low = (n > 0) & (value < threshold) & ~((value == 0) & pl.lit(zero))
        harmless = [i for i, harms in sides.items() if not harms[side]]
        low &= ~pl.col("indicator").is_in(harmless)
        small |= low.fill_null(value=False)
    small |= (n == 0) & (m > 0) & (m < least)
    small |= (n < 0) | (m < 0) | (x < 0).fill_null(value=False) | (x > n).fill_null(value=False)
    return shown.filter(small)


def _too_low(shown: pl.DataFrame, policy: Policy, meta: Mapping[str, Any]) -> Iterator[str]:
    import polars as pl

    lowest = {i: policy.lowest_level(i, d) for i, d in (meta.get("definitions") or {}).items()}
    deeper = [(i, level) for i, low in lowest.items() if low for level in LEVELS[LEVELS.index(low) + 1 :]]
    if deeper:
        below = shown.join(
            pl.DataFrame(deeper, schema=["indicator", "level"], orient="row"),
            on=["indicator", "level"],
            how="semi",
        )
        if below.height:
            yield t(
                "een gevoelige indicator staat op een te laag niveau",
                "a sensitive indicator is at too low a level",
            )


def _inconsistent(shown: pl.DataFrame, meta: Mapping[str, Any]) -> int:
    """Rows whose value is not that of their counts."""
    import polars as pl

    if meta.get("method") == "round":
        return 0
    scale = {i: float(d.get("scale") or 100.0) for i, d in (meta.get("definitions") or {}).items()}
    counted = shown.filter((pl.col("n") > 0) & pl.col("value").is_not_null())
    told = (
        pl.when(pl.col("x").is_null())
        .then(pl.col("sum"))
        .otherwise(pl.col("x") * pl.col("indicator").replace_strict(scale, default=100.0))
    )
    away = (pl.col("value") - told / pl.col("n")).abs() > 1e-6 * pl.max_horizontal(
        pl.lit(1.0), pl.col("value").abs()
    )
    bad = away.fill_null(value=False) | (pl.col("lower") > pl.col("value") + 1e-9).fill_null(value=False)
    bad |= (pl.col("upper") < pl.col("value") - 1e-9).fill_null(value=False)
    return counted.filter(bad).height


def _files(path: Path) -> Iterator[str]:
    names = {p.name for p in path.iterdir()}
    mine = {COUNTS_FILE, META_FILE, SEAL_FILE}
    strange = names - {*mine, MARK}
    if not strange and MARK in names:
        strange = set((path / MARK).read_text(encoding="utf-8", errors="replace").splitlines()) - mine
    if strange:
        yield t("er staat een onbekend bestand in de map", "there is an unknown file in the folder")
    if any(p.is_symlink() or not p.is_file() for p in path.iterdir()):
        yield t("een bestand is een verwijzing naar een ander", "a file is a link to another")


def _body(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema_version": VERSION,
        "facts": dict(facts),
        "files": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in (COUNTS_FILE, META_FILE)
        },
        "rows": _rows_digest(folder / COUNTS_FILE),
    }


def _rows_digest(path: Path) -> str:
    """Over every row in words, so that it holds however the file was packed."""
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        return ""
    digest = hashlib.sha256()
    digest.update("\t".join(frame.columns).encode())
    for part in frame.iter_slices(50_000):
        digest.update(part.write_csv(None, include_header=False, null_value="\\N").encode())
    return digest.hexdigest()


def _sign(body: Mapping[str, Any], key: bytes) -> dict[str, str]:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
    if key:
        return {"kind": "hmac-sha256", "value": hmac.new(key, text, hashlib.sha256).hexdigest()}
    return {"kind": "sha256", "value": hashlib.sha256(text).hexdigest()}


def _key() -> bytes:
    return os.environ.get(KEY_VARIABLE, "").encode()


def _digest(value: Any) -> str:  # noqa: ANN401  # any JSON value
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def seal_facts(
    meta: Mapping[str, Any], *, safe: bool, ledger: str = "", earlier: int = 0, shown_before: int = 0
) -> dict[str, Any]:
    """What a seal vouches for besides the rows."""
    return {
        "program": f"bds {__version__}",
        "policy": _digest(meta.get("policy")),
        "relations": _digest(meta.get("relations")),
        "ledger": ledger,
        "earlier": earlier,
        "shown_before": shown_before,
        "audit": {"safe": safe},
        "status": PROTECTED,
    }
