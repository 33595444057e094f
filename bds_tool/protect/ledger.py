"""The release ledger: what was published before, so that a new release gives away nothing together with it.

A ledger is a directory: `_ledger.json` lists the releases in order, `<number>.result/` holds each as published.
It holds nothing that is not public. Rules for a new release:

- a row shown before (same indicator, area, period, breakdown) is known to the attacker: it shields nothing, and
  no proof is sought for it;
- a row hidden before stays hidden, for showing it could give away what it shielded;
- where an earlier release has periods that the new one lacks, its rows are no part of the new proof. So that proof takes all
  of them for known (what is proven without them holds with them), and a total over periods is hidden wherever it would add
  an equation about years that are hidden;
- a shown number that has changed since (a correction) is refused: the difference is about the children corrected;
- other areas than before, of the same years, are refused: the difference is about the children in between.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from bds_tool.base import clock, guard
from bds_tool.base.errors import MALFORMED, UnreadableError, UsageError, WithheldError
from bds_tool.base.files import atomic_dir, atomic_file
from bds_tool.base.leftovers import deserted, owner
from bds_tool.base.names import child
from bds_tool.base.refusals import cannot_write
from bds_tool.base.small import own_text, small_text
from bds_tool.base.text import number, t
from bds_tool.indicators.result import COUNTS_FILE, META_FILE, PROTECTED, Result, read_result
from bds_tool.protect.coding import CODED
from bds_tool.protect.divisions import same_areas

if TYPE_CHECKING:
    import polars as pl

LEDGER_FILE = "_ledger.json"
KEY = ["area", "period", "sex", "education", "age", "origin", "mother_age"]
HIDDEN = ("verborgen", "niet_op_dit_niveau")
#: Layouts of results published by an earlier bds. What was published stays published, so they count as any other;
#: in a breakdown they lack, every row is a total.
OLDER_LAYOUTS = {1, 2}


class ReleaseFacts(TypedDict):
    """What the ledger tells of a release; a ledger of an earlier bds has no digest of the entry before."""

    number: int
    added: str
    sha256: str
    policy: str
    period: object
    name: str
    definitions: dict[str, str | None]
    division: str | None
    note: str
    previous: NotRequired[str]


@dataclass(frozen=True)
class Release:
    """One entry: number, when, the policy, hash per definition, the division, and the sha256 of the entry before it."""

    number: int
    path: Path
    facts: ReleaseFacts


class Ledger:
    """The releases in one directory; `open` makes an empty one when there is none yet."""

    def __init__(self, path: Path, releases: list[Release]) -> None:
        self.path, self.releases = path, releases

    @classmethod
    def open(cls, path: Path) -> Ledger:
        """Raises UnreadableError when the directory is something else, or a release in it was changed."""
        if not path.exists():
            return cls(path, [])
        try:
            entries = json.loads(small_text(path / LEDGER_FILE))["releases"]
        except MALFORMED as error:
            raise UnreadableError(
                t(f"{path} is geen register van uitgaven.", f"{path} is no release ledger."),
                t(
                    "Geef een map die bds protect --ledger heeft gemaakt.",
                    "Give a directory made by bds protect --ledger.",
                ),
            ) from error
        releases = [
            Release(int(e["number"]), child(path, str(int(e["number"])), ".result"), e) for e in entries
        ]
        _same_history(path, releases)
        for release in releases:
            if _fingerprint(release.path) != release.facts["sha256"]:
                raise UnreadableError(
                    t(
                        f"Uitgave {release.number} in {path.name} is veranderd of ontbreekt.",
                        f"Release {release.number} in {path.name} was changed or is missing.",
                    ),
                    t("Zet de map terug uit een reservekopie.", "Restore the directory from a backup."),
                )
        return cls(path, releases)

    def state(self) -> str:
        """What tells one state of the ledger from another."""
        return hashlib.sha256("".join(str(r.facts["sha256"]) for r in self.releases).encode()).hexdigest()

    def paths(self) -> list[Path]:
        return [r.path for r in self.releases]

    def add(self, published: Path, meta: Mapping[str, Any], note: str = "") -> Release:
        """Add a published result; the copy is what later releases are audited with."""
        this = 1 + max((r.number for r in self.releases), default=0)
        target, made = child(self.path, str(this), ".result"), not self.path.exists()
        try:
            # What stands there and is on no list is of a run that was killed.
            with atomic_dir(target, replace=True) as folder:
                shutil.copytree(published, folder, dirs_exist_ok=True)
            release = Release(this, target, self._facts(this, target, published, meta, note))
            text = json.dumps(
                {"schema_version": 1, "releases": [dict(r.facts) for r in (*self.releases, release)]},
                ensure_ascii=False,
                indent=2,
            )
            with atomic_file(self.path / LEDGER_FILE, own=True) as temporary:
                temporary.write_text(text + "\n", encoding="utf-8")
        except BaseException:
            shutil.rmtree(self.path if made else target, ignore_errors=True)
            raise
        self.releases.append(release)
        return release

    def _facts(
        self, this: int, target: Path, published: Path, meta: Mapping[str, Any], note: str
    ) -> ReleaseFacts:
        definitions = meta.get("definitions") or {}
        return {
            "number": this,
            "added": clock.now().isoformat(timespec="seconds"),
            "sha256": _fingerprint(target),
            "policy": (meta.get("policy") or {}).get("id", ""),
            "period": meta.get("period"),
            "name": published.name,
            "definitions": {k: v.get("hash") for k, v in definitions.items()},
            "division": (meta.get("area_tables") or {}).get("division"),
            "note": note,
            "previous": _digest(self.releases[-1].facts) if self.releases else "",
        }

    def history(self, definitions: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """Rows of earlier releases, of these indicators or of all: indicator, KEY, whether shown, n, x, missing."""
        import polars as pl

        parts = []
        if any(read_released(r.path).meta.get("method") == "round" for r in self.releases):
            raise other_kind()
        for release in self.releases:
            # The children are the same, whatever became of the definition: its hash links nothing and parts nothing.
            same = [k for k in release.facts["definitions"] if definitions is None or k in definitions]
            frame = pl.read_parquet(release.path / "counts.parquet").filter(pl.col("indicator").is_in(same))
            frame = frame.with_columns(pl.lit("totaal").alias(c) for c in KEY if c not in frame.columns)
            parts.append(
                frame.select(
                    "indicator",
                    "level",
                    *KEY,
                    (~pl.col("status").is_in([*HIDDEN, CODED])).alias("shown"),
                    (pl.col("status") == CODED).alias("coded"),
                    "n",
                    "x",
                    "missing",
                    "lower",
                    "upper",
                    pl.lit(release.number).alias("release"),
                )
            )
        if not parts:
            return pl.DataFrame()
        return pl.concat(parts)


@contextmanager
def held(path: Path | None) -> Iterator[None]:
    """The ledger is of this process alone while the block runs. Raises UsageError when another has it."""
    if path is None:
        yield
        return
    guard.check(path)
    lock = path.with_name(path.name + ".bezig")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if deserted(lock):
            lock.unlink(missing_ok=True)
        with lock.open("x", encoding="ascii") as made:
            made.write(owner())
    except FileExistsError:
        raise UsageError(
            t(
                f"Een ander is bezig met {path.name}. Er is niets geschreven.",
                f"Another is at work on {path.name}. Nothing was written.",
            ),
            t(
                f"Wacht tot die klaar is. Loopt er niets meer, verwijder dan {lock.name}.",
                f"Wait until it is done. If nothing runs any more, remove {lock.name}.",
            ),
        ) from None
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield
    finally:
        with suppress(OSError):  # who comes next is told how to take it away
            lock.unlink(missing_ok=True)


def other_kind() -> WithheldError:
    """Why rounded and exact figures about the same children cannot both be published."""
    return WithheldError(
        t(
            "Afgeronde cijfers naast precieze zeggen van een verborgen aantal hoe groot het ongeveer is. Er is niets geschreven.",
            "Rounded figures beside exact ones tell about how large a hidden count is. Nothing was written.",
        ),
        t(
            "Houd het beleid van de eerdere uitgaven, of begin met nieuwe jaren een nieuw register.",
            "Keep the policy of the earlier releases, or start a new ledger with new years.",
        ),
    )


def _digest(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(dict(facts), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _same_history(path: Path, releases: list[Release]) -> None:
    """Raises UnreadableError when an entry was changed, or taken out, after a later one was added."""
    for before, this in pairwise(releases):
        # Entries of an earlier bds do not name the one before them.
        if this.facts.get("previous", _digest(before.facts)) != _digest(before.facts):
            raise UnreadableError(
                t(
                    f"De geschiedenis in {path.name} klopt niet meer: wat voor uitgave {this.number} staat, is veranderd.",
                    f"The history in {path.name} no longer holds: what is before release {this.number} was changed.",
                ),
                t("Zet de map terug uit een reservekopie.", "Restore the directory from a backup."),
            )
    if releases and releases[0].facts.get("previous"):
        raise UnreadableError(
            t(
                f"De geschiedenis in {path.name} begint niet bij het begin.",
                f"The history in {path.name} does not begin at its beginning.",
            ),
            t("Zet de map terug uit een reservekopie.", "Restore the directory from a backup."),
        )


def read_released(path: Path) -> Result:
    """A result published before, in the present layout or an older one. Raises as `read_result`."""
    try:
        meta = json.loads(own_text(path / META_FILE))
    except (OSError, ValueError):
        return read_result(path)
    old = isinstance(meta, dict) and meta.get("layout") in OLDER_LAYOUTS and (path / COUNTS_FILE).is_file()
    return Result(path, meta) if old and meta.get("status") == PROTECTED else read_result(path)


@dataclass(frozen=True)
class Bonds:
    """What earlier releases ask of the rows of a new one (positions in its frame).

    `shown`: taken for known, so no proof is sought and nothing moves; `hidden`: hidden whatever is chosen; `frozen`: of
    `shown`, those that were hidden and stay so. A row that told a class tells the same one.
    """

    shown: pl.Series
    hidden: pl.Series
    frozen: pl.Series
    #: Bounds (%) of the class that a row told before; null where it told none.
    low: pl.Series
    high: pl.Series


def bind(ledger: Ledger, frame: pl.DataFrame, meta: Mapping[str, Any]) -> Bonds:
    """Hold a new result against the ledger. Raises WithheldError for corrections and changed areas."""
    import polars as pl

    nothing = pl.Series([False] * frame.height)
    same_areas(ledger.history(), frame)
    history = ledger.history(meta.get("definitions") or {})
    if not history.height:
        return Bonds(nothing, nothing, nothing, *[pl.Series([None] * frame.height, dtype=pl.Float64)] * 2)
    latest = history.group_by("indicator", *KEY).agg(
        pl.col("shown").any(),
        pl.col("coded").any(),
        *(pl.col(c).filter("shown").last().alias(f"_{c}") for c in ("n", "x", "missing")),
        *(pl.col(c).filter("coded").last().alias(f"_c{c}") for c in ("n", "missing", "lower", "upper")),
    )
    joined = frame.join(latest, on=["indicator", *KEY], how="left", nulls_equal=True, maintain_order="left")
    differs = pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"_{c}")) for c in ("n", "x", "missing"))
    share = 100 * pl.col("x") / pl.col("n")
    moved = (pl.col("n") != pl.col("_cn")) | (pl.col("missing") != pl.col("_cmissing"))
    moved |= (share < pl.col("_clower") - 1e-9) | (share > pl.col("_cupper") + 1e-9)
    moved &= pl.col("coded") & ~pl.col("shown")
    changed = joined.filter(((pl.col("shown") & differs) | moved).fill_null(value=False))
    corrected = changed.height
    if corrected:
        _same_definitions(ledger, changed["indicator"].unique().sort().to_list(), meta)
        raise WithheldError(
            t(
                f"{number(corrected)} aantallen die eerder zijn gepubliceerd, zijn nu anders. Het verschil gaat over enkele kinderen. "
                "Er is niets geschreven.",
                f"{number(corrected)} counts that were published before are different now. The difference is about a few children. "
                "Nothing was written.",
            ),
            t(
                "Publiceer over dezelfde jaren uit dezelfde bevroren gegevens, of alleen nieuwe jaren (--period), zonder totaal over "
                "jaren die al zijn gepubliceerd.",
                "Publish the same years from the same frozen data, or new years only (--period), without a total over years that "
                "were published before.",
            ),
        )
    shown, hidden = joined["shown"].fill_null(value=False), (~joined["shown"]).fill_null(value=False)
    now = set(frame["period"].unique())
    apart = history.filter(~pl.col("period").is_in(list(now)))["indicator"].unique()
    alone = joined["indicator"].is_in(apart.implode())
    frozen = hidden & alone
    totals = _totals(joined.with_columns(_hid=hidden), history) & alone & ~shown & ~hidden
    classes = (pl.when(~pl.col("shown")).then(pl.col(c)).alias(c) for c in ("_clower", "_cupper"))
    low, high = joined.select(*classes).get_columns()
    return Bonds(shown | frozen, (hidden & ~alone) | totals, frozen, low, high)


def _totals(joined: pl.DataFrame, history: pl.DataFrame) -> pl.Series:
    """New totals over periods that would tell of years hidden before: those not all in a total that was shown itself."""
    import polars as pl

    key = ["indicator", "area", *KEY[2:]]
    told = pl.Series([False] * joined.height)
    secret = joined.filter("_hid", ~pl.col("period").str.contains("-")).select(*key, _year="period")
    before = history.filter(pl.col("shown"), pl.col("period").str.contains("-"))
    for period in (p for p in joined["period"].unique() if "-" in p):
        first, last = period.split("-")
        open_ = secret.filter(pl.col("_year").is_between(pl.lit(first), pl.lit(last)))
        for inner in before["period"].unique().to_list():
            start, stop = inner.split("-")
            if first <= start and stop <= last:
                # What it holds of these years, everybody knows already.
                same = before.filter(pl.col("period") == inner).select(key).unique()
                inside = pl.col("_year").is_between(pl.lit(start), pl.lit(stop))
                covered = open_.filter(inside).join(same, on=key, how="semi", nulls_equal=True)
                open_ = open_.join(covered, on=[*key, "_year"], how="anti", nulls_equal=True)
        mine = joined.join(open_.select(key).unique().with_columns(_o=pl.lit(value=True)), on=key, how="left",
                           nulls_equal=True, maintain_order="left")  # fmt: skip
        told = told | (mine["_o"].fill_null(value=False) & (joined["period"] == period))
    return told


def _same_definitions(ledger: Ledger, names: list[str], meta: Mapping[str, Any]) -> None:
    """Raises WithheldError when counts differ for their definition, or a table it reads, is another now."""
    now = {k: (meta.get("definitions") or {}).get(k, {}).get("hash") for k in names}
    other = [
        k
        for k in names
        if all(r.facts["definitions"][k] != now[k] for r in ledger.releases if k in r.facts["definitions"])
    ]
    if other:
        raise WithheldError(
            t(
                f"De definitie van {', '.join(other)}, of een tabel die ze leest, is veranderd sinds een eerdere uitgave, en de "
                "aantallen verschillen. Het verschil kan over enkele kinderen gaan. Er is niets geschreven.",
                f"The definition of {', '.join(other)}, or a table it reads, changed since an earlier release, and the counts "
                "differ. The difference can be about a few children. Nothing was written.",
            ),
            t(
                "Publiceer met de definitie van toen (--specs), of alleen nieuwe jaren (--period).",
                "Publish with the definition of then (--specs), or new years only (--period).",
            ),
        )


def _fingerprint(path: Path) -> str:
    """sha256 over the files of a result, in order of name."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.glob("*") if p.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
