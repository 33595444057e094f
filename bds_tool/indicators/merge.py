"""Adding up the unprotected results of several organisations, so that data stay where they are.

Only what was counted alike is added: the same definitions (content hash), period, levels, breakdowns, settings and
area division. A child that moved between the organisations is in both results; counts alone cannot tell, so the
result says for which indicators that may happen, and how many dossiers were handed over where that is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bds_tool.base.errors import UnreadableError, UsageError, WithheldError
from bds_tool.base.files import work_dir
from bds_tool.base.small import small_text
from bds_tool.base.text import t
from bds_tool.indicators import flow as flows
from bds_tool.indicators import flow_words
from bds_tool.indicators.cube import Space
from bds_tool.indicators.definitions import CONTACTS
from bds_tool.indicators.output import Sums, write
from bds_tool.indicators.result import (
    BREAKDOWNS,
    LEVELS,
    META_FILE,
    PROTECTED,
    TOTAL,
    UNPROTECTED,
    Result,
    read_result,
    write_result,
)
from bds_tool.indicators.told import DefinitionTold, Doubt, ResultTold

if TYPE_CHECKING:
    import polars as pl

#: Parts of the metadata that must be equal.
ALIKE = ("period", "levels", "by")
#: Views whose rows end with the care of an organisation: a child that left is not counted by the old one.
SINGLE = frozenset({"kindjaar", "fasejaar", "vaccinatie", "vaccinatie_vol"})


def merge(
    paths: Sequence[Path], target: Path, *, replace: bool = False, said: Mapping[str, Any] | None = None
) -> Result:
    """Add up results. `said` comes in place of what the first says of itself.

    Raises UsageError with every difference that makes them not addable.
    """
    if len(paths) < 2:
        raise UsageError(t("Geef minstens twee resultaten.", "Give at least two results."))
    results = [_counted(p) for p in paths]
    problems = differences(results)
    if problems:
        raise UsageError(
            t("Deze resultaten zijn niet op te tellen:", "These results cannot be added up:")
            + "\n  "
            + "\n  ".join(problems),
            t(
                "Bereken ze met dezelfde definities, periode, gebieden en instellingen.",
                "Compute them with the same definitions, period, areas and settings.",
            ),
        )
    added = add_results(results)
    definitions = results[0].meta["definitions"]
    meta = cast("ResultTold", {**results[0].meta, **(said or {})})
    meta["sources"] = [s for r in results for s in (r.meta.get("sources") or [])]
    meta["status"] = UNPROTECTED
    meta["not_delivered"] = [d for r in results for d in r.meta.get("not_delivered") or []]
    meta["flow"], meta["indicator_flow"] = flows.added([r.meta for r in results])
    meta["inside"] = _told([r.meta for r in results], meta["flow"])
    meta["doubt"] = _doubted([r.meta for r in results])
    kept = [k for r in results if (k := _objections_kept(r.meta)) is not None]
    meta["objections_kept"] = kept[0] if kept else None
    meta["empty_areas"] = list(
        dict.fromkeys(tuple(a) for r in results for a in r.meta.get("empty_areas") or [])
    )
    meta.pop("standardised", None)  # rates of one organisation do not add up
    meta["bds_versions"] = sorted({v for r in results for v in (r.meta.get("bds_versions") or [])})
    meta["merged"] = [{"result": r.path.name, "sources": len(r.meta.get("sources") or [])} for r in results]
    meta["notes"] = _notes_together(results) | {"merged": list(_twice(definitions))}
    return write_added(added, meta, target, replace=replace)


def _notes_together(results: Sequence[Result]) -> dict[str, list[str]]:
    """The notes of all, each once; of results whose notes have no name they are kept inside."""
    told: dict[str, dict[str, None]] = {}
    for r in results:
        notes = r.meta.get("notes") or {}
        for name, texts in notes.items() if isinstance(notes, dict) else [("unnamed", notes)]:
            told.setdefault(str(name), {}).update(dict.fromkeys(map(str, texts)))
    return {name: list(texts) for name, texts in told.items()}


def add_results(results: Sequence[Result]) -> pl.DataFrame:
    """The counts of results added up, cell by cell: key, parent, area_name and the columns that add up."""
    import polars as pl

    key = ["indicator", "level", "area", "period", *BREAKDOWNS]
    columns = ["n", "x", "missing", "sum", "sum2", "new", "left_out", "x_with", "not_delivered"]
    frame = pl.concat([r.counts().select(*key, "parent", "area_name", *columns) for r in results]).collect()
    return frame.group_by(key).agg(
        pl.col("parent").first(),
        pl.col("area_name").first(),
        # a sum without any value stays empty: x of a mean, `new` without a change of element
        *(pl.when(pl.col(c).is_not_null().any()).then(pl.col(c).sum()).alias(c) for c in columns),
    )


def write_added(added: pl.DataFrame, meta: ResultTold, target: Path, *, replace: bool = False) -> Result:
    """Added counts as a result, with values, intervals and comparisons worked out anew. `meta`: of the parts."""
    space = _space(added, meta)
    sums = _sums(added, space, meta["definitions"])
    with work_dir(target) as folder:
        file = folder / "counts.parquet"
        write(file, space, sums, reference=str(meta["settings"]["reference"]))
        return write_result(target, file, meta, replace=replace)


def _counted(path: Path) -> Result:
    """An unprotected result. Raises WithheldError (exit 4) for what was protected, also where it says that it was not."""
    sealed = (path / "_zegel.json").exists()
    try:
        result = None if sealed else read_result(path)
    except UnreadableError:
        meta = path / META_FILE
        if not meta.is_file() or PROTECTED not in small_text(meta, errors="replace"):
            raise
        result = None
    if result is None or result.protected or _words(result) - {UNPROTECTED}:
        raise WithheldError(
            t(
                f"{path.name} is al beschermd, of er is iets aan veranderd. Er is niets geschreven.",
                f"{path.name} is protected, or something was changed in it. Nothing was written.",
            ),
            t("Geef resultaten van bds indicator compute.", "Give results of bds indicator compute."),
        )
    return result


def _words(result: Result) -> set[str]:
    return set(result.counts().select("status").unique().collect()["status"])


def differences(results: Sequence[Result]) -> list[str]:
    """What stands in the way of adding up, as texts; empty when nothing does."""
    first = results[0]
    out = []
    hashes = [s["sha256"] for r in results for s in (r.meta.get("sources") or []) if s.get("sha256")]
    if len(hashes) != len(set(hashes)):
        out.append(
            t(
                "hetzelfde bronbestand zit in meer dan één resultaat",
                "the same source file is in more than one result",
            )
        )
    ours: Mapping[str, object] = first.meta
    for r in results[1:]:
        theirs: Mapping[str, object] = r.meta
        mine, other = ({k: d.get("hash") for k, d in x.meta["definitions"].items()} for x in (first, r))
        unlike = sorted(k for k in mine.keys() | other.keys() if mine.get(k) != other.get(k))
        if unlike:
            out.append(
                t(
                    f"{r.path.name}: andere definities van {', '.join(unlike[:5])}",
                    f"{r.path.name}: other definitions of {', '.join(unlike[:5])}",
                )
            )
        out += [
            t(f"{r.path.name}: {part} verschilt", f"{r.path.name}: {part} differs")
            for part in ALIKE
            if theirs[part] != ours[part]
        ]
        if _judged(r.meta) != _judged(first.meta):
            out.append(
                t(
                    f"{r.path.name}: ongeloofwaardige waarden tellen in het ene resultaat niet en in het andere wel",
                    f"{r.path.name}: implausible values do not count in one result and do in the other",
                )
            )
        if (
            None not in (kept := (_objections_kept(first.meta), _objections_kept(r.meta)))
            and len({*kept}) > 1
        ):
            out.append(
                t(
                    f"{r.path.name}: kinderen met een bezwaar tellen in het ene resultaat niet en in het andere wel",
                    f"{r.path.name}: children with an objection do not count in one result and do in the other",
                )
            )
        if r.meta["settings"] != first.meta["settings"]:
            out.append(t(f"{r.path.name}: instellingen verschillen", f"{r.path.name}: settings differ"))
        if r.meta["area_tables"].get("division") != first.meta["area_tables"].get("division"):
            out.append(
                t(f"{r.path.name}: andere gebiedsindeling", f"{r.path.name}: another division of areas")
            )
    return out


def _judged(meta: ResultTold) -> bool:
    return bool((meta.get("doubt") or {}).get("judged"))


def _objections_kept(meta: ResultTold) -> bool | None:
    """Whether children who object count too; of an older result by who was left out, and None where nobody objected."""
    if (said := meta.get("objections_kept")) is not None:
        return bool(said)
    flow = meta.get("flow") or {}
    return not flow.get("objections_left_out") if flow.get("objections") else None


def _doubted(metas: Sequence[ResultTold]) -> Doubt:
    """What was doubted in all of them together."""
    told: list[Doubt] = [m.get("doubt") or {} for m in metas]
    values: dict[str, int] = {}
    for one in told:
        for code, many in (one.get("values") or {}).items():
            values[code] = values.get(code, 0) + many
    files = [one.get("file") for one in told]
    return {
        "judged": _judged(metas[0]),
        "file": files[0] if len(set(files)) == 1 else None,
        "values": dict(sorted(values.items())),
    }


def _told(metas: Sequence[ResultTold], flow: Mapping[str, int | None] | None) -> list[str]:
    """The flow of all together in words, and what else each of them told."""
    if not flow:
        return [n for m in metas for n in m.get("inside") or []]
    own = [n for m in metas for n in m.get("inside") or [] if n not in flow_words.words(m.get("flow") or {})]
    return [*flow_words.words(flow), *own]


def _twice(definitions: Mapping[str, DefinitionTold]) -> list[str]:
    often = sorted(k for k, d in definitions.items() if d.get("view") not in SINGLE)
    return (
        [
            (
                "overgedragen dossiers: indicatoren op een peildatum of leeftijdsgrens tellen een kind alleen bij de "
                "organisatie waar het dan in zorg is (mits de overdracht in 488 is vastgelegd)"
            ),
            f"overgedragen dossiers kunnen dubbel tellen bij: {', '.join(often)}",
        ]
        if often
        else []
    )


def _space(added: Any, meta: ResultTold) -> Space:  # noqa: ANN401
    areas = added.select("level", "area", "parent", "area_name").unique(["level", "area"]).rows()
    places = sorted(areas, key=lambda a: (LEVELS.index(a[0]), a[1]))
    period = meta["period"]
    years = list(range(period["from"], period["to"] + 1))
    yearly, rolling = bool(period.get("yearly", True)), int(period.get("rolling", 0))
    return Space(places, {}, list(meta["by"]), years, yearly, period["label"] or "", rolling)


def _sums(added: Any, space: Space, definitions: Mapping[str, DefinitionTold]) -> Iterator[Sums]:  # noqa: ANN401
    import numpy as np

    number = {(p[0], p[1]): n for n, p in enumerate(space.places)}
    names = {word: n for n, word in enumerate(space.periods) if n or len(space.years) > 1}
    for (indicator,), rows in added.partition_by("indicator", as_dict=True, maintain_order=True).items():
        d = definitions[indicator]
        places = np.array([number[p] for p in zip(rows["level"], rows["area"], strict=True)], dtype=np.int64)
        dims = [_codes(space, name, rows[name].to_list()) for name in space.by]
        keys = space.keys(places, dims, np.array([names[p] for p in rows["period"]], dtype=np.int64))
        order = np.argsort(keys)

        def column(name: str, rows: Any = rows, order: Any = order) -> Any:  # noqa: ANN401
            return rows[name].cast(float).fill_null(0.0).to_numpy()[order]

        n = column("n")
        mean = d["kind"] == "gemiddelde"
        published = {
            str(r["periode"]): (float(r["waarde"]), str(r["bron"])) for r in d.get("published") or ()
        }
        yield Sums(
            indicator,
            d["kind"],
            float(d["scale"]),
            keys[order],
            n + column("missing"),
            n,
            column("x"),
            column("new") if rows["new"].is_not_null().any() else None,
            column("sum") if mean else None,
            column("sum2") if mean else None,
            published,
            **{
                own: column(c) if rows[c].is_not_null().any() else None
                for own, c in (("left", "left_out"), ("with_", "x_with"), ("absent", "not_delivered"))
            },
            contacts=d.get("view") in CONTACTS,
        )


def _codes(space: Space, name: str, words: list[str]) -> Any:  # noqa: ANN401
    import numpy as np

    known = space.values[name]
    known += sorted(set(words) - set(known) - {TOTAL})
    index = {word: n for n, word in enumerate(known)}
    return np.array([index[w] for w in words], dtype=np.int64)
