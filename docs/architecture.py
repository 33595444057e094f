"""The page on the architecture: its picture is made from the imports, so that it cannot go stale."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "bds_tool"
TEXT = Path(__file__).resolve().parent / "architectuur.txt"
#: The rooms from the ground up, and what lives there.
ROOMS = {
    "base": "fouten, teksten, bestanden, instellingen, processen",
    "findings": "de catalogus van regels, bevindingen, aanvaarde afwijkingen en hun rapporten",
    "schema": "de BDS: definities per versie, verschillen, opzoeken, controleren, protocollen, zib",
    "store": "de tabel `registraties` en haar bronnen",
    "formats": "per formaat een lezer en een schrijver",
    "changes": "wijzigingspakketten en migreren",
    "validate": "de regels, toegepast op een store",
    "indicators": "kenmerken en indicatoren",
    "protect": "onthullingsbeveiliging en de controle erop",
    "export": "rapporten, site, FHIR, extracten",
    "synthetic": "de verzonnen populatie en geplante fouten",
    "cli": "de opdrachten",
}


#: The way of one value from message to published cell: what it is, the modules that make it so, and what happens.
WALK = (
    (
        "bytes van een bestand",
        "formats.reading store.inputs store.archives store.sources formats.sniff",
        "het bestand wordt gevonden en aan de eerste bytes herkend",
    ),
    (
        "een knoop van de XML",
        "formats.dob.read formats.dob.message_walk formats.dob.walk formats.dob.kinds formats.dob.layout formats.dob.values",
        "de plaats in het bericht zegt welk element het is",
    ),
    (
        "een rij in het geheugen",
        "store.sources store.columns",
        "dossier, activiteit, datum, element, waarde, plaats",
    ),
    ("een rij van registraties.parquet", "store.store", "zo staat zij in de store; niets is omgerekend"),
    (
        "een rij met betekenis",
        "validate.engine validate.piece validate.view",
        "getal, datum en code zijn ontleed; regels vinden wat niet klopt",
    ),
    (
        "een kenmerk van een kind",
        "indicators.run indicators.features indicators.growth",
        "de laatste meting binnen het venster, met haar z-score",
    ),
    (
        "een telling",
        "indicators.compute indicators.cube indicators.output indicators.result",
        "teller en noemer per gebied, periode en uitsplitsing",
    ),
    (
        "een beveiligde cel",
        "protect.result_run protect.result_model protect.secondary protect.files export.report.tables export.report.site",
        "getoond of verborgen, met zegel; dit is wat het huis verlaat",
    ),
)


def walked() -> list[str]:
    """The modules on the way, each once."""
    return list(dict.fromkeys(name for _, modules, _ in WALK for name in modules.split()))


def uses() -> dict[str, Counter[str]]:
    """Room → how many of its imports go to each other room."""
    found: dict[str, Counter[str]] = {}
    for room in ROOMS:
        count: Counter[str] = Counter()
        for path in (PACKAGE / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = (
                    [a.name for a in node.names]
                    if isinstance(node, ast.Import)
                    else [node.module]
                    if isinstance(node, ast.ImportFrom) and node.module
                    else []
                )
                for name in names:
                    parts = name.split(".")
                    if parts[0] == "bds_tool" and len(parts) > 1 and parts[1] in ROOMS and parts[1] != room:
                        count[parts[1]] += 1
        found[room] = count
    return found


def picture() -> str:
    """The house as text: a floor a line, the top floor first, with the rooms below that it uses."""
    used, width = uses(), max(map(len, ROOMS))
    lines = []
    for room in reversed(ROOMS):
        modules = sum(1 for _ in (PACKAGE / room).rglob("*.py"))
        below = [f"{other} {used[room][other]}" for other in reversed(ROOMS) if used[room][other]]
        lines.append(f"{room:>{width}} │ {modules:3} modules │ {' · '.join(below) or '—'}")
    return "\n".join(lines)


def architecture_page() -> str:
    """The page in Markdown."""
    rooms = "\n".join(f"| `{room}` | {what} |" for room, what in reversed(ROOMS.items()))
    walk = "\n".join(
        f"| {what} | {', '.join(f'`{name}`' for name in modules.split())} | {does} |"
        for what, modules, does in WALK
    )
    text = TEXT.read_text(encoding="utf-8").replace("{{walk}}", walk)
    return text.replace("{{picture}}", f"```\n{picture()}\n```").replace(
        "{{rooms}}", f"| kamer | wat er woont |\n|---|---|\n{rooms}"
    )
