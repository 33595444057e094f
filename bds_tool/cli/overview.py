"""The page of `bds` and `bds --help`: all commands by what one comes for. It loads nothing, so that it comes at once.

The commands themselves are modules of this package that are imported when they are called; a test holds this list
against them.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from bds_tool.base.text import LANGUAGES, set_language, t

#: Group (Dutch, English) and its commands: name, Dutch, English.
GROUPS = (
    (
        ("Een levering", "A delivery"),
        (
            ("validate", "Beoordeel exports: wat is er mis, waar, en wat te doen.",
             "Judge exports: what is wrong, where, and what to do."),
            ("profile", "Wat zit er in een export: elementen, vulling, codes, jaren.",
             "What is in an export: elements, how full, codes, years."),
            ("convert", "Zet om naar een ander formaat of naar een gegevensmap (.bds).",
             "Convert to another format or to a data folder (.bds)."),
            ("store", "Een gegevensmap die per levering groeit; elke wordt één keer gelezen.",
             "A data folder that grows by delivery; each is read once."),
            ("migrate", "Zet om naar een andere BDS-versie, zonder stil verlies.",
             "Move to another version of the BDS, with no silent loss."),
            ("compare", "Vergelijk twee dossiers of leveringen, in welk formaat ook.",
             "Compare two dossiers or deliveries, in whatever format."),
            ("quality", "Leveringen door de tijd en per eenheid: beter, slechter, bij wie.",
             "Deliveries over time and by unit: better, worse, and where."),
            ("qualify", "Bevat een dossier wat een kwalificatiescenario vraagt.",
             "Does a dossier hold what a qualification scenario asks."),
            ("adoption", "Is een wijziging van de BDS aangekomen in de dossiers.",
             "Has a change of the BDS arrived in the dossiers."),
            ("dossier", "Eén dossier als pagina, of als afschrift voor een ouder.",
             "One dossier as a page, or as the copy for a parent."),
            ("findings", "Bewaarde oordelen opnieuw rapporteren en vergelijken.",
             "Report and compare saved judgements."),
            ("generate", "Maak verzonnen dossiers om mee te proberen en te meten.",
             "Make invented dossiers to try and measure with."),
            ("rerun", "Doe opnieuw wat in een verslag (--record) staat: komt er hetzelfde uit.",
             "Do again what a record (--record) says: does the same come out."),
            ("open", "Een pagina op deze computer: bestanden erin slepen en bekijken.",
             "A page on this computer: drop files in it and look."),
            ("doctor", "Kijk na of bds hier goed kan werken.", "See whether bds can work well here."),
        ),
    ),
    (
        ("Definities", "Definitions"),
        (
            ("spec", "De Basisdataset opzoeken, vergelijken, controleren.",
             "Look up, compare and check the Basisdataset."),
            ("rule", "Leg een regel uit, of toon alle regels.", "Explain a rule, or list all rules."),
            ("protocol", "BDS-protocollen: wat, met welke codes, wanneer.",
             "BDS-protocollen: what, with which codes, when."),
            ("change", "Wijzigingspakketten maken, controleren en toepassen.",
             "Make, check and apply change packages."),
            ("mcp", "Laat een assistent de definities opzoeken (MCP); nooit gegevens.",
             "Let an assistant look up the definitions (MCP); never data."),
            ("zib", "Elementen naar zibs en FHIR R4.", "Elements to zibs and FHIR R4."),
        ),
    ),
    (
        ("Cijfers en onderzoek", "Figures and research"),
        (
            ("area", "Adressen in buurt, wijk en gemeente plaatsen.", "Place addresses in buurt, wijk and gemeente."),
            ("indicator", "Indicatoren opzoeken, toetsen en berekenen.", "Look up, test and compute indicators."),
            ("round", "Tellen bij meer organisaties, zonder dat gegevens de deur uit gaan.",
             "Count at several organisations, with no data leaving them."),
            ("protect", "Beveilig cijfers tegen onthulling, met bewijs.", "Protect figures from disclosure, with proof."),
            ("report", "Tabellen, grafieken, site en factsheet van beveiligde cijfers.",
             "Tables, charts, site and factsheet of protected figures."),
            ("pseudonymise", "Gegevens voor onderzoek; blijven persoonsgegevens.",
             "Data for research; they remain personal data."),
            ("cohort", "Een studie: rijen, codeboek en bestanden voor SPSS, Stata en R.",
             "A study: rows, codebook and files for SPSS, Stata and R."),
            ("research-table", "Losse rijen per kind en moment, zonder sleutel.",
             "Loose rows per child and moment, without a key."),
        ),
    ),
)  # fmt: skip

_OPTIONS = (
    ("--lang nl|en", "Taal van teksten (ook BDS_LANG).", "Language of texts (BDS_LANG too)."),
    ("--config BESTAND", "Instellingen; anders BDS_CONFIG of de dichtstbijzijnde bds.toml.",
     "Settings; otherwise BDS_CONFIG or the nearest bds.toml."),
    ("--specs MAP", "Eigen definities (ook BDS_SPECS).", "Definitions of your own (BDS_SPECS too)."),
    ("--log-file BESTAND", "Technische details bij een fout in bds.", "Technical details when bds itself fails."),
    ("--record BESTAND", "Verslag: wat is gelezen, waarmee, en wat eruit kwam.",
     "Record: what was read, with what, and what came of it."),
    ("--version", "Toon de versies.", "Show the versions."),
    ("--install-completion", "Laat deze shell opdrachten en opties aanvullen.",
     "Let this shell complete commands and options."),
    ("--show-completion", "Toon het script daarvoor.", "Show the script for that."),
    ("-h, --help", "Toon deze uitleg en stop. Ook achter een opdracht.",
     "Show this message and exit. Behind a command too."),
)  # fmt: skip

_EXAMPLES = (
    ("bds validate levering/ --report html=rapport.html", "bds validate delivery/ --report html=report.html"),
    ("bds convert tabel.csv --explain", "bds convert table.csv --explain"),
    ("bds spec show 235", "bds spec show 235"),
    ("bds rule BDS203", "bds rule BDS203"),
)


def commands() -> tuple[str, ...]:
    """The names of all commands, in the order of the page."""
    return tuple(name for _, rows in GROUPS for name, *_ in rows)


def page() -> str:
    """The page, as wide as the screen and at most 100 columns."""
    import textwrap

    width = max(min(shutil.get_terminal_size().columns, 100), 40)
    lines = [
        *textwrap.wrap(
            t("bds: gereedschap voor registratiegegevens van de jeugdgezondheidszorg (Basisdataset JGZ).",
              "bds: tools for registration data of Dutch youth health care (Basisdataset JGZ)."),
            width,
        ),
        "",
        t("Gebruik: bds [OPTIES] OPDRACHT …", "Usage: bds [OPTIONS] COMMAND …"),
    ]  # fmt: skip
    for (dutch, english), rows in GROUPS:
        lines += ["", t(dutch, english), *_rows(rows, 15, width)]
    lines += ["", t("Opties vóór de opdracht", "Options before the command"), *_rows(_OPTIONS, 21, width)]
    lines += ["", t("Voorbeelden", "Examples"), *(f"  {t(nl, en)}" for nl, en in _EXAMPLES)]
    more = t("`bds OPDRACHT -h` legt een opdracht uit.", "`bds COMMAND -h` explains a command.")
    return "\n".join([*lines, "", more, ""])


def _rows(rows: tuple[tuple[str, str, str], ...], names: int, width: int) -> list[str]:
    import textwrap

    return [
        line
        for name, dutch, english in rows
        for line in textwrap.wrap(
            t(dutch, english),
            width,
            initial_indent="  " + f"{_placeholder(name)}  ".ljust(names + 2),
            subsequent_indent=" " * (names + 4),
            break_on_hyphens=False,
        )
    ]


def _placeholder(name: str) -> str:
    return t(name, name.replace("BESTAND", "FILE").replace("MAP", "DIR"))


def asked(arguments: list[str]) -> bool:
    """Whether the page is all that is asked, and no settings have a say in its language."""
    if "_BDS_COMPLETE" in os.environ:  # the shell asks what may come next
        return False
    rest = list(arguments)
    if rest[:1] == ["--lang"] and rest[1:2] and rest[1] in LANGUAGES:
        set_language(rest[1])
        rest = rest[2:]
    elif os.environ.get("BDS_CONFIG") or any(
        (p / "bds.toml").exists() for p in (Path.cwd(), *Path.cwd().parents)
    ):
        return False
    return rest in ([], ["-h"], ["--help"])


#: Options before the command that have a value.
_WITH_VALUE = frozenset({"--lang", "--config", "--specs", "--log-file", "--record"})


def record(arguments: list[str]) -> tuple[Path | None, list[str]]:
    """The file of `--record`, which stands before the command, and the other arguments."""
    for i, word in enumerate(arguments):
        if word == "--record" and i + 1 < len(arguments):
            return Path(arguments[i + 1]), arguments[:i] + arguments[i + 2 :]
        if word.startswith("--record="):
            return Path(word.partition("=")[2]), arguments[:i] + arguments[i + 1 :]
        if not word.startswith("-") and (not i or arguments[i - 1] not in _WITH_VALUE):
            break
    return None, arguments


def called(arguments: list[str]) -> str | None:
    """The command in these arguments; None where that is not plain, as for a misspelt one."""
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            return word if word in commands() and "_BDS_COMPLETE" not in os.environ else None
    return None


def show() -> None:
    sys.stdout.write(page())
