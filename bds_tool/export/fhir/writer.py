"""Writing the export: NDJSON per resource type as in FHIR bulk export, or one Bundle per child."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, Self

import orjson

from bds_tool import __version__
from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_dir
from bds_tool.base.json_types import JsonObject
from bds_tool.base.names import child
from bds_tool.base.pools import in_processes
from bds_tool.base.text import t
from bds_tool.export.fhir import loss
from bds_tool.export.fhir.builder_base import Keuze
from bds_tool.export.fhir.dossier import ADRES_GEHEIM, Bouwer
from bds_tool.export.fhir.identity import Pseudoniem
from bds_tool.export.fhir.loss import Verlies
from bds_tool.export.fhir.plan import load_plan
from bds_tool.export.fhir.profiles import load_profiles
from bds_tool.export.fhir.rows import Deel, bronnen, dossiers, verdeel
from bds_tool.schema.zib.shapes import Vorm
from bds_tool.store.store import Store

#: Sensitive kinds that leave only when asked for by name.
GEVOELIG = (
    "bsn",
    "persoonsnummer",
    "kindermishandeling",
    "verwijsindex",
    "vgv",
    "seksualiteit",
    "werkaantekening",
    ADRES_GEHEIM,
)
#: Below this number of rows one process is faster than two.
PARALLEL_FROM = 300_000
REPORT = "verlies.json"
#: A value in the message of a library: it may be a child's.
_QUOTED = re.compile(r"([\"'`“‘]).*?[\"'`”’]|\d{5,}")


@dataclass(frozen=True, slots=True)
class Opdracht:
    """What to export and how; `controle` is profiel, basis (also base FHIR, needs the extra `fhir`) or geen."""

    key: bytes
    release: str = "2020"
    ongemapt: str = "keep"
    gevoelig: frozenset[str] = frozenset()
    profiel: bool = True
    vorm: str = "ndjson"  # ndjson | bundle
    basis_url: str = "http://localhost/fhir"
    controle: str = "profiel"
    werkers: int = 0
    vandaag: date | None = None


def export(
    store: Store,
    target: Path,
    opdracht: Opdracht,
    *,
    replace: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Verlies:
    """Write the export to the directory `target` (whole or not at all) with its loss report `verlies.json`.

    Raises UsageError for a release without FHIR R4 profiles or an unknown option.
    """
    _valid(opdracht)
    sources = bronnen(store)
    rows = sum(store.bronnen()["rijen"].fill_null(0).to_list())
    workers = opdracht.werkers or (min(2, os.cpu_count() or 1) if rows >= PARALLEL_FROM else 1)
    parts = verdeel(store, sources, workers)
    total = Verlies()
    with atomic_dir(target, replace=replace, private=True) as folder:
        folders = [folder / f".deel-{i:04}" for i in range(len(parts))]
        shared: dict[str, tuple[str, str]] = {}
        jobs = [(str(store.path), part, str(f), opdracht) for part, f in zip(parts, folders, strict=True)]
        alone = workers == 1 or len(jobs) == 1
        results = map(_part, jobs) if alone else in_processes(_part, jobs, workers)
        for done, (result, outside, more) in enumerate(results, start=1):
            total.add(result)
            for n in outside.values():
                total.tel(None, loss.WEGGELATEN, "bericht: envelop", n)
            shared |= more
            if progress:
                progress(done, len(jobs))
        if opdracht.vorm == "ndjson":
            _write_shared(folder, shared)
            for kind, _ in shared.values():
                total.resources[kind] += 1
        _join(folder, folders)
        report = {
            "bds": __version__,
            "fhir": "4.0.1",
            "zib": opdracht.release,
            "ongemapt": opdracht.ongemapt,
            "gevoelig_gevraagd": sorted(opdracht.gevoelig),
            "controle": gecontroleerd(opdracht.controle),
            **total.as_dict(),
        }
        (folder / REPORT).write_text(
            json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        if opdracht.ongemapt == "report":
            _places(folder, total)
    return total


def gecontroleerd(controle: str) -> str:
    """What was and was not checked, in one honest sentence."""
    nl = {
        "geen": "niets gecontroleerd",
        "profiel": "vaste codes, patronen, kardinaliteiten, typen en telbare verplichte bindingen van de geclaimde profielen; niet de HL7-validator",
        "basis": "profieltabel en basis-FHIR R4 (fhirkit) op elk resource; niet de HL7-validator",
    }
    en = {
        "geen": "nothing was checked",
        "profiel": "fixed codes, patterns, cardinalities, types and enumerable required bindings of the claimed profiles; not the HL7 validator",
        "basis": "profile table and base FHIR R4 (fhirkit) on every resource; not the HL7 validator",
    }
    return t(nl[controle], en[controle])


def _valid(o: Opdracht) -> None:
    if o.release != "2020":
        raise UsageError(
            t(
                f"Zib-release {o.release} kan niet naar FHIR R4 worden uitgevoerd.",
                f"Zib release {o.release} cannot be exported to FHIR R4.",
            ),
            t(
                "Release 2017 heeft STU3-profielen en 2024 nog concepten; kies --zib 2020.",
                "Release 2017 has STU3 profiles and 2024 only drafts; choose --zib 2020.",
            ),
        )
    unknown = sorted(o.gevoelig - set(GEVOELIG))
    if unknown:
        raise UsageError(
            t(
                f"Onbekend soort gevoelig gegeven: {', '.join(unknown)}.",
                f"Unknown sensitive kind: {', '.join(unknown)}.",
            ),
            t(f"Kies uit: {', '.join(GEVOELIG)}.", f"Choose one of: {', '.join(GEVOELIG)}."),
        )
    for value, allowed, option in (
        (o.ongemapt, ("keep", "drop", "report"), "--unmapped"),
        (o.vorm, ("ndjson", "bundle"), "--as"),
        (o.controle, ("profiel", "basis", "geen"), "--check"),
    ):
        if value not in allowed:
            raise UsageError(
                t(f"{option} {value} bestaat niet.", f"{option} {value} does not exist."),
                t(f"Kies uit: {', '.join(allowed)}.", f"Choose one of: {', '.join(allowed)}."),
            )
    if o.controle == "basis":
        basis_controle()


def basis_controle() -> Callable[[str], list[str]]:
    """A function that gives the base FHIR R4 errors of one resource (no values). Raises UsageError without the extra."""
    try:
        import fhirkit
    except ImportError as error:
        raise UsageError(
            t(
                "Controle van basis-FHIR vraagt de uitbreiding fhir.",
                "Checking base FHIR needs the extra fhir.",
            ),
            t("Installeer met: pip install 'bds-tool[fhir]'", "Install with: pip install 'bds-tool[fhir]'"),
        ) from error

    def errors(line: str) -> list[str]:
        # A message of the library may quote a value; only its place and kind are told.
        try:
            return [f"{i.path}: {_QUOTED.sub('…', i.message)}" for i in fhirkit.validate(line)]
        except fhirkit.ParseError:
            return ["resource: niet te lezen als FHIR R4"]

    return errors


def _part(
    job: tuple[str, Deel, str, Opdracht],
) -> tuple[Verlies, Counter[int], dict[str, tuple[str, str]]]:
    """Export one part of the store into its own folder; runs in a worker process."""
    path, part, folder, o = job
    store = Store.open(path)
    sources = bronnen(store)
    plan, profiles = load_plan(o.release), load_profiles()
    verlies, outside = Verlies(), Counter[int]()

    def check(resource: JsonObject, vorm: Vorm) -> str:
        if not o.profiel:
            return "geen profiel gevraagd"
        problems = profiles.check(resource, vorm.profiel) if o.controle != "geen" else []
        return problems[0] if problems else ""

    builder = Bouwer(
        plan, Pseudoniem(o.key), Keuze(o.ongemapt, o.gevoelig, o.profiel, o.vandaag), check, verlies, sources
    )
    base = basis_controle() if o.controle == "basis" else None
    with _Files(Path(folder)) as files:
        for bron, dossier, rows in dossiers(store, sources, part, outside):
            work = builder.dossier(bron, dossier, rows)
            lines = (
                [*work.regels, *(("Observation", line) for line in work.observaties)]
                if base or o.vorm == "bundle"
                else []
            )
            if base:
                for kind, line in lines:
                    for problem in base(line):
                        verlies.fouten[f"{kind} {problem}"] += 1
            if o.vorm == "bundle":
                lines += [builder.gedeeld[k] for k in sorted(builder.gebruikt)]
                files.write("Bundle", _bundle(lines, o.basis_url, builder.id("bundle", bron.scope, dossier)))
            else:
                for kind, line in work.regels:
                    files.write(kind, line)
                if work.observaties:
                    files.write("Observation", "\n".join(work.observaties))
    builder.snel.tel(verlies)
    return verlies, outside, builder.gedeeld


def _bundle(lines: list[tuple[str, str]], base: str, sleutel: str) -> str:
    entries = []
    for kind, line in lines:
        entries.append(
            {"fullUrl": f"{base}/{kind}/{orjson.loads(line)['id']}", "resource": orjson.Fragment(line)}
        )
    return orjson.dumps(
        {"resourceType": "Bundle", "id": sleutel, "type": "collection", "entry": entries}
    ).decode()


class _Files:
    """One buffered file per resource type."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._open: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        return self

    def __exit__(self, *details: object) -> None:
        self._stack.close()

    def write(self, kind: str, lines: str) -> None:
        file = self._open.get(kind)
        if file is None:
            file = self._open[kind] = self._stack.enter_context(
                (child(self._folder, kind, ".ndjson")).open("wb", buffering=1 << 20)
            )
        file.write(f"{lines}\n".encode())


def _write_shared(folder: Path, shared: dict[str, tuple[str, str]]) -> None:
    with _Files(folder / ".deel-gedeeld") as files:
        for _, (kind, line) in sorted(shared.items()):
            files.write(kind, line)


def _join(folder: Path, parts: list[Path]) -> None:
    """Put the parts of each type behind each other, in the order of the store."""
    for part in [*parts, folder / ".deel-gedeeld"]:
        if not part.is_dir():
            continue
        for file in sorted(part.iterdir()):
            whole = folder / file.name
            if whole.exists():
                with whole.open("ab") as out, file.open("rb") as piece:
                    shutil.copyfileobj(piece, out, 1 << 20)
            else:
                file.rename(whole)
        shutil.rmtree(part)


def _places(folder: Path, verlies: Verlies) -> None:
    """Where the rows stand that have no counterpart; never their values."""
    lines = ["bdsnummer,bron,regel,reden"]
    lines += [f"{n or ''},{bron},{regel},{reden}" for n, bron, regel, reden in sorted(verlies.plaatsen)]
    (folder / "niet-gemapt.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
