"""What `bds indicator` prints: a definition, the outcome of a run, and what each indicator left out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base.errors import UsageError
from bds_tool.base.text import plural, t
from bds_tool.cli.render import Format, Output, next_step, table, talk

if TYPE_CHECKING:
    from bds_tool.indicators.result import Result


def sheet(i: Any) -> str:  # noqa: ANN401
    """One definition for people."""
    from bds_tool.indicators.catalogue import note
    from bds_tool.indicators.features import views
    from bds_tool.schema import load, newest

    d = i.data
    known = load(newest()).elementen
    lines = [
        f"{i.id}  {d[t('titel', 'titel_en')]}",
        "",
        f"  {t('thema', 'theme')}          {d['thema']}",
        f"  {t('soort', 'kind')}          {i.kind} ({d['eenheid']})",
        f"  {t('één rij is', 'one row is')}     {views()[i.view].row}  [view {i.view}]",
        f"  {t('populatie', 'population')}      {i.population}",
        f"  {t('noemer n', 'denominator')}       {i.denominator}",
        f"  {t('teller x', 'numerator')}       {i.value or i.numerator}",
        f"  {t('jaar en adres', 'year, address')}  {i.day}",
        f"  {t('elementen', 'elements')}      "
        + ", ".join(f"{n} {known[n].naam if n in known else ''}".strip() for n in i.bds_elements()),
        f"  BDS            {i.versions}",
        f"  {t('uitsplitsing', 'breakdowns')}   {', '.join(d['uitsplitsingen'])}",
        f"  {t('richting', 'polarity')}       {d['polariteit']}",
        f"  {t('gevoeligheid', 'sensitivity')}   {d['gevoeligheid']}",
        f"  {t('bron', 'source')}           {d['bron']}",
        f"  {t('zekerheid', 'certainty')}      {d['zekerheid']}",
        f"  hash           {i.hash}",
    ]
    lines += [
        f"  {t('trendbreuk', 'break')}     {b['versie']}: {note(b['toelichting'])}"
        for b in d.get("trendbreuk", ())
    ]
    lines += [f"  {t('let op', 'caveat')}         {note(c)}" for c in d.get("let_op", ())]
    return "\n".join(lines)


def summary(result: Result) -> None:
    """What was counted, and the notes, on the screen."""
    import polars as pl

    from bds_tool.indicators.result import notes_of

    counts = result.counts()
    many = len(result.meta["definitions"])
    rows, areas = counts.select(pl.len(), pl.struct("level", "area").n_unique().alias("a")).collect().row(0)
    talk(
        t(
            f"{result.path}: {plural(rows, 'rij', 'rijen')}, {plural(many, 'indicator', 'indicatoren')}, {plural(areas, 'gebied', 'gebieden')}, "
            f"periode {result.meta['period']['label']}. Status: onbeschermd.",
            f"{result.path}: {plural(rows, 'row', 'rows')}, {plural(many, 'indicator', 'indicators')}, {plural(areas, 'area', 'areas')}, "
            f"period {result.meta['period']['label']}. Status: unprotected.",
        )
    )
    if found := result.meta.get("standardised"):
        talk(
            t(
                f"  {found['file']}: {found['method']}. Onbeschermd: na bds protect maakt bds report table --standardise ze uit wat getoond mag worden.",
                f"  {found['file']}: {found['method']}. Unprotected: after bds protect, bds report table --standardise makes them from what may be shown.",
            )
        )
    for note in [*notes_of(result.meta), *result.meta.get("inside", [])]:
        talk(f"  {note}")
    path = Path(result.path)
    next_step("bds", "protect", "run", path, "--output", path.with_name(f"{path.stem}-veilig.result"))


def flow(
    result: Annotated[Path, typer.Argument(help="Geteld of beschermd resultaat (NAAM.result).")],
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Per indicator van gelezen dossiers tot noemer en teller: wie viel waarom weg. Beschermd: afgerond."""
    from bds_tool.indicators import flow_words
    from bds_tool.indicators.result import read_result

    found = read_result(result)
    if found.protected:
        _published(result, format_, output)
        return
    rows = found.meta.get("indicator_flow")
    if not rows:
        raise _no_flow(result)
    table(
        [[row[c] for c in flow_words.COLUMNS] for row in rows],
        tuple(t(*words) for words in flow_words.COLUMNS.values()),
        format_,
        output,
    )
    talk(
        t(
            "Over alle gebieden en jaren samen; telt u meer jaren, dan telt een kind elk jaar. Publiceer deze tabel niet: "
            "geef bds indicator flow het beschermde resultaat.",
            "Over all areas and years; with more years a child counts in each. Do not publish this table: give "
            "bds indicator flow the protected result.",
        )
    )


def _published(result: Path, format_: str, output: Path | None) -> None:
    from bds_tool.export.report import left_out
    from bds_tool.export.report.book import open_book

    book = open_book(result)
    header, lines = left_out.per_indicator(book)
    if not lines:
        raise _no_flow(result)
    table([list(line) for line in lines], tuple(header), format_, output)
    talk(left_out.about(book))


def _no_flow(result: Path) -> UsageError:
    return UsageError(
        t(
            f"{result.name} zegt niet wat er is weggelaten.",
            f"{result.name} does not tell what was left out.",
        ),
        t(
            "Tel (en beveilig) het opnieuw met deze versie van bds.",
            "Count (and protect) it again with this version of bds.",
        ),
    )
