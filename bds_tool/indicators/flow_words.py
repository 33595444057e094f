"""What the flow of a run and of an indicator is called, for who counts and for who reads what was published."""

from __future__ import annotations

from collections.abc import Mapping

from bds_tool.base.text import number, t

#: Columns of the flow of an indicator: key in the metadata → name in Dutch and English.
COLUMNS = {
    "indicator": ("indicator", "indicator"),
    "dossiers": ("dossiers", "dossiers"),
    "birth_date": ("zonder_geboortedatum", "without_birth_date"),
    "objections": ("bezwaar", "objection"),
    "double": ("dubbel_dossier", "double_dossier"),
    "outside": ("buiten_leeftijd_of_contact", "outside_age_or_contact"),
    "deceased": ("waarvan_overleden", "of_which_deceased"),
    "moved": ("waarvan_vertrokken", "of_which_moved"),
    "population": ("populatie", "population"),
    "not_delivered": ("niet_geleverd", "not_delivered"),
    "implausible": ("ongeloofwaardig", "implausible"),
    "codes_not_understood": ("code_onbekend", "code_unknown"),
    "conflicts": ("tegenspraak", "contradiction"),
    "missing": ("zonder_gegevens", "without_data"),
    "n": ("noemer", "denominator"),
    "x": ("teller", "numerator"),
}
#: What of it is published, with what it is called there.
PUBLISHED = {
    "birth_date": ("Zonder bruikbare geboortedatum", "Without a usable birth date"),
    "objections": ("Bezwaar (element 1404)", "Objection (element 1404)"),
    "double": ("Tweede dossier van een kind", "Second dossier of a child"),
    "outside": ("Buiten leeftijd of zonder contact", "Outside the age or without a contact"),
    "deceased": ("waarvan overleden", "of which deceased"),
    "moved": ("waarvan vertrokken of uit zorg", "of which moved or out of care"),
    "not_delivered": ("Niet aangeleverd", "Not delivered"),
    "implausible": ("Ongeloofwaardig", "Implausible"),
    "codes_not_understood": ("Code niet begrepen", "Code not understood"),
    "conflicts": ("Spreekt zich tegen", "Contradicts itself"),
}
#: The same of the whole run.
RUN = {
    "dossiers": ("Dossiers gelezen", "Dossiers read"),
    "without_birth_date": ("Zonder geboortedatum", "Without a birth date"),
    "two_birth_dates": ("Met meer dan één geboortedatum", "With more than one birth date"),
    "objections_left_out": ("Met bezwaar (element 1404)", "With an objection (element 1404)"),
    "double": ("Tweede dossier van een kind", "Second dossier of a child"),
    "born_later": ("Geboren na de periode", "Born after the period"),
    "without_contact": ("Zonder contact", "Without a contact"),
    "deceased": ("Overleden", "Deceased"),
    "left": ("Vertrokken uit Nederland", "Left the Netherlands"),
    "ended": ("Zorg beëindigd", "Care ended"),
    "codes_not_understood": ("Antwoorden met een onbekende code", "Answers with an unknown code"),
    "conflicts": ("Antwoorden van één dag die elkaar tegenspreken", "Answers of one day that contradict each other"),
}  # fmt: skip


def words(found: Mapping[str, int | None]) -> list[str]:
    """The flow in words, for who counts; it is left out of what is published."""
    told = {
        "without_birth_date": t("zonder bruikbare geboortedatum (tellen niet)", "without a birth date (do not count)"),
        "two_birth_dates": t("met meer dan één geboortedatum (tellen niet)", "with more than one birth date (do not count)"),
        "objections_left_out": t("met bezwaar, element 1404 (tellen niet)", "with an objection, element 1404 (do not count)"),
        "born_later": t("geboren na de periode", "born after the period"),
        "without_contact": t("zonder contact", "without a contact"),
        "deceased": t("overleden", "deceased"),
        "left": t("vertrokken uit Nederland", "left the Netherlands"),
        "ended": t("zorg beëindigd", "care ended"),
        "double": t("van een kind met nog een dossier (telt eenmaal)", "of a child with another dossier (counts once)"),
    }  # fmt: skip
    parts = [f"{number(n)} {v}" for k, v in told.items() if (n := found.get(k))]
    read = "?" if (n := found["dossiers"]) is None else number(n)
    lines = [
        t(f"gelezen: {read} dossiers", f"read: {read} dossiers")
        + (t(", waarvan ", ", of which ") + ", ".join(parts) if parts else "")
    ]
    if n := found["codes_not_understood"]:
        lines.append(
            t(
                f"{number(n)} antwoorden met een code die de lijst niet kent: die tellen als ontbrekend",
                f"{number(n)} answers with a code that its list does not have: counted as missing",
            )
        )
    if n := found["conflicts"]:
        lines.append(
            t(
                f"{number(n)} keer spreken antwoorden van één dag elkaar tegen: die tellen niet",
                f"{number(n)} times answers of one day contradict each other: they do not count",
            )
        )
    return lines
