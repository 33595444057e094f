"""The files beside the pages: tables with their descriptions, the index of the search, and the areas for comparing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.escaping import cells as safe_cells
from bds_tool.base.names import child, file_name
from bds_tool.base.text import t
from bds_tool.export.report import cells, words
from bds_tool.export.report.book import Area, Book, theme_title
from bds_tool.export.report.catalogue import entry
from bds_tool.export.report.columns import COLUMNS, csvw, json_schema
from bds_tool.export.report.style import Style
from bds_tool.export.report.tables import long_table, write_workbook
from bds_tool.indicators.told import Row

if TYPE_CHECKING:
    import polars as pl

#: Files of the folder `data` that belong to no area.
TAKEN = ("index", "gemeenten", "catalogus", "gebied.schema", "indicator", "vergelijk")
#: Columns of the JSON files; what is the same for a whole indicator or area is in the CSV only.
JSON_COLUMNS = [
    c
    for c in COLUMNS
    if c
    not in {
        "title",
        "theme",
        "unit",
        "counted",
        "area_name",
        "sex",
        "education",
        "age",
        "origin",
        "mother_age",
    }
]
#: Of one indicator all its breakdowns are in the file, so their columns too.
ONE_COLUMNS = [c for c in COLUMNS if c not in {"title", "theme", "unit", "counted", "area_name"}]
#: Above this number of rows a workbook takes longer than it helps: spreadsheets open the CSV.
WORKBOOK_MAX = 4_000


def compact(content: object) -> str:
    """JSON without blanks, safe inside a script: no text can close its element."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


class Files:
    """Writes the files of a site below `folder`, and remembers them for the catalogue."""

    def __init__(self, book: Book, folder: Path, style: Style) -> None:
        self.book = book
        self.data = folder / "data"
        self.style = style
        self.written: list[str] = []
        for part in ("indicator", "vergelijk"):
            (self.data / part).mkdir(parents=True)
        self.place = {key: i for i, key in enumerate(book.indicators)}
        self.workbooks = _workbooks()

    def area(self, code: str, part: pl.DataFrame) -> None:
        """CSV with its CSVW, and JSON, of one gemeente with its wijken."""
        table = long_table(self.book, part)
        self._csv(child(self.data, code, ".csv", taken=TAKEN), table)
        path = child(self.data, code, ".json", taken=TAKEN)
        self._json(path, table.select(JSON_COLUMNS))

    def indicator(self, key: str, part: pl.DataFrame) -> list[str]:
        """CSV with its CSVW, JSON and, when it is not too long, XLSX of one indicator; returns the file names."""
        table = long_table(self.book, part)
        folder = self.data / "indicator"
        made = [child(folder, key, ".csv"), child(folder, key, ".json")]
        self._csv(made[0], table)
        self._json(made[1], table.select(ONE_COLUMNS))
        if self.workbooks and table.height <= WORKBOOK_MAX:
            made.append(child(folder, key, ".xlsx"))
            write_workbook(self.book, [(t("Tabel", "Table"), table)], made[2])
            self._remember(made[2])
        return [p.name for p in made]

    def whole(self, name: str, part: pl.DataFrame) -> None:
        """CSV with its CSVW of rows of many areas."""
        self._csv(self.data / name, long_table(self.book, part))

    def comparing(self, area: Area, rows: Iterable[Row]) -> None:
        """The figures of one area as a script: a page opened from disk may not fetch, but may run one beside it."""
        periods: dict[str, list[list[Any]]] = {}
        for row in rows:
            known = self.book.indicators[row["indicator"]]
            figure: list[Any] = [self.place[row["indicator"]]]
            if cells.shown(row) or cells.coded(row):
                figure += [cells.value(row, known.unit), cells.interval(row, known.unit)]
                figure += [row["value"], row["lower"], row["upper"]]
            else:
                figure.append(words.absent(row))
            periods.setdefault(row["period"], []).append(figure)
        script = f"bdsGebied({compact(area.code)},{compact(periods)});\n"
        child(self.data / "vergelijk", area.code, ".js").write_text(script, encoding="utf-8")

    def index(self, areas: Iterable[Area], folder: Path) -> None:
        """What the search and the comparison know: names and addresses, no figures."""
        names = self.book.areas
        content = {
            "gebieden": [
                [
                    a.code,
                    a.name,
                    names[a.parent].name if a.parent in names and names[a.parent] != self.book.top else "",
                    file_name(a.code),
                ]
                for a in areas
            ],
            "indicatoren": [
                [i.id, i.title, theme_title(i.theme), file_name(i.id)] for i in self.book.indicators.values()
            ],
            "periodes": self.book.periods,
        }
        (folder / "zoek.js").write_text(f"window.bdsIndex={compact(content)};\n", encoding="utf-8")

    def finish(self, title: str) -> None:
        """The layout of the JSON files and the entry for a catalogue."""
        _write(self.data / "gebied.schema.json", json_schema(JSON_COLUMNS))
        _write(self.data / "indicator" / "indicator.schema.json", json_schema(ONE_COLUMNS))
        _write(self.data / "catalogus.jsonld", entry(self.book, self.style, self.written, title))

    def _csv(self, path: Path, table: pl.DataFrame) -> None:
        safe_cells(table).write_csv(path)
        described = csvw(self.book, path.name)
        if self.style.license:
            described["dc:license"] = {"@id": self.style.license}
        _write(path.with_name(path.name + "-metadata.json"), described, indent=None)
        self._remember(path)

    def _json(self, path: Path, slim: pl.DataFrame) -> None:
        path.write_text(compact({"kolommen": slim.columns, "rijen": slim.rows()}), encoding="utf-8")
        self._remember(path)

    def _remember(self, path: Path) -> None:
        self.written.append(path.relative_to(self.data).as_posix())


def _write(path: Path, content: object, indent: int | None = 1) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=indent), encoding="utf-8")


def _workbooks() -> bool:
    try:
        import xlsxwriter
    except ImportError:
        return False
    return bool(xlsxwriter)
