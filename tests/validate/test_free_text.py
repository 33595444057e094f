"""A rule on values fires on free text as on any other element: where it looks is what its scope says."""

from __future__ import annotations

import polars as pl
import pytest

from bds_tool.validate.checks import values
from bds_tool.validate.checks.base import Check
from bds_tool.validate.tables import tables

FREE = sorted(tables("4.1.3", "BDS").of_kind("tekst"))
BROKEN = pl.col("waarde") == "broken"


@pytest.mark.parametrize("number", [FREE[0], FREE[len(FREE) // 2], FREE[-1]])
@pytest.mark.parametrize("scoped", [True, False])
def test_a_new_rule_on_free_text_fires(judge, monkeypatch, number, scoped):
    scope = pl.col("bdsnummer") == number if scoped else None
    written = values.checks

    def with_one_more(setting):
        return [*written(setting), Check("BDS222", BROKEN if scope is None else BROKEN & scope, scope)]

    monkeypatch.setattr(values, "checks", with_one_more)
    result = judge([(number, "broken"), (number, "whole")], codes=frozenset({"BDS222"}))
    assert result.totals.select("code", "bdsnummer", "n").rows() == [("BDS222", number, 1)]


def test_text_no_rule_looks_at_is_left_alone(judge):
    """The reason to leave text out: its values hardly repeat, so that judging them costs and gives nothing."""
    from bds_tool.findings.catalogue import load_rules
    from bds_tool.validate.checks.base import Setting
    from bds_tool.validate.piece import Group

    setting = Setting(tables("4.1.3", "BDS"), load_rules(), "tabel", None, {}, frozenset())
    group = Group(setting, [1], [], values.checks(setting), [], [], lengths=False, codes=None)
    named = {n for c in ("BDS222", "BDS234", "BDS219", "BDS220") for n in setting.rule(c).elements}
    assert set(group.unread) == set(FREE) - named
