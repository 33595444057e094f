"""The audit shares no code with the suppressor, and the suppressor none with the audit."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[3] / "bds_tool" / "protect"
#: The modules that bring both together: they call the audit, they are no part of suppressing.
JOINERS = {"rounded_audit.py", "files.py", "result_run.py", "releases.py", "cell_release.py"}


def imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
    return {n for n in names if n.startswith(("bds_tool.indicators", "bds_tool.protect"))}


def test_the_audit_imports_nothing_of_the_suppressor():
    modules = list((PACKAGE / "audit").rglob("*.py"))
    assert len(modules) >= 5
    for module in modules:
        foreign = {n for n in imported(module) if not n.startswith("bds_tool.protect.audit")}
        assert foreign == set(), module.name


def test_the_suppressor_imports_nothing_of_the_audit():
    modules = [p for p in PACKAGE.glob("*.py") if p.name not in JOINERS]
    assert len(modules) >= 10
    for module in modules:
        assert not {n for n in imported(module) if n.startswith("bds_tool.protect.audit")}, module.name
