"""Writing a changed package back into its file or folder, so that what did not change keeps its text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bds_tool.base.files import atomic_files
from bds_tool.base.json_types import JsonObject, object_in, objects_in
from bds_tool.base.names import child
from bds_tool.base.yaml_splice import splice
from bds_tool.changes.dumping import change_entries, dump_data, head_data, request_data, to_data
from bds_tool.changes.loading import HEAD, files, read_changes, read_package_file, read_request
from bds_tool.changes.package import Pakket, Wijziging
from bds_tool.schema.editor import with_schema


def save_package(pakket: Pakket, path: Path) -> list[Path]:
    """Write the package to a file, or to a folder with a file per request; gives the files that changed.

    In files that are there already, comments, order and layout of what stays survive.
    """
    folder = path.is_dir() or path.suffix not in {".yaml", ".yml"}
    wanted = _parts(pakket, path) if folder else {path: (to_data(pakket), pakket.wijzigingen)}
    texts: dict[Path, str] = {}
    for file, (data, changes) in wanted.items():
        old = file.read_text(encoding="utf-8") if file.is_file() else ""
        if not old:
            texts |= with_schema(dump_data(data), file, "wijzigingspakket")
        elif (text := splice(old, _kept(read_package_file(file), data, changes), dump_data)) != old:
            texts[file] = text
    gone = [f for f in files(path) if f not in wanted] if folder and path.is_dir() else []
    with atomic_files(texts, gone) as made:
        for file, text in texts.items():
            made[file].write_text(text, encoding="utf-8", newline="\n")
    return [*(f for f in texts if f in wanted), *gone]


def _parts(pakket: Pakket, folder: Path) -> dict[Path, tuple[JsonObject, tuple[Wijziging, ...]]]:
    """The head and a file per request; a request that has a file already keeps its name."""
    known = {read_package_file(f)["verzoek"]["jgz"]: f for f in files(folder)[1:]} if folder.is_dir() else {}
    home = {w.id: w.jgz[0] if w.jgz else "" for w in pakket.wijzigingen}
    found: dict[Path, tuple[JsonObject, tuple[Wijziging, ...]]] = {folder / HEAD: (head_data(pakket), ())}
    for jgz, request in pakket.verzoeken.items():
        mine = tuple(w for w in pakket.wijzigingen if home[w.id] == jgz)
        data: JsonObject = {"verzoek": request_data(request), "wijzigingen": _entries_of(mine, jgz)}
        name = re.sub(r"[^\w.-]+", "-", jgz)
        found[known.get(jgz, child(folder, name, ".yaml"))] = (data, mine)
    return found


def _entries_of(changes: Iterable[Wijziging], jgz: str) -> list[JsonObject]:
    """Changes as entries of the file of a request, which need not repeat whose they are."""
    return [{k: v for k, v in e.items() if k != "jgz" or v != [jgz]} for e in change_entries(changes)]


def _kept(old: Mapping[str, Any], new: JsonObject, changes: tuple[Wijziging, ...]) -> JsonObject:
    """The new data, in which entries that say the same as before are written as they were."""
    result = {k: old[k] if k in old and old[k] == v else v for k, v in new.items()}
    if "wijzigingen" in old and "wijzigingen" in new:
        own = old["verzoek"]["jgz"] if "verzoek" in old else ""
        result["wijzigingen"] = list(_entries(old["wijzigingen"], changes, own))
    if "verzoeken" in old and "verzoeken" in new:
        result["verzoeken"] = [_same_request(old["verzoeken"], v) for v in objects_in(new, "verzoeken")]
    if "verzoek" in old and "verzoek" in new:
        result["verzoek"] = _same_request([old["verzoek"]], object_in(new, "verzoek"))
    return {k: result[k] for k in [*(k for k in old if k in result), *(k for k in result if k not in old)]}


def _same_request(old: Iterable[Mapping[str, Any]], new: JsonObject) -> Any:  # noqa: ANN401
    before = next((x for x in old if x["jgz"] == new["jgz"]), None)
    return before if before is not None and read_request(before) == read_request(new) else new


def _entries(old: Iterable[Mapping[str, Any]], changes: tuple[Wijziging, ...], jgz: str) -> Iterator[Any]:
    """The entries of before with what they now say, and new changes at the end."""
    now = {w.id: w for w in changes}
    used: set[tuple[str, str]] = set()
    for entry in old:
        was = list(read_changes({"jgz": [jgz], **entry} if jgz else entry))
        used |= {w.id for w in was}
        mine = [now[w.id] for w in was if w.id in now]
        if mine == was:
            yield entry
        else:
            yield from _entries_of(mine, jgz)
    yield from _entries_of([w for w in changes if w.id not in used], jgz)
