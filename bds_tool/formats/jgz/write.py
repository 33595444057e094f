"""Writing the vaccinations of a store as messages to the RIVM: those that are due, and none that it would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from bds_tool.base import clock
from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_dir, atomic_file
from bds_tool.base.text import number, t
from bds_tool.formats.dob.lacking import words
from bds_tool.formats.dob.model import model_for
from bds_tool.formats.dob.model.faults import local
from bds_tool.formats.dob.model.judge import judge
from bds_tool.formats.dob.write import dossiers
from bds_tool.formats.jgz.compose import ANONYMISED, NAMED, Child, Composer
from bds_tool.formats.jgz.due import (
    KIND,
    Activity,
    Vaccination,
    activities,
    consents,
    elements,
    instance,
)
from bds_tool.formats.jgz.walk import edition
from bds_tool.formats.writing import WriteOptions, Written, version_of
from bds_tool.schema import load
from bds_tool.store.columns import Registratie

if TYPE_CHECKING:
    from lxml.etree import _Element

    from bds_tool.formats.dob.model import Model
    from bds_tool.formats.dob.model.faults import Fault
    from bds_tool.store.store import Store

#: `--to` → the message
ROOTS = {"vaccinaties": NAMED, "geanonimiseerd": ANONYMISED}
_ADDRESS = frozenset({8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 630, 697})
_ORGANISATION = frozenset({603, 1506, 1529})
_GIVEN = "{urn:hl7-org:v3}substanceAdministrationEvent"


@dataclass
class Tally:
    """What was written, per reason how many vaccinations could not be sent, and how many belong in the other message.

    `left`: what the message has no place for.
    """

    messages: int = 0
    vaccinations: int = 0
    children: int = 0
    unsent: dict[str, int] = field(default_factory=dict)
    elsewhere: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)

    def leave(self, reason: str, count: int) -> None:
        self.unsent[reason] = self.unsent.get(reason, 0) + count


def write_vaccinations(store: Store, out: Path, options: WriteOptions) -> Written:
    """The messages that are due, one per activity, in folder `out` (or a file that ends in .xml, for one message).

    With consent 1533 a child's vaccinations and refusals go with its name (`vaccinaties`); without it what was given goes
    anonymised. Nothing is written that the official rules refuse: such a vaccination is counted with the reason, and with
    `strict` nothing at all is written. Raises UsageError for an unknown sender.
    """
    _sender(options)
    told = Tally()
    made = _messages(store, options, told)
    first = next(made, None)
    if out.suffix.lower() == ".xml":
        second = None if first is None else next(made, None)
        if second is not None:
            raise UsageError(
                t(
                    f"Er zijn meer berichten dan in {out} passen.",
                    f"There are more messages than fit in {out}.",
                ),
                t("Geef een map als uitvoer.", "Give a folder as output."),
            )
        _refuse(told, strict=options.strict)
        if first is not None:
            with atomic_file(out, private=True) as temporary:
                temporary.write_bytes(first)
    elif first is None:
        _refuse(told, strict=options.strict)
    else:
        with atomic_dir(out, replace=options.replace, private=True) as folder:
            for count, content in enumerate(_again(first, made), start=1):
                (folder / f"{options.formaat}-{count:06d}.xml").write_bytes(content)
            _refuse(told, strict=options.strict)
    return Written(
        told.messages, told.vaccinations, told.children, told.left, {}, told.unsent, told.elsewhere
    )


def _again(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _sender(options: WriteOptions) -> None:
    """A message says who sends it; what `[sender]` does not say is not made up."""
    sender = options.sender
    needed = {
        "application": sender.application,
        "receiver": sender.receiver,
        "uzi-system": sender.uzi_system,
        "ura": sender.ura,
        "name": sender.name,
    }
    lacking = [name for name, value in needed.items() if not value]
    if lacking:
        raise UsageError(
            t(
                f"In [sender] van bds.toml ontbreekt: {', '.join(lacking)}.",
                f"[sender] of bds.toml lacks: {', '.join(lacking)}.",
            ),
            t(
                "Zonder afzender weigert het RIVM elk bericht. `docs/howto/vaccinaties-versturen.md` laat zien hoe.",
                "Without a sender the RIVM refuses every message. `docs/howto/vaccinaties-versturen.md` shows how.",
            ),
        )


def _refuse(told: Tally, *, strict: bool) -> None:
    lacking = {w: n for w, n in told.unsent.items() if w != _no_consent()}  # that one is as it should be
    if not strict or not lacking:
        return
    shown = "; ".join(f"{w} ({number(n)})" for w, n in sorted(lacking.items(), key=lambda f: -f[1])[:10])
    raise UsageError(
        t(
            f"Er is niets geschreven: niet elke vaccinatie kan verstuurd worden. {shown}.",
            f"Nothing was written: not every vaccination can be sent. {shown}.",
        ),
        t("Vul de dossiers aan, of laat --strict weg.", "Complete the dossiers, or leave out --strict."),
    )


def _messages(store: Store, options: WriteOptions, told: Tally) -> Iterator[bytes]:
    root = ROOTS[options.formaat]
    version = options.bds or version_of(store)
    model = model_for(root, version)
    if (
        model is None or not model.message.templates
    ):  # of this version nothing is public: by the newest that is
        model = model_for(root, edition(root)[0])
    assert model is not None  # noqa: S101  # both messages are in the tables
    composer = Composer(root, load(version), options.sender, model)
    today = clock.today()
    for rows in dossiers(store):
        due = activities(rows)
        if due:
            before = told.messages
            yield from _of_dossier(rows, due, composer, model, told, consents(rows, today))
            told.children += told.messages > before


def _of_dossier(
    rows: list[Registratie],
    due: list[Activity],
    composer: Composer,
    model: Model,
    told: Tally,
    consent: bool,
) -> Iterator[bytes]:
    named = composer.root == NAMED
    if named != consent:
        given = sum(not v.refused for a in due for v in a.vaccinations)
        refused = sum(v.refused for a in due for v in a.vaccinations)
        going = given + refused if consent else given  # a refusal goes with the child or nowhere
        if going:
            where = "vaccinaties" if consent else "geanonimiseerd"
            told.elsewhere[where] = told.elsewhere.get(where, 0) + going
        if refused and named:
            told.leave(_no_consent(), refused)
        return
    child = Child(
        elements(rows),
        instance(rows, _ADDRESS, frozenset({16}), 1454),
        instance(rows, _ORGANISATION, _ORGANISATION, 1458),
        str(rows[0]["dossier_id"]),
    )
    for activity in due:
        chosen = []
        for vaccination in activity.vaccinations:
            if vaccination.mixed:
                told.leave(_mixed(), 1)
            elif KIND not in vaccination.rows:
                told.leave(_no_kind(), 1)
            elif vaccination.refused and not named:
                told.leave(_no_consent(), 1)
            else:
                chosen.append(vaccination)
        content = _clean(child, activity, chosen, composer, model, told) if chosen else None
        if content is not None:
            told.messages += 1
            yield content


def _clean(
    child: Child,
    activity: Activity,
    chosen: list[Vaccination],
    composer: Composer,
    model: Model,
    told: Tally,
) -> bytes | None:
    """The message without the vaccinations that the official rules refuse; None when nothing is left."""
    while chosen:
        root = composer.message(child, activity, chosen)
        faults = [f for f in judge(root, model) if f.role == "error"]
        if not faults:
            told.vaccinations += len(chosen)
            for name in composer.left:
                told.left[name] = told.left.get(name, 0) + 1
            return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))
        given = list(root.iter(_GIVEN))
        around = [f for f in faults if _within(f.element, given) is None]
        if around:
            told.leave(_why(around[0]), len(chosen))
            return None
        first: dict[int, Fault] = {}
        for fault in faults:
            first.setdefault(_within(fault.element, given) or 0, fault)
        for fault in first.values():
            told.leave(_why(fault), 1)
        chosen = [v for n, v in enumerate(chosen) if n not in first]
    return None


def _within(element: _Element, given: list[_Element]) -> int | None:
    """The number of the vaccination in which an element stands."""
    above = {element, *element.iterancestors()}
    return next((n for n, g in enumerate(given) if g in above), None)


def _why(fault: Fault) -> str:
    """A fault in words that name the element of the BDS, where it is one; else its place."""
    place = (local(fault.element.tag), fault.subject.lstrip("@"))
    inside = [local(e.tag) for e in (fault.element, *fault.element.iterancestors())]
    for names, reason in _reasons().items():
        head, _, tag = names.rpartition("/")
        asked = tag in place or any(name.startswith(tag + "[") for name in fault.names)
        if asked and (not head or head in inside):
            return reason
    return words(fault)


def _reasons() -> dict[str, str]:
    """`in/element` → what lacks, or is not as the standard wants it."""
    return {
        "substanceAdministrationEvent/effectiveTime": t(
            "datum vaccinatie (1409) ontbreekt of is niet volledig",
            "date of vaccination (1409) lacks or is incomplete",
        ),
        "substanceAdministrationEvent/administrableMedicine": _no_kind(),
        "administrableMedicine/code": _no_kind(),
        "substanceAdministrationEvent/lotNumberText": t(
            "partijnummer (472) is niet zoals het hoort", "batch number (472) is not as it should be"
        ),
        "observationEvent/value": t(
            "bezwaar (683) is geen code van W0323", "objection (683) is no code of W0323"
        ),
        "attentionLine/value": _no_bsn(),
        "patient/id": _no_bsn(),
        "patient/addr": t("adres is niet zoals het hoort", "address is not as it should be"),
        "addr/postalCode": t("postcode (16) is niet zoals het hoort", "postcode (16) is not as it should be"),
        "patientPerson/name": t("naam (4, 6) ontbreekt", "name (4, 6) lacks"),
        "patientPerson/administrativeGenderCode": t(
            "geslacht (19) ontbreekt of is geen code van W0023", "sex (19) lacks or is no code of W0023"
        ),
        "patientPerson/birthTime": t("geboortedatum (20) ontbreekt", "date of birth (20) lacks"),
        "administrativeObservation/value": t(
            "vaccinatieschema (1584) is geen code van W0681", "schedule (1584) is no code of W0681"
        ),
        "encounterEvent/code": t(
            "soort activiteit (494) ontbreekt of is geen code van W0188",
            "kind of activity (494) lacks or is no code of W0188",
        ),
        "encounterEvent/effectiveTime": t(
            "datum activiteit (724) ontbreekt of is niet volledig",
            "date of activity (724) lacks or is incomplete",
        ),
        "encounterEvent/id": t("nummer van de activiteit ontbreekt", "number of the activity lacks"),
        "CareProvisionEvent/id": t("dossiernummer (695) ontbreekt", "dossier number (695) lacks"),
    }


def _no_kind() -> str:
    return t(
        "soort vaccinatie (461) ontbreekt of is geen code van W0422",
        "kind of vaccination (461) lacks or is no code of W0422",
    )


def _no_bsn() -> str:
    return t("BSN (7) ontbreekt of is geen BSN", "BSN (7) lacks or is no BSN")


def _no_consent() -> str:
    return t(
        "bezwaar tegen vaccinatie gaat niet mee zonder toestemming (1533)",
        "an objection to vaccination is not sent without consent (1533)",
    )


def _mixed() -> str:
    return t(
        "vaccinaties in één activiteit zijn niet uit elkaar te houden (volgnr ontbreekt)",
        "vaccinations in one activity cannot be told apart (volgnr lacks)",
    )
