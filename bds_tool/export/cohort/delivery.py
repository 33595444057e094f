"""What goes with a study: a readme that says what the files are in law, and the list of what must be right to deliver."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.base.text import number, t
from bds_tool.export.cohort import linking
from bds_tool.export.cohort.codebook import law, program
from bds_tool.export.cohort.missing import KINDS

if TYPE_CHECKING:
    from bds_tool.export.cohort.running import Study


def checklist(study: Study) -> list[tuple[str, str, bool]]:
    """(what, what the command can say of it, whether a person must still decide)."""
    d = study.definition
    w = study.wishes
    identifying = [c.name for c in study.columns if c.identifying]
    out = next((s.left_out for s in study.flow if s.unit == "dossiers" and s.left_out), 0)
    key = t("met de sleutel van --key-file of BDS_KEY", "with the key of --key-file or BDS_KEY")
    return [
        (t("Doel", "Purpose"), d.delivery["purpose"], True),
        (t("Grondslag", "Legal basis"), d.delivery["legal_basis"], True),
        (t("Aantekening in het dossier", "Note in the dossier"),
         t("wie zonder toestemming verstrekt, tekent dat aan in elk dossier (BW 7:458 lid 3); bds doet dat niet",
           "who provides data without consent notes that in each dossier (Dutch Civil Code 7:458(3)); bds does not"), True),
        (t("Verantwoordelijke", "Responsible"), d.delivery["responsible"], True),
        (t("Ontvanger", "Recipient"), d.delivery["recipient"], True),
        (t("Bewaren tot en met", "Keep until"), d.delivery["retain_until"], True),
        (t("Dataminimalisatie", "Data minimisation"),
         t(f"{len(study.columns)} gevraagde kolommen; wat niet is gevraagd staat er niet in.",
           f"{len(study.columns)} columns asked for; what was not asked for is not in it."), False),
        (t("Herkenbaar gemaakt", "Made recognisable"),
         t(f"uitdrukkelijk gevraagd: {', '.join(identifying)}", f"explicitly asked for: {', '.join(identifying)}")
         if identifying else t("geen naam, adres, vrije tekst of volledige geboortedatum gevraagd",
                               "no name, address, free text or full birth date asked for"), bool(identifying)),
        (t("Bezwaar tegen onderzoek (1404)", "Objection to research (1404)"),
         t("meegenomen, want daarom is gevraagd (--objections)", "taken along, for that was asked (--objections)")
         if w.objections else t(f"weggelaten: {number(out)} dossiers", f"left out: {number(out)} dossiers"), w.objections),
        (t("Naam van het kind", "Name of the child"),
         t(f"pseudoniem (HMAC-SHA-256) {key}", f"pseudonym (HMAC-SHA-256) {key}") if w.secret is not None
         else t("los volgnummer, bij elke uitvoer een ander", "loose number, another one in each output"), False),
        (t("Koppelen", "Linking"),
         t("pseudoniem van het BSN; wie dezelfde sleutel heeft kan koppelen", "pseudonym of the BSN; who has the same key can link")
         if d.link_bsn else t("geen koppelsleutel", "no linking key"), d.link_bsn),
        (t("Huishouden", "Household"),
         " ".join(linking.risks()) if d.household else t("geen huishoudsleutel", "no key of the household"), d.household),
        (t("BSN", "BSN"), t("in geen van de bestanden", "in none of the files"), False),
    ]  # fmt: skip


def readme(study: Study, made: list[str], not_made: list[str]) -> str:
    """LEESMIJ.md: law, checklist, flow, files, kinds of missing. Not for publication: the flow is exact."""
    d = study.definition
    lines = [f"# {d.title}", "", *[f"**{line}**" for line in law(study)], ""]
    lines += [t("## Lijst bij levering", "## List for delivery"), ""]
    for what, said, decide in checklist(study):
        box = t("door een mens te bevestigen", "to be confirmed by a person") if decide else t("vastgesteld door bds", "established by bds")  # fmt: skip
        lines.append(f"- [{' ' if decide else 'x'}] {what}: {said} ({box})")
    lines += ["", t("## Stroom", "## Flow"), ""]
    for step in study.flow:
        lines.append(f"- {step.name}: −{number(step.left_out)} → {number(step.remaining)} {step.unit}")
    lines += ["", t("## Bestanden", "## Files"), "", *[f"- {name}" for name in made]]
    lines += [f"- {line}" for line in not_made]
    lines += ["", t("## Waarom een waarde er niet is", "## Why a value is not there"), ""]
    lines += [f"- `{m.key}` (SPSS {m.code}, Stata .{m.letter}): {m.label}" for m in KINDS]
    lines += ["", t("## Wat niet meetelt", "## What does not count"), ""]
    if not study.wishes.judge:
        lines.append(t("- Alle waarden tellen mee, ook ongeloofwaardige (--all-values).", "- All values count, implausible ones too (--all-values)."))  # fmt: skip
    for code, n in sorted(study.doubted.items()):
        lines.append(t(f"- {code}: {number(n)} waarden", f"- {code}: {number(n)} values"))
    lines += [f"- {note}" for note in study.notes]
    lines += ["", program(), ""]
    return "\n".join(lines)
