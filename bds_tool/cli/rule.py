"""`bds rule`: what a rule checks, why, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base.text import t
from bds_tool.cli.project import project
from bds_tool.cli.render import Output, one_of, table, to_json, write

if TYPE_CHECKING:
    from bds_tool.findings.catalogue import Catalogue, Rule


def register(app: typer.Typer) -> None:
    app.command("rule")(rule)


def rule(
    code: Annotated[
        str, typer.Argument(help="Code of naam: BDS203, 203 of waarde-niet-in-lijst; zonder: alle regels.")
    ] = "",
    format_: Annotated[
        str,
        typer.Option(
            "--format", "-f", help="text, json, ndjson, csv, markdown; bij één regel: text of json."
        ),
    ] = "text",
    output: Output = None,
    bds: Annotated[str, typer.Option("--bds", help="Alleen regels voor deze BDS-versie.")] = "",
    for_format: Annotated[
        str, typer.Option("--for", help="Alleen regels voor dit formaat: dob, jgz, james, tabel, fhir.")
    ] = "",
) -> None:
    """Leg een regel uit, of toon alle regels.

    Voorbeeld: bds rule BDS203
    """
    from bds_tool.findings.catalogue import Catalogue, facts, load_catalogue, load_rules
    from bds_tool.formats.registry import FORMATS
    from bds_tool.schema import load

    # The limits that this project sets count for the rules on registrations; other checks have none.
    every = load_catalogue()
    catalogue = Catalogue(every.rules | load_rules(project().rules).rules, every.families)
    if bds:
        load(bds)
    if for_format:
        one_of(for_format, tuple(dict.fromkeys(f.of_rules for f in FORMATS.values())), "--for")
    if code:
        found = catalogue.find(code)
        one_of(format_, ("text", "json"), "--format")
        write(to_json(facts(found)) if format_ == "json" else explain(found, catalogue), output)
        return
    rules = [
        r
        for r in catalogue.rules.values()
        # Checks of definitions and publications are for no version and no format of registrations.
        if (isinstance(r.family, int) or not (bds or for_format))
        and (not bds or r.versions.holds(bds))
        and (not for_format or not r.formats or for_format in r.formats)
    ]
    if format_ == "json":
        write(to_json([facts(r) for r in rules]), output)
        return
    rows = [(r.code, r.name, r.severity, str(r.title)) for r in rules]
    table(
        rows,
        (t("code", "code"), t("naam", "name"), t("ernst", "severity"), t("wat", "what")),
        format_,
        output,
    )


def explain(r: Rule, catalogue: Catalogue) -> str:
    """A rule as a page to read."""
    lines = [
        f"{r.code} {r.name}",
        f"{catalogue.families[r.family]} · {r.severity}",
        "",
        str(r.title),
        "",
        f"{t('Waarom', 'Why')}:     {r.why}",
        *([f"{t('Voorbeeld', 'Example')}:  {r.example}"] if str(r.example) else []),
        f"{t('Wat te doen', 'What to do')}: {r.remedy}",
        *([f"{t('Bron', 'Source')}:       {r.source}"] if r.source else []),
    ]
    if r.follows:
        lines.append(f"{t('Gevolg van', 'Follows')}:  {', '.join(r.follows)}")
    if r.formerly:
        lines.append(f"{t('Vroeger', 'Formerly')}:    {', '.join(r.formerly)}")
    # A code that another rule had before it was this one's alone is never explained for one of the two only.
    lines += [
        t(
            f"Let op: ook {o.code} {o.name} heette vroeger {r.code}.",
            f"Note: {o.code} {o.name} was called {r.code} too.",
        )
        for o in catalogue.rules.values()
        if r.code in o.formerly
    ]
    if r.certainty == "voorstel":
        lines.append(
            t(
                "Zekerheid:  voorstel; stel de grens zelf in als dat beter past.",
                "Certainty:  a proposal; set the limit yourself where that fits better.",
            )
        )
    if not r.versions.open:
        lines.append(f"{t('BDS-versies', 'BDS versions')}: {r.versions}")
    if r.formats:
        lines.append(f"{t('Formaten', 'Formats')}:   {', '.join(r.formats)}")
    if r.parameters:
        lines += ["", t("Instelbaar in bds.toml:", "To be set in bds.toml:"), f"  [rules.{r.code}]"]
        lines += [f"  {k} = {_toml(v)}" for k, v in r.parameters.items()]
    return "\n".join(lines)


def _toml(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}" = {_toml(v)}' for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return "'" + value + "'"
    return str(value)
