"""The whole check of a change package: its definition side, its examples, and its weight in a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from bds_tool.base.specs import specs_dir
from bds_tool.base.text import t
from bds_tool.changes.check import check_definition_side, context, definition_side
from bds_tool.changes.check_parts import part_findings
from bds_tool.changes.context import Context
from bds_tool.changes.findings import Bevinding, bevinding
from bds_tool.changes.fragment import problems, unfilled
from bds_tool.changes.impact import leaving, undeclared
from bds_tool.changes.plan import Plan, compile_plan
from bds_tool.schema.units import read_factor

if TYPE_CHECKING:
    from bds_tool.changes.migrate.examples import Run
    from bds_tool.changes.package import Pakket, Rij, Voorbeeld, Wijziging
    from bds_tool.store.store import Store

#: Counts below this are shown as "<10" and not as a number.
SMALL = 10


@dataclass
class Weight:
    """How often an element that the package changes occurs in a store; None where the count is small."""

    bdsnummer: int
    soorten: tuple[str, ...]
    waarden: int | None
    dossiers: int | None
    aandeel: float | None


@dataclass
class CheckResult:
    """Findings on a package, and its weight in a store when one was given."""

    pakket: Pakket
    bevindingen: list[Bevinding]
    gewicht: list[Weight] = field(default_factory=list)
    rijen: int | None = None


def check(pakket: Pakket, data: Store | None = None) -> CheckResult:
    """All findings on a package. `data` adds how many dossiers and values its changes touch."""
    c, unsound = context(pakket)
    found = [*unsound, *definition_side(c)]
    if not unsound:
        found += example_findings(c)
        if c.concept:
            found += undeclared(pakket, leaving(pakket))
            found += part_findings(c)
    result = CheckResult(pakket, sorted(found, key=_order))
    if data is not None:
        result.gewicht, result.rijen = _weights(pakket, data)
    return result


def _order(b: Bevinding) -> tuple[int, str, str, str]:
    return (("fout", "waarschuwing", "info").index(b.severity), b.code, *b.onderwerp)


# -- examples ----------------------------------------------------------------------------------------------------


def example_findings(c: Context) -> Iterator[Bevinding]:
    """Every fragment must be right before, migrate to what the package says, be right after, and come back."""
    listed = [
        (v.jgz, n, x) for v in c.pakket.verzoeken.values() for n, x in enumerate(v.voorbeelden, start=1)
    ]
    runs = _runs(c, tuple(x for _, _, x in listed))
    for (jgz, number, x), run in zip(listed, runs, strict=True):
        yield from _example(c, jgz, number, x, run)
    yield from _silent(c, [(jgz, x, run) for (jgz, _, x), run in zip(listed, runs, strict=True) if run])


def _silent(c: Context, ran: list[tuple[str, Voorbeeld, Run]]) -> Iterator[Bevinding]:
    """Conversions that make or move a value and do so in none of the examples of their own requests."""
    for w in c.pakket.wijzigingen:
        for forward in (True, False):
            o = w.richting(forward)
            if o is None or o.doe not in {"afleiden", "verplaats"}:
                continue
            made = w.nummer if o.doe == "afleiden" else o.element
            own = [(x, run) for jgz, x, run in ran if jgz in w.jgz and (x.richting == "heen") == forward]
            # Without an example in this direction another finding asks for one.
            if own and not any(_count(run.na, made) > _count(x.voor, made) for x, run in own):
                yield bevinding(
                    "WIJZ968", w.id, {"richting": t("heen", "forward") if forward else t("terug", "back")}
                )


def _count(rows: tuple[Rij, ...], number: int | None) -> int:
    return sum(r.get("bdsnummer") == number for r in rows)


def _example(c: Context, jgz: str, number: int, x: Voorbeeld, run: Run | None) -> Iterator[Bevinding]:
    from bds_tool.changes.migrate.examples import same

    source, target = c.side(x.richting == "heen")
    subject = ("verzoek", jgz)
    holes = unfilled(x.voor) + unfilled(x.na)
    if holes:
        yield bevinding(
            "WIJZ965", subject, {"nummer": number, "rijen": ", ".join(map(str, sorted(set(holes))))}
        )
        return
    yield from _against(c, jgz, number, x)
    wrong = problems(x.voor, source)
    if wrong:
        yield bevinding(
            "WIJZ961", subject, {"nummer": number, "versie": source.version, "waarom": "; ".join(wrong[:3])}
        )
    if run is None:
        return
    if not same(run.na, x.na):
        yield _odd("WIJZ963", c, jgz, number, run.na, x.na)
    wrong = problems(x.na, target)
    if wrong:
        yield bevinding(
            "WIJZ962", subject, {"nummer": number, "versie": target.version, "waarom": "; ".join(wrong[:3])}
        )
    expected = x.voor if x.weerom is None else x.weerom
    if not same(run.weerom, expected):
        yield _odd("WIJZ964", c, jgz, number, run.weerom, expected)
    elif x.weerom is not None and not _declared(c, jgz):
        yield _odd("WIJZ964", c, jgz, number, x.weerom, x.voor)


def _declared(c: Context, jgz: str) -> bool:
    """Whether a change of the request admits a loss, so that the way back may differ."""
    return any(o is not None and o.verlies for w in c.pakket.of(jgz) for o in (w.heen, w.terug))


def _against(c: Context, jgz: str, number: int, x: Voorbeeld) -> Iterator[Bevinding]:
    """A fragment in the new version that still uses what the package takes out."""
    rows = x.voor if x.richting == "terug" else x.na
    used = {r.get("bdsnummer") for r in rows}
    for w in c.pakket.wijzigingen:
        if (
            w.soort == "element-vervallen"
            and w.nummer in used
            and w.heen is not None
            and w.heen.doe != "behoud"
        ):
            yield bevinding("WIJZ967", w.id, {"nummer": number, "verzoek": jgz, "versie": c.pakket.naar})


def _odd(
    code: str, c: Context, jgz: str, number: int, left: tuple[Rij, ...], right: tuple[Rij, ...]
) -> Bevinding:
    """Which elements differ, by number and never by value, and the changes of the request they belong to."""
    numbers = _differing(left, right)
    changes = tuple(w.id for w in c.pakket.of(jgz) if w.nummer in numbers or _uses(c, w.lijst, numbers))
    shown = ", ".join(map(str, sorted(numbers))) or "—"
    facts = {"nummer": number, "elementen": shown, "verschil": _difference(left, right)}
    return bevinding(code, ("verzoek", jgz), facts, betreft=changes)


def _difference(got: tuple[Rij, ...], expected: tuple[Rij, ...]) -> str:
    """What was expected and what came, for the first rows that differ. Examples are made up: their values may be read."""

    def only(here: tuple[Rij, ...], there: tuple[Rij, ...]) -> list[Rij]:
        left = [_key(r) for r in there]
        found = []
        for r in here:
            if _key(r) in left:
                left.remove(_key(r))
            else:
                found.append(r)
        return found

    parts = []
    for word, rows in (
        (t("verwacht", "expected"), only(expected, got)),
        (t("gekregen", "got"), only(got, expected)),
    ):
        shown = ["{" + ", ".join(f"{k}: {v}" for k, v in r.items() if k != "pad") + "}" for r in rows[:2]]
        more = f" (+{len(rows) - 2})" if len(rows) > 2 else ""
        parts.append(f"{word}: {', '.join(shown) or '—'}{more}")
    return "; ".join(parts)


def _uses(c: Context, lijst: tuple[str, str] | None, numbers: set[int]) -> bool:
    return lijst is not None and not numbers.isdisjoint(c.using.get(lijst[0], ()))


def _differing(left: tuple[Rij, ...], right: tuple[Rij, ...]) -> set[int]:
    """The elements of rows that only one side has; a sheltered value counts as the element it was."""

    def bag(rows: tuple[Rij, ...]) -> dict[str, int]:
        counts: dict[str, int] = {}
        for r in rows:
            counts[_key(r)] = counts.get(_key(r), 0) + 1
        return counts

    a, b = bag(left), bag(right)
    found: set[int] = set()
    for rows in (left, right):
        sheltered = {r.get("volgnr"): str(r.get("waarde")) for r in rows if r.get("bdsnummer") == 1332}
        for r in rows:
            if a.get(_key(r), 0) != b.get(_key(r), 0) and r.get("bdsnummer") is not None:
                was = sheltered.get(r.get("volgnr"), "") if r.get("groep") == "G083" else ""
                found.add(int(was) if was.isdecimal() else int(r.get("bdsnummer") or 0))
    return found


def _key(r: Rij) -> str:
    return str(sorted((k, str(v)) for k, v in r.items() if k != "pad"))


def _runs(c: Context, examples: tuple[Voorbeeld, ...]) -> list[Run | None]:
    """Running is the slow part, and what it gives depends on conversions and examples alone."""
    if not examples:
        return []
    p = c.pakket
    parts = (
        tuple((w.id, w.heen, w.terug, w.velden) for w in p.wijzigingen if w.tabel in {"element", "code"}),
        p.regels,
    )
    key = repr((p.van, p.naar, parts, examples))
    return list(_run_cached(key, _Late(c, examples), str(specs_dir())))


class _Late:
    """What a cached run needs, without being part of its key."""

    def __init__(self, c: Context, examples: tuple[Voorbeeld, ...]) -> None:
        self.context, self.examples = c, examples

    def __hash__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Late)


@lru_cache(maxsize=64)
def _run_cached(key: str, late: _Late, specs: str) -> tuple[Run | None, ...]:
    del key, specs
    from bds_tool.changes.migrate.examples import run_examples

    c = late.context
    plans = [compile_plan(c.pakket, c.oud, c.nieuw, forward=f) for f in (True, False)]
    if any(_broken(plan) for plan in plans):
        return (None,) * len(late.examples)
    return tuple(run_examples(plans[0], plans[1], late.examples))


def _broken(plan: Plan) -> bool:
    """A plan that refers to what is not there; the check of conversions says so, and running it would not help."""
    unknown = any(r.bdsnummer not in plan.nieuw.elementen for r in plan.afleiden)
    return unknown or any(r.doe == "reken" and not _computes(r.factor) for r in plan.elementen.values())


def _computes(factor: str) -> bool:
    try:
        return read_factor(factor) > 0
    except ValueError:
        return False


# -- weight in a store -------------------------------------------------------------------------------------------


def _weights(pakket: Pakket, data: Store) -> tuple[list[Weight], int]:
    """Values and dossiers per changed element, for changes that do something to values."""
    import polars as pl

    from bds_tool.changes.plan import users
    from bds_tool.schema import load

    rows = data.registraties()
    using = users(load(pakket.van))
    whole, kinds = _touched(pakket, using)
    codes = pl.DataFrame(sorted(whole[1]), schema={"bdsnummer": pl.Int32, "waarde": pl.String}, orient="row")
    numbers = sorted(whole[0])
    touched = pl.concat([
        rows.filter(pl.col("bdsnummer").is_in(numbers)).select("bron", "dossier_id", "bdsnummer"),
        rows.filter(~pl.col("bdsnummer").is_in(numbers))
        .join(codes.lazy(), on=["bdsnummer", "waarde"], how="inner")
        .select("bron", "dossier_id", "bdsnummer"),
    ])  # fmt: skip
    counts = touched.group_by("bdsnummer").agg(
        waarden=pl.len(), dossiers=pl.struct("bron", "dossier_id").n_unique()
    )
    total = int(rows.select(pl.len()).collect().item())
    everyone = int(rows.select(pl.struct("bron", "dossier_id").n_unique()).collect().item())
    result = []
    for row in counts.sort("dossiers", descending=True).collect().iter_rows(named=True):
        small = row["dossiers"] < SMALL
        result.append(
            Weight(
                row["bdsnummer"],
                tuple(sorted(kinds.get(row["bdsnummer"], ()))),
                None if small else row["waarden"],
                None if small else row["dossiers"],
                None if small else row["dossiers"] / everyone,
            )
        )
    return result, total


def _touched(
    pakket: Pakket, using: dict[str, tuple[int, ...]]
) -> tuple[tuple[set[int], set[tuple[int, str]]], dict[int, set[str]]]:
    """Elements that change as a whole, (element, code) pairs that change, and the kinds of change by element."""
    numbers: set[int] = set()
    pairs: set[tuple[int, str]] = set()
    kinds: dict[int, set[str]] = {}
    for w in pakket.wijzigingen:
        if w.heen is None or w.heen.doe in {"behoud", "herstel", "uit-tekst"}:
            continue
        if w.nummer is not None:
            numbers.add(w.nummer)
            kinds.setdefault(w.nummer, set()).add(w.soort)
        elif w.lijst is not None and w.code is not None:
            for number in using.get(w.lijst[0], ()):
                pairs.add((number, w.code))
                kinds.setdefault(number, set()).add(w.soort)
    return (numbers, pairs), kinds


def with_examples(pakket: Pakket, changes: list[Wijziging]) -> Pakket:
    """The package with an example for each of the given changes that needs one and has none, run once to fill it in."""
    from dataclasses import replace

    from bds_tool.changes.coverage import sample_examples
    from bds_tool.changes.migrate.examples import fill

    c, problem = context(pakket)
    if problem:
        return pakket
    lacking = {b.onderwerp for b in check_definition_side(pakket) if b.code == "WIJZ909"}
    wanted = tuple(w for w in changes if w.id in lacking)
    made = sample_examples(replace(pakket, wijzigingen=wanted), c.oud, c.nieuw)
    plans = [compile_plan(pakket, c.oud, c.nieuw, forward=f) for f in (True, False)]
    requests = dict(pakket.verzoeken)
    for jgz, examples in made.items():
        if examples:
            filled = fill(plans[0], plans[1], examples)
            requests[jgz] = replace(requests[jgz], voorbeelden=(*requests[jgz].voorbeelden, *filled))
    return replace(pakket, verzoeken=requests)


def verdict(result: CheckResult) -> str:
    """One line: what the check found and what class the package has."""
    n = {s: sum(b.severity == s for b in result.bevindingen) for s in ("fout", "waarschuwing", "info")}
    p = result.pakket
    return t(
        f"{p.naam}: {n['fout']} fout(en), {n['waarschuwing']} waarschuwing(en), {n['info']} opmerking(en); "
        f"{len(p.wijzigingen)} wijzigingen, {len(p.verzoeken)} verzoeken; heen {p.klasse_heen}, terug {p.klasse_terug}.",
        f"{p.naam}: {n['fout']} error(s), {n['waarschuwing']} warning(s), {n['info']} remark(s); "
        f"{len(p.wijzigingen)} changes, {len(p.verzoeken)} requests; forward {p.klasse_heen}, back {p.klasse_terug}.",
    )
