"""Area borders from GeoJSON or GeoPackage: rings of points per area code."""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bds_tool.base.errors import UnreadableError
from bds_tool.base.small import small_bytes
from bds_tool.base.text import t
from bds_tool.store import database

Ring = list[tuple[float, float]]
Polygons = list[list[Ring]]
_CODE = re.compile(r"^(GM\d{4}|WK\d{4}\w{2}|BU\d{4}\w{4})$")


def read_shapes(path: Path) -> Iterator[tuple[str, Polygons]]:
    """(area code, polygons) of every feature with an area code in one of its properties. Raises UnreadableError."""
    try:
        with path.open("rb") as file:
            package = file.read(15) == b"SQLite format 3"
        yield from _geopackage(path) if package else _geojson(path)
    except (OSError, ValueError, KeyError, TypeError, IndexError, struct.error, sqlite3.Error) as error:
        raise UnreadableError(
            t(
                f"{path} is niet te lezen als GeoJSON of GeoPackage ({type(error).__name__}).",
                f"{path} cannot be read as GeoJSON or GeoPackage ({type(error).__name__}).",
            ),
            t(
                "Gebruik de wijk- en buurtkaart van het CBS.",
                "Use the district map of Statistics Netherlands.",
            ),
        ) from error


def _code(values: Mapping[str, Any]) -> str | None:
    """The area of a feature: the code of the smallest kind it names, for a wijk carries its gemeente too. Water and what
    lies abroad are no areas (the column `water` of the CBS: JA, NEE or B).
    """
    named = {str(k).lower(): v for k, v in values.items()}
    if str(named.get("water", "")).upper() in {"JA", "B"}:
        return None
    codes = [v for v in named.values() if isinstance(v, str) and _CODE.match(v)]
    return max(codes, key=len, default=None)


def _geojson(path: Path) -> Iterator[tuple[str, Polygons]]:
    import orjson

    for feature in orjson.loads(small_bytes(path, 1_000_000_000))["features"]:
        code = _code(feature.get("properties") or {})
        shape = feature.get("geometry") or {}
        if code and shape.get("type") in {"Polygon", "MultiPolygon"}:
            polygons = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
            yield code, [[[(p[0], p[1]) for p in ring] for ring in polygon] for polygon in polygons]


def _geopackage(path: Path) -> Iterator[tuple[str, Polygons]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tables = connection.execute("select table_name, column_name from gpkg_geometry_columns").fetchall()
        for table, column in tables:
            quoted = table.replace('"', '""')
            cursor = connection.execute(database.fill('select * from "{quoted}"', quoted=quoted))
            names = [d[0] for d in cursor.description]
            at = names.index(column)
            for row in cursor:
                code = _code({n: row[i] for i, n in enumerate(names) if i != at})
                if code and isinstance(row[at], bytes):
                    polygons = _wkb(row[at][_header(row[at]) :])
                    if polygons:
                        yield code, polygons
    finally:
        connection.close()


def _header(blob: bytes) -> int:
    """Length of the GeoPackage header before the WKB: 8 bytes and an envelope of 0, 4, 6 or 8 doubles."""
    return 8 + 8 * (0, 4, 6, 6, 8)[(blob[3] >> 1) & 7]


def _wkb(data: bytes) -> Polygons:
    kind, place, order = _start(data, 0)
    if kind == 3:
        return [_polygon(data, place, order)[0]]
    if kind != 6:
        return []
    (count,) = struct.unpack_from(order + "I", data, place)
    place += 4
    polygons = []
    for _ in range(count):
        _, inner, inner_order = _start(data, place)
        polygon, place = _polygon(data, inner, inner_order)
        polygons.append(polygon)
    return polygons


def _start(data: bytes, place: int) -> tuple[int, int, str]:
    order = "<" if data[place] else ">"
    (kind,) = struct.unpack_from(order + "I", data, place + 1)
    return kind % 1000, place + 5, order


def _polygon(data: bytes, place: int, order: str) -> tuple[list[Ring], int]:
    (rings,) = struct.unpack_from(order + "I", data, place)
    place += 4
    found = []
    for _ in range(rings):
        (count,) = struct.unpack_from(order + "I", data, place)
        flat = struct.unpack_from(f"{order}{2 * count}d", data, place + 4)
        found.append(list(zip(flat[::2], flat[1::2], strict=True)))
        place += 4 + 16 * count
    return found, place
