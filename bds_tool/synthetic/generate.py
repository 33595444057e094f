"""A whole population, chunk by chunk, into a store; one thread draws while another writes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.base.errors import UsageError
from bds_tool.base.pools import threads
from bds_tool.base.text import t
from bds_tool.schema import Definition, load, newest
from bds_tool.store.columns import BronFacts
from bds_tool.synthetic import contacts, development, dossier, encounter, people, schooling
from bds_tool.synthetic.chance import Chance
from bds_tool.synthetic.coder import CODINGS, Coder
from bds_tool.synthetic.defects import Planter, defect_kinds
from bds_tool.synthetic.draw import Draw
from bds_tool.synthetic.feeding import feeding
from bds_tool.synthetic.measuring import growth
from bds_tool.synthetic.population import DAYS_PER_YEAR, Growth, population
from bds_tool.synthetic.region import Region, build, parse
from bds_tool.synthetic.residents import FILE as RESIDENTS
from bds_tool.synthetic.residents import Residents
from bds_tool.synthetic.rows import Rows
from bds_tool.synthetic.truth import Truth
from bds_tool.synthetic.vaccination import vaccinations

if TYPE_CHECKING:
    import pyarrow as pa

#: Children drawn together. The result does not depend on it.
CHUNK = 2_000
#: Dossier and activity keys have room for this many children.
CHILDREN_MAX = 9_999_999
#: Themes that can be left out; identity and activities are always there.
THEMES: dict[str, Callable[[Draw], None]] = {
    "ouders": dossier.parents,
    "zwangerschap": dossier.pregnancy,
    "zorg": dossier.care,
    "groei": growth,
    "voeding": feeding,
    "vaccinatie": vaccinations,
    "ontwikkeling": development.items,
    "sdq": development.sdq,
    "vragen": development.questions,
    "aanvulling": development.more,
    "conclusie": encounter.conclusions,
    "school": schooling.schools,
}


@dataclass
class Request:
    """What to generate. `reference` is the day until which is registered; empty means that of the spec."""

    children: int
    seed: int = 1
    bds: str = ""
    region: str = "klein"
    coding: str = "bds"
    themes: tuple[str, ...] = tuple(THEMES)
    population: str = "nederland"
    reference: date | None = None
    chunk: int = CHUNK
    first: int = 0
    defects: str = ""
    defect_rate: float = 1.0


class Generator:
    """Draws the chunks of one request; the same request gives the same rows."""

    def __init__(self, request: Request) -> None:
        _check(request)
        self.request = request
        self.spec = population(request.population)
        self.definition: Definition = load(request.bds or newest())
        self.chance = Chance(request.seed)
        given = request.reference or self.spec["peildatum"]
        self.reference = given if isinstance(given, date) else date.fromisoformat(str(given))
        self.day = (self.reference - date(1970, 1, 1)).days
        sizes = parse(request.region, self.spec["gebied"]["presets"])
        self.region: Region = build(
            self.definition, self.spec["gebied"], sizes, request.children, self.chance
        )
        self.growth = Growth(int((float(self.spec["jaren"]["waarde"]) + 1) * DAYS_PER_YEAR))
        self.coder = Coder(self.definition, request.coding)
        self.truth = Truth(len(self.region.buurt))
        self.residents = Residents(len(self.region.buurt), self.reference.year)
        self.planter = self._planter()

    def _planter(self) -> Planter | None:
        request = self.request
        if not request.defects:
            return None
        kinds = defect_kinds(request.defects, request.defect_rate)
        return Planter(kinds, self.chance, self.reference, self.definition.version, request.coding)

    def tables(self) -> Iterator[pa.Table]:
        """Tables with the columns of `registraties`, in the order of the children."""
        request = self.request
        end = request.first + request.children
        for start in range(request.first, end, request.chunk):
            yield self._chunk(np.arange(start, min(start + request.chunk, end), dtype=np.int64))

    def _chunk(self, child: Any) -> pa.Table:  # noqa: ANN401
        who = people.draw(self.spec, self.region, self.chance, child, self.day)
        self.residents.add(who)
        acts = contacts.draw(self.spec, who, self.chance, self.day)
        rows = Rows(self.coder, who, acts)
        d = Draw(
            self.spec,
            self.region,
            self.chance,
            self.coder,
            who,
            acts,
            rows,
            self.growth,
            self.truth,
            self.day,
        )
        dossier.identity(d)
        encounter.header(d)
        for theme, write in THEMES.items():
            if theme in self.request.themes:
                write(d)
        table = rows.table(1)
        if self.planter:
            import polars as pl

            planted: pa.Table = self.planter.plant(pl.DataFrame(table)).to_arrow()
            return planted
        return table

    def facts(self) -> BronFacts:
        """The row of `bronnen`: told apart from a real source by its name and format."""
        request = self.request
        told = {
            "children": request.children,
            "seed": request.seed,
            "bds": self.definition.version,
            "region": request.region,
            "coding": request.coding,
            "themes": list(request.themes),
            "population": request.population,
            "reference": str(self.reference),
            "defects": [request.defects, request.defect_rate],
        }
        text = json.dumps(told, sort_keys=True)
        return {
            "pad": f"bds generate --seed {request.seed}",
            "formaat": "dob-generate" if request.coding == "hl7" else "generate",
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "bytes": 0,
            "organisatie": "Verzonnen JGZ",
            "bds_opgegeven": self.definition.version,
            "bds_herkend": self.definition.version,
            "bds_zekerheid": "zeker",
            "dossiers": request.children,
        }


def generate(
    request: Request, out: Path, *, replace: bool = False, progress: Callable[[int, int], None] | None = None
) -> int:
    """Write the store at `out` with areas, truth and residents beside the rows; returns the rows."""
    import pyarrow.parquet as pq

    from bds_tool.store.store import StoreWriter

    generator = Generator(request)
    total = -(-request.children // request.chunk)
    with StoreWriter(out, replace=replace) as writer, threads() as pool:
        waiting: Future[None] | None = None
        for number, table in enumerate(generator.tables(), start=1):
            if waiting:
                waiting.result()
            waiting = pool.submit(writer.add_table, table)
            if progress:
                progress(number, total)
        if waiting:
            waiting.result()
        rows = writer.count
        # The time of making would make two runs of one seed differ.
        moment = np.datetime64(generator.reference, "s").item()
        writer.add_bron(**generator.facts() | {"rijen": rows, "gelezen": moment})
        for name, table in {
            "gebieden.parquet": generator.region.table(generator.reference.year),
            "waarheid.parquet": generator.truth.table(generator.region),
        }.items():
            pq.write_table(table, writer.folder / name)
        generator.residents.write(writer.folder / RESIDENTS, generator.region)
        if generator.planter:
            generator.planter.manifest().write_parquet(writer.folder / "defecten.parquet")
    return rows


def _check(request: Request) -> None:
    if not 1 <= request.children <= CHILDREN_MAX:
        raise UsageError(
            t(
                f"Het aantal kinderen moet tussen 1 en {CHILDREN_MAX} liggen.",
                f"The number of children must be between 1 and {CHILDREN_MAX}.",
            ),
            t("Kies een ander aantal met --children.", "Choose another number with --children."),
        )
    unknown = [theme for theme in request.themes if theme not in THEMES]
    if unknown:
        raise UsageError(
            t(f"Onderdeel {unknown[0][:40]} bestaat niet.", f"Theme {unknown[0][:40]} does not exist."),
            t(f"Kies uit: {', '.join(THEMES)}.", f"Choose from: {', '.join(THEMES)}."),
        )
    if request.coding not in CODINGS:
        raise UsageError(
            t(
                f"Codering {request.coding[:20]} bestaat niet.",
                f"Coding {request.coding[:20]} does not exist.",
            ),
            t(f"Kies uit: {', '.join(CODINGS)}.", f"Choose from: {', '.join(CODINGS)}."),
        )
