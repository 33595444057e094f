"""Rules that keep safe what is safe: SQL, paths, pages and errors each have one place."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bds_tool"
MODULES = sorted(PACKAGE.rglob("*.py"))
DATABASE = PACKAGE / "store" / "database.py"


def trees():
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in MODULES]


def test_duckdb_is_opened_in_one_place():
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"connect", "sql", "query", "execute"}:
                owner = node.value
                if isinstance(owner, ast.Name) and owner.id in {"duckdb", "engine"}:
                    assert path == DATABASE, f"{path}:{node.lineno}"


def test_no_error_is_swallowed_whole():
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{path}:{node.lineno}: a bare except"


def test_temporary_files_have_one_place():
    """Names that tell whose they are, so that a later run can clear them."""
    for path, tree in trees():
        if path.name == "files.py" and path.parent.name == "base":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert "tempfile" not in {a.name for a in node.names}, path


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.html")), ids=lambda p: p.name)
def test_no_page_takes_text_for_markup(path):
    text = path.read_text(encoding="utf-8")
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape" not in text


def test_html_is_escaped_by_one_function():
    for path, tree in trees():
        if path.name == "escaping.py":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module != "html", path
            if isinstance(node, ast.Import):
                assert "html" not in {a.name for a in node.names}, path


#: What follows the `/` of a path and is no fixed text, looked at one by one: numbers the program gives, names from a fixed
#: list in the same module, files found by listing a folder, and what stands in settings the user wrote.
REVIEWED = {
    "validate/protocol_cases.py": {"protocol(n).file"},
    "base/overlay.py": {"path.relative_to(source)", "p.name"}, "formats/jgz/write.py": {"f'{options.formaat}-{count:06d}.xml'"},
    "schema/eject.py": {"name", "p.relative_to(root)"}, "schema/frames.py": {"name"},
    "base/checked_yaml.py": {"f'{kind}.schema.json'"}, "base/files.py": {"name", "target.name"},
    "base/leftovers.py": {"f'{dot}{name}.{os.getpid()}-{_HOST}-{secrets.token_hex(4)}.{kind}'", "found['of']"},
    "base/names.py": {"file_name(word, ending, taken=taken)"}, "base/settings.py": {"a['key-file']", "policy"},
    "changes/apply.py": {"f'{name}.csv'"}, "changes/migrate/running.py": {"f'{number}.bds'"},
    "export/cohort/writing.py": {"name"}, "export/fhir/conceptmap.py": {"name"}, "export/fhir/writer.py": {"f'.deel-{i:04}'", "file.name"},
    "export/report/milk.py": {"name"}, "export/report/site.py": {"name", "part", "f'{name}.svg'"},
    "export/report/pdf.py": {"f'kaart-{number}.svg'", "f'v-{name}'", "name"}, "export/report/style.py": {"data['logo']"}, "findings/result.py": {"f'{name}.parquet'"},
    "formats/dob/write.py": {"f'dossier-{count:06d}.xml'"},
    "formats/deliveries.py": {"name"}, "store/parts.py": {"n", "f'{self.number:06}'"},
    "formats/table/json_tables.py": {"f'json-{abs(hash(self.path)) % 10 ** 9}-{len(self.files)}.parquet'"},
    "formats/table/scan.py": {"f'blad{sheet.nummer}.csv'", "f'blad{sheet.nummer}.ndjson'"}, "formats/table/statistics.py": {"f'in{kind}'"},
    "formats/table/wide.py": {"f'{REST}.csv'", "f'{WITHOUT}.csv' if name is None else files[name]"}, "formats/writing.py": {"path.name"},
    "indicators/doubt.py": {"name"}, "indicators/growth.py": {"name"}, "indicators/result.py": {"name"},
    "protect/files.py": {"f'tabel{target.suffix}'"}, "protect/result_run.py": {"f'{bundle.members[0].numbers()[0]}.parquet'"},
    "protect/seal.py": {"name"}, "schema/checking/bds.py": {"version", "name"}, "schema/checking/drift.py": {"name"},
    "schema/checking/files.py": {"f'{_SCHEMA_NAMES[part]}.schema.json'", "f'{document.path.stem}.schema.json'", "kind"},
    "schema/checking/running.py": {"kind"}, "schema/loading.py": {"name"}, "schema/lookup/reference.py": {"name"},
    "schema/lookup/usage.py": {"kind"}, "store/inputs.py": {"m", "f\"naam{(path.suffix if path.suffix.isascii() else '')}\""},
    "store/store.py": {"f'{name}.parquet'", "'part.parquet' if first else 'copy.parquet'", "f'{n}.parquet'"}, "synthetic/generate.py": {"name"},
}  # fmt: skip
PLACES = ("path", "folder", "dir", "temporary", "parent", "place", "root", "target", "out")


def test_no_word_of_others_is_joined_to_a_path():
    """A name from data, a definition or a setting goes through `base.names`; what is joined otherwise was looked at."""
    found: dict[str, set[str]] = {}
    for path, tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
                continue
            left, right = ast.unparse(node.left), ast.unparse(node.right)
            fixed = isinstance(node.right, ast.Constant) or right.isupper()
            if not fixed and "pl." not in left and any(word in left.lower() for word in PLACES):
                found.setdefault(path.relative_to(PACKAGE).as_posix(), set()).add(right)
    new = {name: words - REVIEWED.get(name, set()) for name, words in found.items()}
    assert {name: words for name, words in new.items() if words} == {}, "use names.child"


def test_digits_are_plain_digits():
    """`isdigit` holds for superscripts, which `int` refuses: one such value would cost the whole file."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == "isdigit":
                assert path.name == "text.py", f"{path}:{node.lineno}: use base.text.whole"


SQL = re.compile(
    r"(?is)\bselect\b|\binsert into\b|\bcreate\b.*\b(table|view|macro)\b|\bdrop (table|view)\b|\bupdate \w+ set\b|\bcopy \("
    r"|\bfilter \(where\b|\bgroup by\b|\border by\b"
)


def test_sql_is_composed_in_one_module():
    """A statement with a part that is not fixed is made by `database.fill`, which refuses what is not whole."""
    for path, tree in trees():
        if path == DATABASE:
            continue
        told = {
            id(m)
            for n in ast.walk(tree)
            if isinstance(n, ast.Call) and ast.unparse(n.func) == "t"
            for m in ast.walk(n)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and id(node) not in told:
                text = "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
                assert "<" in text[:2] or not SQL.search(text), f"{path}:{node.lineno}: {text[:60]}"
