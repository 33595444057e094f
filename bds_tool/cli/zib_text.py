"""What `bds zib` says: a row of the mapping, the card of an element, the account of an export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bds_tool.base.text import number, t
from bds_tool.cli.render import talk


def summary(result: Any, out: Path, random: bool, checked: str) -> None:  # noqa: ANN401  # a Verlies
    resources = sum(result.resources.values())
    talk(
        t(
            f"{number(resources)} resources van {number(result.dossiers)} dossiers in {out}.",
            f"{number(resources)} resources of {number(result.dossiers)} dossiers in {out}.",
        )
    )
    total = sum(result.rijen.values())
    parts = ", ".join(f"{name} {number(n)}" for name, n in result.per_uitkomst().items() if n)
    talk(t(f"Van {number(total)} rijen: {parts}.", f"Of {number(total)} rows: {parts}."))
    for reason, n in list(result.redenen().items())[:6]:
        talk(f"  {number(n):>10}  {reason}")
    if result.zonder_profiel:
        n = sum(result.zonder_profiel.values())
        talk(
            t(
                f"{number(n)} resources zonder profiel; waarom staat in verlies.json.",
                f"{number(n)} resources without a profile; verlies.json says why.",
            )
        )
    if random:
        talk(
            t(
                "De sleutel is voor deze keer gemaakt: een volgende uitvoer krijgt andere pseudoniemen (--key-file of BDS_KEY).",
                "The key was made for this run: a next export gets other pseudonyms (--key-file or BDS_KEY).",
            )
        )
    talk(t(f"Gecontroleerd: {checked}.", f"Checked: {checked}."))
    for problem, n in sorted(result.fouten.items())[:10]:
        talk(f"  {n} × {problem}")


COLUMNS = (
    "bdsnummer",
    "naam",
    "release",
    "status",
    "relatie",
    "concept",
    "zib",
    "zekerheid",
    "profiel",
    "pad",
    "code",
    "eenheid_bds",
    "eenheid_fhir",
    "waardenlijst",
    "vorm",
    "plaats",
    "gevoelig",
    "bewijs",
    "toelichting",
)


def fields(r: Any) -> list[Any]:  # noqa: ANN401  # a Koppeling; the model is imported lazily
    return [
        r.bdsnummer,
        r.naam,
        r.release,
        r.status,
        r.predicaat if r.concept else "",
        r.concept,
        r.object_naam,
        r.zekerheid,
        r.profiel,
        r.pad,
        r.code,
        r.eenheid_bds,
        r.eenheid_fhir,
        r.waardenlijst,
        r.vorm,
        r.plaats,
        r.gevoelig,
        r.bewijs,
        r.toelichting,
    ]


def element_text(kaart: Any, rows: list[Any]) -> str:  # noqa: ANN401
    lines = []
    for r in rows:
        lines.append(f"{r.bdsnummer} {r.naam} · zib {r.release} · {r.status}")
        pairs = [
            ("zib", f"{r.object_naam} ({r.concept}), {r.predicaat}" if r.concept else ""),
            ("profiel", r.profiel),
            ("plaats in FHIR", r.pad),
            ("vaste code", r.code),
            ("eenheid", f"{r.eenheid_bds} → {r.eenheid_fhir}" if r.eenheid_fhir else r.eenheid_bds),
            ("gevoelig", f"{r.gevoelig}: blijft weg uit de export, tenzij gevraagd" if r.gevoelig else ""),
            ("bewijs", r.bewijs),
            ("zekerheid", str(r.zekerheid).replace(".", ",")),
            ("toelichting", r.toelichting),
        ]
        lines += [f"  {name:<15}{value}" for name, value in pairs if value]
        codes = [
            c
            for c in kaart.lijst(r.waardenlijst, r.release)
            if not c.voorwaarde.startswith("element=") or c.voorwaarde == f"element={r.bdsnummer}"
        ]
        if codes:
            lines.append(f"  codes van {r.waardenlijst}")
            lines += [
                f"    {c.bds:<4} {c.hl7:<7} {c.naam[:40]:<41} {c.relatie:<11} {c.systeem} {c.code} {c.voorwaarde}".rstrip()
                for c in codes
            ]
    return "\n".join(lines)
