"""The generated part of the documentation: commands from the program itself, the rest from `specs/`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer.main
import yaml
from architecture import architecture_page
from render import code, plain

from bds_tool.base.specs import specs_dir
from bds_tool.changes.loading import known_requests
from bds_tool.cli.main import build
from bds_tool.cli.overview import commands as names
from bds_tool.schema.lookup.reference import reference_pages, table

Pages = dict[str, str]
# Typer carries its own copy of click, so its classes are known by what they offer only.
Command = Any
Parameter = Any


def generated_pages() -> Pages:
    """All generated pages by their name under `docs/`."""
    pages = {f"referentie/{name}": text for name, text in reference_pages(known_requests).items()}
    pages |= command_pages()
    pages |= rule_pages()
    pages |= indicator_pages()
    pages["uitleg/architectuur.md"] = architecture_page()
    return pages


# ---- COMMANDS ---- #


def commands() -> dict[str, Command]:
    """The top-level commands of `bds` in the order of its help."""
    app: Command = typer.main.get_command(build())
    order = {name: n for n, name in enumerate(names())}
    return dict(sorted(app.commands.items(), key=lambda item: order.get(item[0], len(order))))


def command_pages() -> Pages:
    """An index and a page per command, with every option."""
    found = commands()
    pages = {f"referentie/opdrachten/{name}.md": _command_page(name, c) for name, c in found.items()}
    rows = [[f"[bds {name}]({name}.md)", plain(_help(c).split("\n")[0])] for name, c in found.items()]
    app: Command = typer.main.get_command(build())
    lines = [
        "# Opdrachten",
        "",
        "Alle opdrachten van `bds`, met hun opties.",
        "",
        *table(("opdracht", "wat"), rows),
    ]
    lines += ["", "## Opties vóór de opdracht", "", *_options(app)]
    pages["referentie/opdrachten/index.md"] = "\n".join([*lines, "", *_exit_codes(), ""])
    return pages


def _exit_codes() -> list[str]:
    from bds_tool.base.errors import ExitCode

    meaning = {
        ExitCode.OK: "klaar; niets op of boven de grens van `--fail-on`",
        ExitCode.FINDINGS: "klaar; er is iets gevonden (bij `diff`: verschillend)",
        ExitCode.USAGE: "verkeerd gebruik of verkeerde instellingen",
        ExitCode.UNREADABLE: "de invoer was niet te lezen",
        ExitCode.WITHHELD: "uitvoer tegengehouden: de controle op onthulling slaagde niet",
        ExitCode.BUG: "een fout in bds zelf",
        ExitCode.INTERRUPTED: "afgebroken",
    }
    rows = [[int(c), meaning[c]] for c in ExitCode]
    return ["## Afloopcodes", "", *table(("code", "betekenis"), rows)]


def _command_page(name: str, command: Command) -> str:
    lines = [f"# bds {name}", "", plain_paragraphs(_help(command))]
    if hasattr(command, "commands"):
        for sub_name, sub in command.commands.items():
            lines += [
                "",
                f"## bds {name} {sub_name}",
                "",
                plain_paragraphs(_help(sub)),
                *_usage(f"{name} {sub_name}", sub),
            ]
    else:
        lines += _usage(name, command)
    return "\n".join(lines) + "\n"


def _help(command: Command) -> str:
    return inspect.cleandoc(command.help or "")


def plain_paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n")).replace("\b", "")


def _usage(name: str, command: Command) -> list[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    shown = " ".join(_argument(a) for a in arguments)
    lines = ["", f"Gebruik: `bds {name} [OPTIES] {shown}".rstrip() + "`"]
    described = [[code(_argument(a)), plain(getattr(a, "help", "") or "")] for a in arguments]
    if described:
        lines += ["", *table(("argument", "betekenis"), described)]
    return [*lines, "", *_options(command)]


def _argument(argument: Parameter) -> str:
    name = (argument.metavar or argument.name or "").upper()
    if argument.nargs == -1 and not name.endswith("…"):
        name += "…"
    return name if argument.required else f"[{name}]"


def _options(command: Command) -> list[str]:
    rows = []
    for option in command.params:
        if option.param_type_name != "option" or option.hidden or "--help" in option.opts:
            continue
        names = ", ".join(code(o) for o in [*option.opts, *option.secondary_opts])
        default = option.default
        shown = (
            ""
            if default in (None, "", False, ()) or callable(default) or option.is_flag
            else code(str(default))
        )
        rows.append([names, plain(option.help or ""), shown])
    return table(("optie", "betekenis", "standaard"), rows) if rows else []


# ---- RULES AND INDICATORS ---- #


def _definitions(folder: str) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    """Files of a folder in `specs/` with their head and their members."""
    for path in sorted((specs_dir() / folder).glob("*.yaml")):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(document, list):
            yield path.stem, {}, document
        elif isinstance(document, dict):
            members = document.get("rules") or document.get("indicatoren") or []
            yield path.stem, document, members


def rule_pages() -> Pages:
    """The rule catalogue: an index and a page per file of rules."""
    pages: Pages = {}
    rows = []
    for stem, head, rules in _definitions("regels"):
        name = head.get("name", {}).get("nl", stem)
        lines = [f"# Controleregels: {name}", ""]
        for r in rules:
            title = r.get("title", r.get("message"))
            lines += [
                f"## {r['code']} {r['name']} {{#{r['code']}}}",
                "",
                f"{plain(title['nl'])} ({r['severity']})",
                "",
            ]
            for label, key in (("Waarom", "why"), ("Voorbeeld", "example"), ("Oplossing", "remedy")):
                if isinstance(r.get(key), dict):
                    lines.append(f"- {label}: {plain(r[key]['nl'])}")
            if "source" in r:
                lines.append(f"- Bron: {plain(str(r['source']))}")
            if "formerly" in r:
                lines.append(f"- Vroeger: {', '.join(r['formerly'])}")
            lines.append("")
            rows.append(
                [f"[{r['code']}]({stem}.md#{r['code']})", r["name"], plain(title["nl"]), r["severity"]]
            )
        pages[f"referentie/regels/{stem}.md"] = "\n".join(lines)
    rows.sort(key=lambda r: r[0])
    head_row = ("code", "naam", "wat er mis is", "ernst")
    text = [
        "# Controleregels",
        "",
        "Wat `bds validate` en de andere controles nakijken. `bds rule CODE` toont hetzelfde.",
        "",
        *table(head_row, rows),
    ]
    pages["referentie/regels/index.md"] = "\n".join(text) + "\n"
    return pages


#: What a page of indicators shows of each, in this order.
_INDICATOR_FIELDS = (
    ("bron", "Bron"), ("soort", "Soort"), ("eenheid", "Eenheid"), ("leeftijd", "Leeftijd"), ("populatie", "Populatie"),
    ("noemer", "Noemer"), ("teller", "Teller"), ("waarde", "Waarde"), ("view", "View"), ("begrip", "Begrip"),
    ("elementen", "Elementen"), ("versies", "BDS-versies"), ("uitsplitsingen", "Uitsplitsingen"),
    ("gevoeligheid", "Gevoeligheid"), ("polariteit", "Polariteit"),
)  # fmt: skip


def indicator_pages() -> Pages:
    """The method of every indicator: an index and a page per theme."""
    pages: Pages = {}
    rows = []
    for stem, _, indicators in _definitions("indicatoren"):
        lines = [f"# Indicatoren: {stem}", ""]
        for i in indicators:
            anchor = i["id"].lower()
            lines += [f"## {i['id']} {plain(i['titel'])} {{#{anchor}}}", ""]
            for key, label in _INDICATOR_FIELDS:
                if i.get(key) not in (None, "", []):
                    lines.append(f"- {label}: {_value(key, i[key])}")
            lines += [f"- Let op: {plain(note)}" for note in i.get("let_op", [])]
            lines += [
                f"- Trendbreuk in {b['versie']}: {plain(b['toelichting'])}" for b in i.get("trendbreuk", [])
            ]
            lines += [
                f"- Ter vergelijking, {r['periode']}: {r['waarde']} ({plain(r['bron'])})"
                for r in i.get("referentie", [])
            ]
            lines.append("")
            rows.append([f"[{i['id']}]({stem}.md#{anchor})", plain(i["titel"]), stem])
        pages[f"referentie/indicatoren/{stem}.md"] = "\n".join(lines)
    if rows:
        text = [
            "# Indicatoren",
            "",
            "De methode per indicator: wie telt mee, wat wordt geteld, en waar het op rust.",
            "",
        ]
        pages["referentie/indicatoren/index.md"] = "\n".join(
            [*text, *table(("id", "titel", "thema"), rows), ""]
        )
    return pages


def _value(key: str, value: Any) -> str:
    if key == "leeftijd":
        return f"{value['van_mnd']} tot {value['tot_mnd']} maanden"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return (
        code(str(value))
        if key in {"noemer", "teller", "waarde", "populatie", "view", "begrip"}
        else plain(str(value))
    )
