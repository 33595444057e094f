"""`bds protect`: publish only what is proven safe; the policies, and the audit of anyone's table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bds_tool.base.errors import ExitCode, UnreadableError, UsageError
from bds_tool.base.text import number, plural, t
from bds_tool.cli.checked import FORMATS_HELP, ready, tell
from bds_tool.cli.project import project
from bds_tool.cli.render import TABLE_FORMATS, Format, Output, next_step, one_of, table, talk, to_json, write
from bds_tool.cli.wording import WithDefault

if TYPE_CHECKING:
    from bds_tool.protect.statement import Totals

#: The policy that holds where neither the command line nor bds.toml names one.
STRICT = "ncj-strict"


app = typer.Typer(
    cls=WithDefault,
    no_args_is_help=True,
    help="Beveilig tellingen tegen onthulling, met bewijs. `bds protect NAAM.result --output VEILIG.result`.",
)
policies = typer.Typer(
    no_args_is_help=True, help="Het onthullingsbeleid: voorinstellingen en eigen bestanden."
)
app.add_typer(policies, name="policy")

PolicyName = Annotated[
    str,
    typer.Option(
        "--policy", help="Voorinstelling (bds protect policy list) of YAML-bestand; anders ncj-strict."
    ),
]
Description = Annotated[Path | None, typer.Option("--table", help="YAML met de dimensies van de tabel.")]
Earlier = Annotated[
    list[Path] | None, typer.Option("--earlier", help="Eerdere publicatie van dezelfde cijfers; mag vaker.")
]


def register(main: typer.Typer) -> None:
    main.add_typer(app, name="protect")


@app.command()
def run(
    source: Annotated[
        Path,
        typer.Argument(metavar="BRON", help="NAAM.result, of een tabel (CSV, Parquet, XLSX) met --table."),
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--output", "-o", "--to", help="Wat gepubliceerd mag worden: een .result-map of een tabelbestand."
        ),
    ],
    policy: PolicyName = "",
    description: Description = None,
    quality: Annotated[bool, typer.Option("--quality", help="Zoek langer en verberg minder cellen.")] = False,
    earlier: Earlier = None,
    internal: Annotated[
        Path | None,
        typer.Option(
            "--internal", help="Intern controlerapport: bewezen bereik per verborgen cel. Niet publiceren."
        ),
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option("--statement", help="Verantwoording die mee gepubliceerd kan worden (.md of .json)."),
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option("--ledger", help="Map met eerdere uitgaven; deze komt erbij als ze veilig is."),
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="Geheime sleutel voor de celsleutelmethode.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Vervang een bestaande uitvoer.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Zeg niets als het lukt.")] = False,
) -> None:
    """Beveilig tellingen en schrijf alleen wat de controle doorstaat (anders: exitcode 4)."""
    from bds_tool.protect.files import publish_frame, table_name
    from bds_tool.protect.policy import load_policy
    from bds_tool.protect.releases import run_result, run_table
    from bds_tool.protect.statement import write_statement

    _require_there(source)
    chosen = load_policy(policy or project().protect.policy or STRICT)
    if internal:
        table_name(internal)  # before the result is written
    if source.is_dir():
        facts, inside = run_result(
            source, chosen, to, quality=quality, earlier=earlier or (), ledger=ledger, replace=force
        )
    elif description is None:
        raise UsageError(
            t("Een tabel heeft een beschrijving nodig.", "A table needs a description."),
            t("Geef --table BESCHRIJVING.yaml.", "Give --table DESCRIPTION.yaml."),
        )
    else:
        facts, inside = run_table(
            source,
            description,
            chosen,
            to,
            quality=quality,
            earlier=earlier or (),
            key_file=key_file,
            replace=force,
        )
    if internal:
        if inside is None:
            talk(
                t(
                    "Bij deze methode is er geen bewezen bereik per cel; --internal is niet geschreven.",
                    "This method has no certified range per cell; --internal was not written.",
                )
            )
        else:
            publish_frame(inside(), internal, private=True)
    if statement:
        write_statement(statement, chosen, facts)
    if not quiet:
        _tell(facts, to)
        if source.is_dir():
            next_step("bds", "report", "site", to, "--output", to.with_name(f"{to.stem}-site"))


def _require_there(path: Path) -> None:
    """Of a path that leads nowhere nobody knows whether it is a result or a table, so nothing else is asked for."""
    if not path.exists():
        raise UnreadableError(
            t(f"{path} bestaat niet.", f"{path} does not exist."),
            t("Geef een map NAAM.result of een tabel.", "Give a directory NAME.result or a table."),
        )


def _tell(facts: Totals, to: Path) -> None:
    share = number(100 * facts["share_hidden"], 1)
    hidden = t(
        f"{to}: {number(facts['hidden'])} van {plural(facts['cells'], 'cel', 'cellen')} verborgen ({share} %)",
        f"{to}: {number(facts['hidden'])} of {plural(facts['cells'], 'cell', 'cells')} hidden ({share} %)",
    )
    if facts.get("coded"):
        one = facts["coded"] == 1
        hidden += t(
            f", en {number(facts['coded'])} {'toont' if one else 'tonen'} een klasse",
            f", and {number(facts['coded'])} {'tells' if one else 'tell'} a class",
        )
    if "primary" in facts:
        # "Of these" never exceeds the whole: what is hidden and what is told as a class together.
        if facts["primary"] <= facts["hidden"] + facts.get("coded", 0):
            own = number(facts["primary"])
            hidden += t(f"; daarvan {own} om zichzelf", f"; of these {own} for themselves")
        talk(
            hidden
            + t(
                ". Elk is bewezen geheim, en de controle vond geen lek.",
                ". Each is proven secret, and the audit found no leak.",
            )
        )
    else:
        talk(
            hidden
            + t(
                "; de rest is veranderd, zonder bewijs per cel.",
                "; the rest is changed, without proof per cell.",
            )
        )
    if facts.get("whole"):
        names = ", ".join(facts["whole"])
        talk(
            t(
                f"Geheel verborgen, want te dun: {names}.",
                f"Hidden whole, being too thin: {names}.",
            )
        )
    if facts.get("attacked"):
        talk(
            t(
                f"Een aanval vond {number(facts['recovered'])} van {number(facts['attacked'])} kleine aantallen exact terug.",
                f"An attack recovered {number(facts['recovered'])} of {number(facts['attacked'])} small counts exactly.",
            )
        )
    for proposal in facts.get("proposals", []):
        talk(proposal)


@app.command()
def audit(
    file: Annotated[
        Path,
        typer.Argument(metavar="TABEL", help="De gepubliceerde tabel (CSV, XLSX, Parquet) of .result-map."),
    ],
    description: Description = None,
    width: Annotated[
        int,
        typer.Option("--width", help="Een verborgen aantal houdt ten minste zoveel + 1 mogelijke waarden."),
    ] = 1,
    threshold: Annotated[
        float | None, typer.Option("--threshold", help="Aantallen vanaf deze drempel zijn niet gevoelig.")
    ] = None,
    earlier: Earlier = None,
    format_: Annotated[str, typer.Option("--format", "-f", help=FORMATS_HELP)] = "text",
    output: Output = None,
    residents: Annotated[
        Path | None,
        typer.Option(
            "--residents", help="Geteld resultaat met inwoners (--population): de aanvaller kent die ook."
        ),
    ] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Noem de gevonden waarden. Niet publiceren.")
    ] = False,
) -> None:
    """Val een gepubliceerde tabel aan: welke verborgen cellen zijn terug te rekenen? Lek gevonden: exitcode 4."""
    from bds_tool.protect.audit import AuditOptions, audit_file
    from bds_tool.protect.audit.reach import Reach
    from bds_tool.protect.audit.result_file import audit_results
    from bds_tool.protect.audit.told import checked
    from bds_tool.protect.residents import residents_of

    ready(format_, output)
    _require_there(file)
    reach = Reach()

    if file.is_dir():
        from bds_tool.protect.ledger import read_released
        from bds_tool.protect.seal import remarks, withheld

        ceilings = residents_of(residents) if residents else None
        with withheld(file):
            policy = read_released(file).meta.get("policy") or {}
            verdict, names = (
                audit_results(file, earlier or (), width=width, ceilings=ceilings, reach=reach),
                None,
            )
        verdict.remarks += remarks(file)
    elif description is None:
        raise UsageError(
            t(
                "De controle heeft een beschrijving van de tabel nodig.",
                "The audit needs a description of the table.",
            ),
            t("Geef --table BESCHRIJVING.yaml.", "Give --table DESCRIPTION.yaml."),
        )
    else:
        verdict, names = audit_file(file, description, AuditOptions(width, threshold), earlier or ())
    if verdict.by_reason().get("tegenstrijdig") and not file.is_dir():
        talk(
            t(
                "Tegenstrijdig: geen enkele tabel past bij wat is getoond. De controle neemt aan dat een verborgen aantal ten "
                "minste 1 is; zijn er ook nullen verborgen, zet dan lower: 0 in de beschrijving.",
                "Tegenstrijdig: no table agrees with what is shown. The audit takes a hidden count to be at least 1; if zeros "
                "are hidden as well, put lower: 0 in the description.",
            )
        )
    talk(_verdict_line(verdict))

    def name(cell: int) -> str:
        return " · ".join(names.key(cell).values()) if names else str(cell)

    told = checked(verdict, str(file), name, show_values=show_values)
    told.more["audit"]["levels"] = reach.lines()
    tell(
        told,
        format_,
        output,
        "fout",
        quiet=True,
        code=ExitCode.WITHHELD,
        notes=reach.words(str(policy.get("id") or "")) if file.is_dir() else (),
    )


def _verdict_line(verdict: Any) -> str:  # noqa: ANN401
    if verdict.safe and not verdict.judged:
        return t(
            "Er zijn geen verborgen cellen om aan te vallen. Met --threshold telt de controle welke getoonde aantallen te klein zijn.",
            "There are no hidden cells to attack. With --threshold the audit tells which shown counts are too small.",
        )
    if verdict.safe:
        return t(
            f"Veilig: geen van de {number(verdict.judged)} verborgen cellen is terug te rekenen.",
            f"Safe: none of the {number(verdict.judged)} hidden cells can be computed back.",
        )
    if not verdict.findings:
        return t("Niet veilig.", "Not safe.")
    reasons = ", ".join(f"{r} {number(c)}" for r, c in verdict.by_reason().items())
    return t(
        f"Niet veilig: {number(len(verdict.findings))} van {number(verdict.judged)} verborgen cellen ({reasons}).",
        f"Not safe: {number(len(verdict.findings))} of {number(verdict.judged)} hidden cells ({reasons}).",
    )


@app.command("compare")
def compare_policies(
    source: Annotated[Path, typer.Argument(metavar="RESULT", help="Geteld resultaat (NAAM.result).")],
    policy: Annotated[
        list[str] | None,
        typer.Option("--policy", help="Alleen deze; mag vaker. Zonder: alle voorinstellingen."),
    ] = None,
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Beleidsregels naast elkaar: wat elk toont en verbergt, wat een aanvaller overhoudt, wat de lezer verliest."""
    from bds_tool.protect.compare import HEAD, compare, rows, words

    one_of(format_, TABLE_FORMATS, "--format")
    found = compare(source, policy or ())
    table(rows(found, plain=format_ != "text"), [t(*h) for h in HEAD], format_, output)
    for line in words(found):
        talk(line)


@app.command("ledger")
def show_ledger(
    path: Annotated[Path, typer.Argument(metavar="MAP", help="Het register van uitgaven.")],
    add: Annotated[
        Path | None, typer.Option("--add", help="Een eerder gepubliceerd .result dat erbij hoort.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Opmerking bij de toegevoegde uitgave.")] = "",
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Toon het register van uitgaven, of voeg een eerdere uitgave toe."""
    from bds_tool.protect.ledger import Ledger, held, read_released
    from bds_tool.protect.seal import has_seal, open_sealed, withheld

    if not add and not path.exists():
        raise UnreadableError(
            t(f"{path} bestaat niet.", f"{path} does not exist."),
            t(
                "bds protect --ledger begint een register, en --add voegt een eerdere uitgave toe.",
                "bds protect --ledger starts a ledger, and --add adds an earlier release.",
            ),
        )
    with held(path if add else None):
        book = Ledger.open(path)
        if add:
            with withheld(add):
                published = read_released(add)
            published.require_protected()
            if has_seal(published):
                open_sealed(add)
            book.add(add, published.meta, note)
    rows = [
        [
            r.number,
            r.facts["added"],
            r.facts["name"],
            r.facts["policy"],
            len(r.facts["definitions"]),
            r.facts["note"],
        ]
        for r in book.releases
    ]
    table(rows, ["nummer", "toegevoegd", "naam", "beleid", "indicatoren", "opmerking"], format_, output)


@policies.command("list")
def list_policies(format_: Format = "text", output: Output = None) -> None:
    """Alle voorinstellingen, met drempels en zekerheid van de bron."""
    from bds_tool.protect.policy import load_policy, policy_files

    rows = []
    for name in policy_files():
        p = load_policy(name)
        rows.append([p.id, p.method, p.denominator, p.numerator, p.complement, p.data["certainty"], p.title])
    table(rows, ["id", "methode", "noemer", "teller", "complement", "zekerheid", "titel"], format_, output)


@policies.command()
def show(
    name: Annotated[str, typer.Argument(help="Voorinstelling of YAML-bestand.")],
    format_: Annotated[str, typer.Option("--format", "-f", help="text of json.")] = "text",
    output: Output = None,
) -> None:
    """Eén beleid: wat het zegt, waar het vandaan komt en hoe zeker dat is."""
    from bds_tool.protect.policy import load_policy
    from bds_tool.protect.policy_text import policy_text

    one_of(format_, ("text", "json"), "--format")
    chosen = load_policy(name)
    write(to_json(dict(chosen.data)) if format_ == "json" else policy_text(chosen), output)


@policies.command()
def check(file: Annotated[Path, typer.Argument(help="YAML-bestand met een eigen beleid.")]) -> None:
    """Controleer een eigen beleid: klopt het met het schema, en spreekt het zichzelf niet tegen?"""
    from bds_tool.protect.policy import read_policy

    talk(t(f"{read_policy(file).id}: in orde.", f"{read_policy(file).id}: all right."))
