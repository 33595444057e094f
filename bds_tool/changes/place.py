"""The place of a new or moved element: what follows from its rubriek and group is filled in, the rest is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bds_tool.base.errors import UsageError
from bds_tool.base.text import t

if TYPE_CHECKING:
    from bds_tool.schema.model import Definition, Element

#: What is proposed is no fact of a publication.
PROPOSED = "voorstel"
_IN_MESSAGE = {"KL_AN": "CV", "AN": "ST", "BL": "BL", "PQ": "PQ", "INT": "INT", "TS": "TS"}
#: Templates of observations end in 40000 + the number of the element (berichtspecificatie DOB, all versions).
_TEMPLATE = "2.16.840.1.113883.2.4.6.10.100."
_PLACE = ("locatie_soort", "pad", "template_id")


def new_element(d: Definition, number: int, given: Mapping[str, str]) -> dict[str, str]:
    """The row of a new element: what was given, and what follows from it.

    Raises UsageError that asks for what does not follow.
    """
    row = {"status": "actief", "in_bericht": "ja", "zekerheid": PROPOSED, "bron": PROPOSED, "card_bron": PROPOSED,
           "card_min": "0", "card_max": "1", "card_bericht_min": "0", "card_bericht_max": "1", **given}  # fmt: skip
    if row["in_bericht"] != "ja":
        return row
    row |= _home(d, row)
    if row.get("datatype") and not row.get("hl7_datatype"):
        row["hl7_datatype"] = _IN_MESSAGE.get(row["datatype"], "")
    return row | {k: v for k, v in place(d, number, row).items() if k not in given}


def _home(d: Definition, row: Mapping[str, str]) -> dict[str, str]:
    """The rubriek and the whole group: `G005` inside `G082` is `G082/G005`."""
    inner = row.get("groep", "").split("/")[-1]
    group = d.groepen.get(inner)
    if group is None:
        return {}
    whole = inner
    while (above := d.groepen.get(whole.split("/")[0])) is not None and above.bovenliggende_groep:
        whole = f"{above.bovenliggende_groep}/{whole}"
    standing = next((e.groep for e in d.in_bericht.values() if e.groepen and e.groepen[-1] == inner), "")
    return {"rubriek": row.get("rubriek") or group.rubriek, "groep": standing or whole}


def place(d: Definition, number: int, row: Mapping[str, str]) -> dict[str, str]:
    """`locatie_soort`, `pad` and `template_id` after the neighbours in the same rubriek and group.

    Raises UsageError where no neighbour shows where an element with a code of its own stands.
    """
    rubriek, groep = row.get("rubriek", ""), row.get("groep", "")
    if row.get("pad"):
        return {}
    near = _neighbour(d, number, rubriek, groep, row.get("hl7_datatype", ""), row.get("locatie_soort", ""))
    near = near or _observation(d, rubriek)
    if near is None:
        raise UsageError(
            t(f"Uit rubriek {rubriek or '—'} en groep {groep or '—'} volgt niet waar {number} in het bericht staat.",
              f"Rubriek {rubriek or '—'} and group {groep or '—'} do not tell where {number} stands in the message."),
            t("Geef --set locatie_soort=… en --set pad=…; `bds spec path` toont hoe het bij andere elementen is.",
              "Give --set locatie_soort=… and --set pad=…; `bds spec path` shows how it is with other elements."),
        )  # fmt: skip
    path = near.pad.replace(f"[code='{near.bdsnummer}']", f"[code='{number}']")
    path = path.replace(f"[code='{near.rubriek}']", f"[code='{rubriek}']")
    for before, after in zip(near.groepen, groep.split("/"), strict=False):
        path = path.replace(f"'{before}'", f"'{after}'")
    if groep and not near.groepen and near.locatie_soort == "observation":
        own = f"/component/observation[code='{number}']"
        path = path.replace(own, f"/component/groupCluster[code='{groep.split('/')[-1]}']{own}")
    if not groep and near.groepen:
        path = re.sub(r"/component/groupCluster\[code='G\d{3}'\]", "", path)
    template = near.template_id
    if template == f"{_TEMPLATE}{40000 + near.bdsnummer}":
        template = f"{_TEMPLATE}{40000 + number}"
    return {"locatie_soort": near.locatie_soort, "pad": path, "template_id": template}


def _observation(d: Definition, rubriek: str) -> Element | None:
    """What stands in a rubriek of an activity is an observation, also where the rubriek is new and still empty."""
    home = d.rubrieken.get(rubriek)
    if (
        home is None
        or home.binding != "activiteitgebonden"
        or any(e.rubriek == rubriek for e in d.in_bericht.values())
    ):
        return None
    return next(
        (e for e in d.in_bericht.values() if e.locatie_soort == "observation" and not e.groepen), None
    )


def _neighbour(
    d: Definition, number: int, rubriek: str, groep: str, kind: str, place_: str
) -> Element | None:
    """An element with a code of its own that stands where the new one will stand: same group and kind first."""
    fitting = [
        e
        for e in d.in_bericht.values()
        if e.rubriek == rubriek
        and e.bdsnummer != number
        and e.pad.endswith(_ends(e))
        and place_ in {"", e.locatie_soort}
    ]
    # The values of a consent and of a remark differ: without the same kind of value it is another sort of place.
    if {e.locatie_soort for e in fitting} - {"observation"}:
        fitting = [e for e in fitting if not kind or e.hl7_datatype == kind] or fitting
    depth = len([g for g in groep.split("/") if g])
    ranked = sorted(
        fitting,
        key=lambda e: (
            e.groep != groep,
            e.hl7_datatype != kind,
            abs(len(e.groepen) - depth),
            e.locatie_soort != "observation",
            e.bdsnummer,
        ),
    )
    return ranked[0] if ranked else None


def _ends(e: Element) -> tuple[str, ...]:
    """How the path of an element with a code of its own ends: nothing of it is another element."""
    code = f"[code='{e.bdsnummer}']"
    return tuple(code + end for end in ("/value", "/text", "/@negationInd"))
