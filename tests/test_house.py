"""The rules of the house: imports go one way, start-up stays light, definitions ship with the program."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "bds_tool"
#: The rooms from the ground up: a room imports only from floors below it.
FLOORS = [
    "base",
    "findings",
    "schema",
    "store",
    "formats",
    "changes",
    "validate",
    "indicators",
    "protect",
    "export",
    "synthetic",
    "cli",
]
HEAVY = {"polars", "pandera", "duckdb", "pyarrow", "lxml", "numpy", "pandas", "jinja2", "jsonschema", "scipy"}


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{a.name}" for a in node.names if node.module == "bds_tool"}
    return {name for name in found if name.startswith("bds_tool.") and name != "bds_tool.__version__"}


@pytest.mark.parametrize("room", FLOORS)
def test_imports_go_one_way(room):
    below = FLOORS[: FLOORS.index(room) + 1]
    for path in (PACKAGE / room).rglob("*.py"):
        for name in imports(path):
            other = name.split(".")[1]
            assert other in below, f"{path} imports {name}"


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["validate", "--help"]])
def test_help_and_version_load_nothing_heavy(arguments):
    code = (
        "import sys\n"
        "from bds_tool.cli.main import run\n"
        f"code = run({arguments!r})\n"
        "print('LOADED', sorted({m.split('.')[0] for m in sys.modules}), file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(ast.literal_eval(done.stderr.rsplit("LOADED ", 1)[1].strip()))
    assert not loaded & HEAVY


#: What is still `dict[str, Any]`: room → how often. It may only go down: a new document is a TypedDict, a dataclass or
#: `base.json_types`. No other name may stand for it, but these that did.
LOOSE = {
    "base": 7,
    "changes": 2,
    "cli": 1,
    "export": 12,
    "findings": 3,
    "formats": 19,
    "indicators": 3,
    "store": 6,
    "synthetic": 1,
    "validate": 2,
}
OTHER_NAMES = {
    "export/dossier/derived.py:Row",
    "formats/table/json_shapes.py:Record",
}


def test_untyped_documents_only_get_fewer():
    found, named = {}, set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        room = path.relative_to(PACKAGE).parts[0]
        found[room] = found.get(room, 0) + text.count("dict[str, Any]")
        for name in re.findall(r"^(\w+)(?:: TypeAlias)? = \"?dict\[str, Any\]", text, flags=re.MULTILINE):
            named.add(f"{path.relative_to(PACKAGE).as_posix()}:{name}")
    assert {room: n for room, n in found.items() if n > LOOSE.get(room, 0)} == {}
    assert named <= OTHER_NAMES


def test_wheel_ships_the_definitions(tmp_path):
    import tomllib

    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"] == {
        "specs": "bds_tool/specs"
    }
    assert (PACKAGE.parent / "specs" / "bds" / "4.2.0" / "datapackage.json").is_file()
