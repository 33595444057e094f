"""Several people at one package: files per request, comments that survive, merges by Git and by `bds change merge`."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from difflib import ndiff

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bds_tool.base.errors import SpecError, UsageError
from bds_tool.base.specs import specs_dir
from bds_tool.base.strict_yaml import StrictLoader
from bds_tool.base.yaml_splice import splice
from bds_tool.changes import apply_package, load_package, save_package, write_definition
from bds_tool.changes.dumping import dump_data
from bds_tool.changes.edit import add_change, empty_package
from bds_tool.changes.merging import merge
from bds_tool.changes.migrate.check import with_examples
from bds_tool.schema import load

W0114 = "W0114/HL7/2.16.840.1.113883.2.4.4.40.8"
#: One request of every kind that people write.
REQUESTS = {
    "JGZ-901": ("element-toegevoegd", "2001", {"naam": "Schermtijd per dag", "rubriek": "R019", "datatype": "INT",
                                              "hl7_datatype": "INT", "eenheid": "min"}),
    "JGZ-902": ("element-vervallen", "1665", {}),
    "JGZ-903": ("code-toegevoegd", f"{W0114}/98", {"weergavenaam": "Zeldzame aandoening"}),
    "JGZ-904": ("code-vervallen", f"{W0114}/16", {}),
    "JGZ-905": ("element-eenheid", "245", {"eenheid": "kg"}),
    "JGZ-906": ("element-hernoemd", "235", {"naam": "Lengte of lichaamslengte"}),
    "JGZ-907": ("code-hernoemd", f"{W0114}/17", {"weergavenaam": "ASS (autismespectrumstoornis)"}),
    "JGZ-908": ("element-toegevoegd", "2002", {"naam": "Andere aandoening", "rubriek": "R012", "groep": "G019",
                                              "datatype": "AN", "hl7_datatype": "ST"}),
}  # fmt: skip


def added(pakket, jgz):
    kind, key, values = REQUESTS[jgz]
    result, came = add_change(
        pakket, load("4.2.0"), kind, key, values, jgz, f"Verzoek {jgz}", "JGZ-richtlijn"
    )
    return with_examples(result, came)


def started(folder):
    save_package(empty_package(load("4.2.0"), "4.3.0", "Werkpakket"), folder)
    return folder


def gone(before, after):
    """The lines of a text that are not there any more, in their order."""
    return [x for x in ndiff(before.splitlines(), after.splitlines()) if x.startswith("- ")]


def git(folder, *arguments):
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commit(folder, message):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def applied(root):
    pakket = load_package(root / "4.2.0-4.3.0")
    write_definition(
        apply_package(pakket, load("4.2.0")), root / "4.3.0", specs_dir() / "bds" / "4.2.0", replace=True
    )


@pytest.fixture
def repository(tmp_path):
    """A repository with an empty package and the definition it leads to."""
    git(tmp_path, "init", "-q", "-b", "main")
    started(tmp_path / "4.2.0-4.3.0")
    applied(tmp_path)
    commit(tmp_path, "begin")
    return tmp_path


def test_a_request_changes_less_than_thirty_lines_with_what_apply_writes(repository):
    sizes = {}
    for jgz in REQUESTS:
        git(repository, "checkout", "-q", "-b", jgz, "main")
        folder = repository / "4.2.0-4.3.0"
        save_package(added(load_package(folder), jgz), folder)
        applied(repository)
        git(repository, "add", "-A")
        stat = git(repository, "diff", "--cached", "--numstat")
        sizes[jgz] = sum(int(n) for line in stat.splitlines() for n in line.split("\t")[:2])
        commit(repository, jgz)
    assert max(sizes.values()) < 30, sizes


@pytest.mark.parametrize(
    "pair", [("JGZ-901", "JGZ-903"), ("JGZ-903", "JGZ-908"), ("JGZ-902", "JGZ-905")], ids="+".join
)
def test_two_branches_that_each_add_a_request_merge_without_conflict(repository, pair):
    folder = repository / "4.2.0-4.3.0"
    for jgz in pair:
        git(repository, "checkout", "-q", "-b", jgz, "main")
        save_package(added(load_package(folder), jgz), folder)
        applied(repository)
        commit(repository, jgz)
    git(repository, "merge", "-q", "--no-edit", pair[0])
    both = load_package(folder)
    assert set(both.verzoeken) == set(pair)
    merged = {p.name: p.read_bytes() for p in (repository / "4.3.0").iterdir() if p.suffix == ".csv"}
    applied(repository)
    # What Git made of the two definitions is what both requests together give.
    assert {p.name: p.read_bytes() for p in (repository / "4.3.0").iterdir() if p.suffix == ".csv"} == merged


@pytest.mark.parametrize("pair", [("2001", "2003"), ("2002", "2004")], ids="+".join)
def test_neighbouring_elements_merge_as_requests_and_apply_makes_their_definition(repository, pair):
    """Both in one place, the second pair in one group: only the written definition may clash, and that is made anew."""
    folder = repository / "4.2.0-4.3.0"
    kind, _, values = REQUESTS["JGZ-901" if pair[0] == "2001" else "JGZ-908"]
    for number in pair:
        git(repository, "checkout", "-q", "-b", number, "main")
        own = {**values, "naam": f"{values['naam']} {number}"}
        pakket, _ = add_change(
            load_package(folder), load("4.2.0"), kind, number, own, f"JGZ-{number}", "T", "Wet"
        )
        save_package(pakket, folder)
        commit(repository, number)
    git(repository, "merge", "-q", "--no-edit", pair[0])
    made = apply_package(load_package(folder), load("4.2.0"))
    assert {int(n) for n in pair} <= made.elementen.keys()
    if values.get("groep"):
        assert {int(n) for n in pair} <= set(made.groepen["G019"].elementen)


def test_comments_order_and_layout_survive_another_request(tmp_path, bds):
    folder = started(tmp_path / "p")
    pakket = added(added(load_package(folder), "JGZ-903"), "JGZ-905")
    save_package(pakket, folder)
    file = folder / "JGZ-903.yaml"
    text = file.read_text(encoding="utf-8").replace("  titel:", "  # Besproken op 12 mei.\n  titel:")
    text = text.replace("wijzigingen:\n", "wijzigingen:\n# De code komt achteraan.\n") + "# Einde.\n"
    file.write_text(text, encoding="utf-8")
    other = (folder / "JGZ-905.yaml").read_bytes()
    call = (
        "change",
        "add",
        str(folder),
        "code-hernoemd",
        f"{W0114}/17",
        "--set",
        "weergavenaam=ASS of PDD",
        "--jgz",
        "JGZ-903",
    )
    assert bds(*call).code == 0
    after = file.read_text(encoding="utf-8")
    assert gone(text, after) == []
    assert (folder / "JGZ-905.yaml").read_bytes() == other
    assert [w.soort for w in load_package(folder).of("JGZ-903")] == ["code-toegevoegd", "code-hernoemd"]


def test_one_file_keeps_its_comments_too(tmp_path):
    path = tmp_path / "p.yaml"
    save_package(added(empty_package(load("4.2.0"), "4.3.0"), "JGZ-903"), path)
    text = path.read_text(encoding="utf-8").replace("verzoeken:\n", "verzoeken:  # van de redactieraad\n")
    path.write_text(text, encoding="utf-8")
    save_package(added(load_package(path), "JGZ-906"), path)
    assert gone(text, path.read_text(encoding="utf-8")) == []


def test_a_folder_and_a_file_hold_the_same_package(tmp_path):
    pakket = added(added(empty_package(load("4.2.0"), "4.3.0", "T"), "JGZ-904"), "JGZ-908")
    save_package(pakket, tmp_path / "p")
    save_package(pakket, tmp_path / "p.yaml")
    assert load_package(tmp_path / "p") == load_package(tmp_path / "p.yaml") == pakket


# -- merge -------------------------------------------------------------------------------------------------------


def test_merge_joins_requests_and_tells_conflicts_per_request(tmp_path, bds):
    base = added(empty_package(load("4.2.0"), "4.3.0", "T"), "JGZ-903")
    left, right = added(base, "JGZ-905"), added(base, "JGZ-906")
    both, conflicts = merge(left, right)
    assert conflicts == []
    assert set(both.verzoeken) == {"JGZ-903", "JGZ-905", "JGZ-906"}
    assert apply_package(both, load("4.2.0")).elementen[245].eenheid == "kg"
    other = replace(
        right, verzoeken={**right.verzoeken, "JGZ-903": replace(right.verzoeken["JGZ-903"], titel="Anders")}
    )
    _, conflicts = merge(left, other)
    assert [(c.verzoek, c.plaats, c.rechts) for c in conflicts] == [
        ("JGZ-903", "verzoek JGZ-903.titel", "Anders")
    ]
    for name, pakket in (("a", left), ("b", other)):
        save_package(pakket, tmp_path / name)
    before = {p.name: p.read_bytes() for p in (tmp_path / "a").glob("*.yaml")}
    told = bds("change", "merge", str(tmp_path / "a"), str(tmp_path / "b"))
    assert told.code == 1
    assert "JGZ-903" in told.out
    assert {p.name: p.read_bytes() for p in (tmp_path / "a").glob("*.yaml")} == before
    # With the package both began with, a title that one of them changed is no conflict.
    save_package(base, tmp_path / "basis")
    call = ("change", "merge", str(tmp_path / "a"), str(tmp_path / "b"), "--base", str(tmp_path / "basis"))
    assert bds(*call).code == 0
    assert load_package(tmp_path / "a").verzoeken["JGZ-903"].titel == "Anders"


def test_merge_names_a_number_that_two_requests_take():
    empty = empty_package(load("4.2.0"), "4.3.0", "T")
    kind, key, values = REQUESTS["JGZ-901"]
    left, right = (
        add_change(empty, load("4.2.0"), kind, key, values, j, "T", "Wet")[0] for j in ("JGZ-1", "JGZ-2")
    )
    _, conflicts = merge(left, right)
    assert any(c.plaats.startswith("element-toegevoegd 2001") for c in conflicts)


def test_packages_between_other_versions_do_not_merge():
    empty = empty_package(load("4.2.0"), "4.3.0")
    with pytest.raises(UsageError):
        merge(empty, replace(empty, naar="4.4.0"))


# -- lines -------------------------------------------------------------------------------------------------------


def test_a_finding_names_its_file_and_line(tmp_path, bds):
    folder = started(tmp_path / "p")
    save_package(added(added(load_package(folder), "JGZ-903"), "JGZ-905"), folder)
    file = folder / "JGZ-905.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("'0.001'", "'0.01'"), encoding="utf-8")
    line = next(n for n, x in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if "sleutel" in x)
    told = bds("change", "check", str(folder), "--format", "github")
    assert told.code == 1
    wrong = [x for x in told.out.splitlines() if "WIJZ928" in x]
    assert wrong
    assert f"file={file}" in wrong[0]
    assert f"line={line}" in wrong[0]


def test_a_key_that_is_given_twice_is_told_with_its_line(tmp_path):
    folder = started(tmp_path / "p")
    save_package(added(load_package(folder), "JGZ-903"), folder)
    file = folder / "JGZ-903.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("  besluit:", "  titel: Nog een\n  besluit:"),
        encoding="utf-8",
    )
    with pytest.raises(SpecError, match=r"JGZ-903\.yaml:6"):
        load_package(folder)


# -- splicing ----------------------------------------------------------------------------------------------------

_PLAIN = st.one_of(st.text("abc: #-'\"[]{}\n", max_size=8), st.integers(-9, 9), st.booleans(), st.none())
_DATA = st.recursive(
    _PLAIN,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcdefg"), inner, max_size=4)
    ),
    max_leaves=12,
)
_TOP = st.dictionaries(st.sampled_from("abcdefg"), _DATA, min_size=1, max_size=5)


@settings(max_examples=200, deadline=None)
@given(_TOP, _TOP)
def test_spliced_text_holds_exactly_the_new_data(old, new):
    text = splice(dump_data(old), new, dump_data)
    assert yaml.load(text, StrictLoader) == new  # noqa: S506 - it is a safe loader
    assert splice(text, new, dump_data) == text
