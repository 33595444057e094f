"""`bds qualify`: one dossier of a delivery against a scenario, with what the rules say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from bds_tool.base.json_types import JsonObject
from bds_tool.base.vocabulary import file_name
from bds_tool.export.comparing.meaning import with_meaning
from bds_tool.export.qualifying.judging import DIFFERENT, MET, MISSING, Judged, Verdict, judge
from bds_tool.export.qualifying.scenario import Scenario
from bds_tool.validate.tables import element_name

if TYPE_CHECKING:
    from bds_tool.export.dossier.opening import Dossier


class SourceFile(NamedTuple):
    pad: str
    formaat: str
    sha256: str | None


@dataclass(frozen=True)
class Qualified:
    """`version` is that of the dossier (empty: not told), `errors` its findings of severity `fout` (`bds validate`)."""

    scenario: Scenario
    judged: Judged
    version: str
    errors: int
    codes: tuple[str, ...]
    sources: tuple[SourceFile, ...]

    @property
    def other_version(self) -> bool:
        """Whether the dossier surely is of another version of the BDS than the scenario is about."""
        return self.version not in {"", self.scenario.version}

    @property
    def passed(self) -> bool:
        """All items are met, in the version that is asked, and the rules find no errors."""
        return (
            self.judged.count(MET) == len(self.judged.verdicts) and not self.errors and not self.other_version
        )


def qualify(scenario: Scenario, dossier: Dossier) -> Qualified:
    """Hold a dossier beside a scenario. Where it does not surely tell its version, it is read as that of the scenario."""
    sure = {
        v for v, how in dossier.sources.select("bds_herkend", "bds_zekerheid").iter_rows() if how == "zeker"
    }
    given = {v for v in dossier.sources["bds_opgegeven"] if v}
    told = sorted((given or sure) - {None})
    version = told[-1] if told else ""
    rows = with_meaning(dossier.rows, version or scenario.version)
    wrong = dossier.findings.filter(dossier.findings["severity"] == "fout")
    return Qualified(
        scenario,
        judge(scenario, rows),
        version,
        wrong.height,
        tuple(sorted(wrong["code"].unique())),
        tuple(map(SourceFile._make, dossier.sources.select("pad", "formaat", "sha256").iter_rows())),
    )


def facts(found: Qualified, *, values: bool) -> JsonObject:
    """All of it for JSON. Values of the dossier only with `values`."""
    judged, scenario = found.judged, found.scenario
    return {
        "schema_version": 1,
        "scenario": {"id": scenario.id, "title": scenario.name, "direction": scenario.direction, "bds": scenario.version,
                     "source": scenario.source, "certainty": scenario.certainty},
        "input": [{"file": file_name(s.pad), "format": s.formaat, "sha256": s.sha256} for s in found.sources],
        "bds": found.version or None,
        "passed": found.passed,
        "summary": {"required": len(judged.verdicts), "met": judged.count(MET), "missing": judged.count(MISSING),
                    "different": judged.count(DIFFERENT), "percent": judged.percent, "not_asked": judged.not_asked,
                    "errors": found.errors, "error_codes": list(found.codes)},
        "items": [_item(nr, v, values=values) for nr, v in enumerate(judged.verdicts, 1)],
    }  # fmt: skip


#: Words of a status in JSON.
_KEYS = {MET: "met", MISSING: "missing", DIFFERENT: "different"}


def _item(nr: int, v: Verdict, *, values: bool) -> JsonObject:
    item = v.item
    told: JsonObject = {
        "nr": nr, "moment": item.moment or None, "element": item.element, "name": element_name(item.element),
        "group": item.group or None, "instance": item.instance if item.group else None, "expected": item.value,
        "status": _KEYS[v.status], "contact_found": v.contact, "line": v.line,
    }  # fmt: skip
    return told | ({"found": v.found} if values else {})
