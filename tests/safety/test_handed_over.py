"""What else comes from others: texts for a package, the settings of a site, targets of quality, questions of an assistant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bds_tool.base.small import small_bytes, small_text

from .writing import TABLE

RED, TURNED, HALF = "\x1b[31mrood\x07", "\u202eevil", "a\udcffb"


@pytest.fixture
def ends(tmp_path, bds, monkeypatch):
    """`ends(*words)`: a run in a folder `in`: a code of the user, nothing beside the folder, nothing that steers a screen."""
    place = tmp_path / "plek" / "in"
    place.mkdir(parents=True)
    monkeypatch.chdir(place)

    def run(*words):
        told = bds(*words)
        assert told.code in {0, 1, 2, 3}, told.err
        assert [p.name for p in place.parent.iterdir()] == ["in"]
        assert not {"\x1b", "\x07", "\u202e"} & set(told.out + told.err)
        return told

    return run


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--jgz", "../../kwaad"), 0),
        (("--jgz", "/kwaad"), 0),
        (("--jgz", ".."), 0),
        (("--jgz", HALF), 2),
        (("--set", f"naam={HALF}"), 2),
        (("--set", f"naam={RED}{TURNED}"), 0),
        (("--set", "naam=x\n- soort: !!python/object/apply:os.system [x]"), 0),
        (("--set", f"{RED}=x"), 2),
    ],
    ids=repr,
)
def test_texts_of_a_change_stay_texts(words, code, ends, made):
    shutil.copytree(made["PACKAGE"], "p")
    given = dict(zip(words[::2], words[1::2], strict=True))
    given = {"--jgz": "JGZ-1", "--set": "naam=x", **given}
    told = ends("change", "add", "p", "element-hernoemd", "276", *(w for pair in given.items() for w in pair))
    assert told.code == code, told.err
    assert ends("change", "show", "p").code == 0


def test_a_word_without_end_is_not_exchanged_letter_by_letter():
    """Each exchange is a copy of the word: a name of five megabytes did not end."""
    from bds_tool.changes.check_sound import _swaps

    assert not list(_swaps("a" * 5_000_000))
    assert "bloeddurk" in list(_swaps("bloeddruk"))


@pytest.mark.parametrize(
    "text",
    [
        'themes: {1: "#000000"}',
        "themes: {2024-01-01: '#000000'}",
        "themes: {null: '#000000'}",
        "logo: zonder-einde.svg",
        "logo: map.svg",
        'accent: "#000000;}</style><script>x"',
        "a: &a [x]\nb: [*a, *a]",
    ],
)
def test_settings_of_a_site_are_refused(text, ends, made):
    if Path("/dev/zero").exists():
        Path("zonder-einde.svg").symlink_to("/dev/zero")
    Path("map.svg").mkdir()
    Path("s.yaml").write_text(text, encoding="utf-8")
    told = ends("report", "site", made["SAFE"], "-o", "uit", "--demo", "--settings", "s.yaml")
    assert told.code == 2
    assert not Path("uit").exists()


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-0.1", "1.5", "true", '"0"'])
@pytest.mark.parametrize("key", ["share", "score"])
def test_a_target_that_is_no_number_is_refused(key, value, ends):
    if (key, value) == ("score", "1.5"):
        pytest.skip("a score of 1.5 can be asked for")
    rule = 'rule = "BDS203"' if key == "share" else ""
    Path("bds.toml").write_text(f"[[quality.target]]\n{key} = {value}\n{rule}\n", encoding="utf-8")
    told = ends("quality", TABLE, "-q")
    assert (told.code, told.out) == (2, "")


def test_half_a_character_in_the_name_of_a_delivery(ends):
    assert ends("quality", f"{HALF}={TABLE}", "-f", "xlsx", "-o", "uit.xlsx", "-q").code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("indicator", "flow", "RESULT"),
        ("store", "list", "DELIVERED"),
        ("findings", "report", "FOUND"),
    ],
    ids=lambda c: c[-1],
)
def test_what_is_said_to_be_small_is_not_read_without_end(command, ends, made, monkeypatch):
    words = [*command[:-1], made[command[-1]]]
    assert ends(*words).code == 0
    monkeypatch.setattr("bds_tool.base.small.MOST", 10)
    assert ends(*words).code in {2, 3}


def test_small_files(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc")
    assert small_text(path, "utf-8-sig") == path.read_text(encoding="utf-8-sig") == "a\nb\nc"
    assert small_bytes(path, 9) == path.read_bytes()
    with pytest.raises(OSError, match="large"):
        small_bytes(path, 8)


WORDS = (
    "../../etc/passwd",
    RED,
    TURNED,
    HALF,
    "\0",
    "235²",
    "٢٣٥",
    "-7",
    "9" * 900,
    "9" * 5000,
    "(a+)+$",
    "%s{0}",
    "a" * 200_000,
)


@pytest.mark.parametrize("word", WORDS, ids=lambda w: ascii(w)[:20])
def test_an_assistant_asks_what_cannot_be(word):
    import inspect

    pytest.importorskip("mcp")
    from mcp.server.mcpserver.exceptions import ToolError

    from bds_tool.export.assistant import TOOLS, _told

    usual = {
        "key": "235",
        "words": "gewicht",
        "old": "4.1.3",
        "new": "4.2.0",
        "code": "BDS203",
        "name": "activiteit",
    }
    for tool in TOOLS:
        known = inspect.signature(tool).parameters
        for name in (n for n, p in known.items() if p.annotation in {str, "str"}):
            given = {n: usual[n] for n, p in known.items() if p.default is p.empty} | {name: word}
            try:
                said = json.dumps(_told(tool)(**given), default=str, ensure_ascii=False)
            except ToolError as error:
                said = str(error)
            assert len(said.encode()) < 1_000_000
            assert not {"\x1b", "\x07", "\u202e"} & set(said)
