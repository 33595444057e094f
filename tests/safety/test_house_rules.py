"""Rules that keep safe what is safe: SQL, paths, pages and errors each have one place."""

from __future__ import annotations

import ast
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
