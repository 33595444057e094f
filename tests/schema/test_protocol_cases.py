"""Worked dossiers beside the protocols, and the commands that begin and try one."""

from __future__ import annotations

from bds_tool.validate.protocol_cases import run_cases


def test_every_case_of_the_shipped_protocols_comes_out():
    outcomes, untried = run_cases()
    assert {o.protocol for o in outcomes} >= {"groei", "rvp-toestemming", "meldcode", "schoolverzuim", "giz"}
    assert [(o.protocol, o.child, o.got) for o in outcomes if not o.ok] == []
    # Of a protocol with cases every rule is broken by one of them.
    with_cases = {o.protocol for o in outcomes}
    assert [r for r in untried if r.rpartition("-")[0] in with_cases] == []


def test_a_new_protocol_works_and_a_wrong_case_is_told(tmp_path, bds):
    assert bds("protocol", "new", "eigen", "-O", tmp_path).code == 0
    good = bds("--specs", tmp_path, "protocol", "test", "eigen", "--format", "csv")
    assert (good.code, good.out.count("goed")) == (0, 2)
    path = tmp_path / "protocollen" / "eigen.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "      b: [eigen-eerste-regel]", "      a: [eigen-eerste-regel]"
        ),
        encoding="utf-8",
    )
    wrong = bds("--specs", tmp_path, "protocol", "test", "eigen", "--format", "csv")
    assert (wrong.code, wrong.out.count("anders")) == (1, 2)


def test_a_name_that_is_there_or_cannot_be_is_refused(tmp_path, bds):
    for name in ("groei", "Groei", "a b", "../x"):
        assert bds("protocol", "new", name, "-O", tmp_path).code == 2
