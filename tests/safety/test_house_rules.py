"""Rules that keep safe what is safe: SQL, paths, pages and errors each have one place."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bds_tool"
MODULES = sorted(PACKAGE.rglob("*.py"))
DATABASE = PACKAGE / "store" / "database.py"


@functools.cache
def trees():
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in MODULES]


def test_duckdb_is_opened_in_one_place():
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr in {"connect", "sql", "query", "execute"}:
                owner = node.value
                if isinstance(owner, ast.Name) and owner.id in {"duckdb", "engine"}:
                    assert path == DATABASE, f"{path}:{node.lineno}"


def swallowed(tree: ast.AST) -> list[int]:
    """Lines that catch whatever there is: without a kind, or every kind without raising any again."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            kinds = ast.unparse(node.type) if node.type else ""
            again = any(isinstance(n, ast.Raise) for n in ast.walk(node))
            if not kinds or ("BaseException" in kinds and not again):
                found.append(node.lineno)
    return found


def test_no_error_is_swallowed_whole():
    assert {str(path): lines for path, tree in trees() if (lines := swallowed(tree))} == {}


def test_temporary_files_have_one_place():
    """Names that tell whose they are, so that a later run can clear them."""
    for path, tree in trees():
        if path.name == "files.py" and path.parent.name == "base":
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert "tempfile" not in {a.name for a in node.names}, path


def unescaped(page: str) -> bool:
    """Whether a template takes text for markup."""
    return re.search(r"\|\s*safe\b|autoescape|\bMarkup\b", page) is not None


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.html")), ids=lambda p: p.name)
def test_no_page_takes_text_for_markup(path):
    assert not unescaped(path.read_text(encoding="utf-8"))


#: Where text becomes markup: pictures and style sheets that the program itself made, in one function.
MARKUP = {"export/page.py": 1}


def markup(tree: ast.AST) -> int:
    """How many times text is declared to be markup."""
    calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
    return sum(getattr(f, "id", getattr(f, "attr", "")) == "Markup" for f in calls)


def test_text_becomes_markup_where_it_was_looked_at():
    found = {path.relative_to(PACKAGE).as_posix(): n for path, tree in trees() if (n := markup(tree))}
    assert found == MARKUP


def test_every_page_escapes_by_itself():
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Environment"):
                kept = {k.arg: k.value for k in node.keywords}
                assert isinstance(kept.get("autoescape"), ast.Constant), f"{path}:{node.lineno}"
                assert kept["autoescape"].value is True, f"{path}:{node.lineno}"


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
    "base/leftovers.py": {"f'{dot}{name}.{os.getpid()}-{_HOST}-{os.urandom(4).hex()}.{kind}'", "found['of']"},
    "base/names.py": {"file_name(word, ending, taken=taken)"}, "base/settings.py": {"a['key-file']", "policy"},
    "changes/apply.py": {"f'{name}.csv'"}, "changes/migrate/running.py": {"f'{number}.bds'"},
    "export/cohort/writing.py": {"name"}, "export/fhir/conceptmap.py": {"name"}, "export/fhir/writer.py": {"f'.deel-{i:04}'", "file.name"},
    "export/report/milk.py": {"name"}, "export/report/site.py": {"name", "part", "f'{name}.svg'"},
    "export/report/pdf.py": {"f'kaart-{number}.svg'", "f'v-{name}'", "name"}, "export/report/style.py": {"name"}, "findings/result.py": {"f'{name}.parquet'"},
    "formats/dob/write.py": {"f'dossier-{count:06d}.xml'"},
    "formats/deliveries.py": {"name"}, "store/parts.py": {"n", "f'{self.number:06}'"},
    "formats/table/json_tables.py": {"f'json-{abs(hash(self.path)) % 10 ** 9}-{len(self.files)}.parquet'"},
    "formats/table/scan.py": {"f'blad{sheet.nummer}.csv'", "f'blad{sheet.nummer}.ndjson'"}, "formats/table/statistics.py": {"f'in{kind}'"},
    "formats/table/wide.py": {"f'{REST}.csv'", "table.file"}, "formats/writing.py": {"path.name"},
    "indicators/doubt.py": {"name"}, "indicators/elsewhere/dbt.py": {"name"}, "indicators/elsewhere/engines.py": {"f'{number:05}.parquet'"}, "indicators/growth.py": {"name"}, "indicators/result.py": {"name"},
    "protect/files.py": {"f'tabel{target.suffix}'", "temporary.name + target.suffix"}, "protect/result_run.py": {"f'{bundle.members[0].numbers()[0]}.parquet'"},
    "protect/seal.py": {"name"}, "schema/checking/bds.py": {"version", "name"}, "schema/checking/drift.py": {"name"},
    "schema/checking/files.py": {"f'{_SCHEMA_NAMES[part]}.schema.json'", "f'{document.path.stem}.schema.json'", "kind"},
    "schema/checking/running.py": {"kind"}, "schema/loading.py": {"name"}, "schema/lookup/reference.py": {"name"},
    "schema/lookup/usage.py": {"kind"}, "store/inputs.py": {"m", "f\"naam{(path.suffix if path.suffix.isascii() else '')}\""},
    "changes/check_parts.py": {"name"}, "changes/impact.py": {"kind"}, "changes/parts.py": {"name", "folder"},
    # Sides and results from fixed lists; the name of an upload goes through `safe`, which a property test holds.
    "export/desk/work.py": {"side", "name", "n", "safe(name)", "f'{what}.said'", "f'bds-{Path(name).stem}-{stamp}{Path(name).suffix}'"},
    "store/checked.py": {"f'{name}.parquet'"},
    "export/cohort/files.py": {"path.name + '-metadata.json'"},
    "changes/loading.py": {"f'{folder.name}.yaml'"}, "cli/indicator_text.py": {"f'{path.stem}-veilig.result'"}, "cli/protect.py": {"f'{to.stem}-site'"},
    "export/report/site_files.py": {"path.name + '-metadata.json'"}, "export/report/tables.py": {"out.name + '-metadata.json'"},
    "formats/fhir/read.py": {"f'{kind}.ndjson'"}, "indicators/rounds/answer.py": {"f", "n", "packages.COUNTS"}, "protect/ledger.py": {"path.name + '.bezig'"},
    "store/store.py": {"f'{name}.parquet'", "'part.parquet' if first else 'copy.parquet'", "f'{n}.parquet'"}, "synthetic/generate.py": {"name"},
}  # fmt: skip
PLACES = ("path", "folder", "dir", "temporary", "parent", "place", "root", "target", "out")


def joined(tree: ast.AST) -> set[str]:
    """What is joined to a path and is no fixed text: behind `/`, in `joinpath`, `os.path.join`, `Path(a, b)`, `with_name`."""
    found = set()
    for node in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            left = ast.unparse(node.left)
            if "pl." not in left and any(word in left.lower() for word in PLACES):
                parts = [node.right]
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name.endswith((".joinpath", ".with_name", ".with_stem")):
                parts = node.args
            elif name == "os.path.join" or name.rpartition(".")[2] in {"Path", "PurePath"}:
                parts = node.args[1:]
        found |= {
            ast.unparse(p) for p in parts if not (isinstance(p, ast.Constant) or ast.unparse(p).isupper())
        }
    return found


def test_no_word_of_others_is_joined_to_a_path():
    """A name from data, a definition or a setting goes through `base.names`; what is joined otherwise was looked at."""
    found = {path.relative_to(PACKAGE).as_posix(): joined(tree) for path, tree in trees()}
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


def composed(tree: ast.AST) -> list[int]:
    """Lines where SQL is made of parts: an f-string, `+`, `%`, `.format` or `.join` on a text that is SQL."""
    told = {
        id(m)
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and ast.unparse(n.func) == "t"
        for m in ast.walk(n)
    }  # what is said to people

    def sql(node: ast.AST) -> bool:
        return any(
            isinstance(n, ast.Constant) and isinstance(n.value, str) and SQL.search(n.value)
            for n in ast.walk(node)
        )

    found = []
    for node in ast.walk(tree):
        if id(node) in told:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
            if "<" not in text[:2] and SQL.search(text):
                found.append(node.lineno)
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            if any(isinstance(side, ast.Constant) and sql(side) for side in (node.left, node.right)):
                found.append(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            text = node.func.value
            if node.func.attr in {"format", "join"} and isinstance(text, ast.Constant) and sql(text):
                found.append(node.lineno)
    return found


def test_sql_is_composed_in_one_module():
    """A statement with a part that is not fixed is made by `database.fill`, which refuses what is not whole."""
    assert {str(p): lines for p, tree in trees() if p != DATABASE and (lines := composed(tree))} == {}


PLANTED = {
    "f-string": (composed, 'x = f"select * from {name}"'), "plus": (composed, 'x = "select * from " + name'), "procent": (composed, 'x = "drop table %s" % name'),
    "format": (composed, 'x = "insert into {} values (1)".format(name)'), "kaal": (swallowed, "try:\n    f()\nexcept:\n    pass"), "alles": (swallowed, "try:\n    f()\nexcept BaseException:\n    pass"),
    "streep": (joined, "x = folder / row['rubriek']"), "joinpath": (joined, "x = folder.joinpath(word)"), "join": (joined, "x = os.path.join(folder, word)"),
    "path": (joined, "x = Path(folder, word)"), "with_name": (joined, "x = file.with_name(word)"), "markup": (markup, "x = markupsafe.Markup(title)"),
}  # fmt: skip


@pytest.mark.parametrize("which", PLANTED)
def test_what_is_planted_is_found(which):
    """The rules above can fail."""
    rule, code = PLANTED[which]
    assert rule(ast.parse(code))


def test_what_is_fixed_is_not_taken_for_it():
    for code in ('x = "select 1"', 'x = folder / "a.csv"', "x = folder / NAME", 'x = f"{name} kiest uit"', "x = Path(folder)", "try:\n    f()\nexcept BaseException:\n    g()\n    raise"):  # fmt: skip
        tree = ast.parse(code)
        assert [rule(tree) or None for rule in (composed, swallowed, joined, markup)] == [None] * 4, code


@pytest.mark.parametrize("page", ["{{ x | safe }}", "{{x|safe}}", "{% autoescape false %}"])
def test_a_planted_page_is_found(page):
    assert unescaped(page)
