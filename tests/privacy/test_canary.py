"""No identifier of a child comes out of `bds`: every command, every format, every failure."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest

from bds_tool.cli import main as program
from bds_tool.formats.dob.sender import INVENTED
from bds_tool.formats.jgz.write import ROOTS
from bds_tool.formats.registry import WRITERS
from bds_tool.formats.writing import WriteOptions, write
from bds_tool.store.store import Store, StoreWriter
from bds_tool.synthetic.generate import Generator, Request

from .canary import TOKENS, hits, hunt, mark

#: Commands that look things up in definitions and read no data of children.
WITHOUT_DATA = {
    "change merge", "change requests", "doctor", "protocol new", "protocol test", "spec eject", "rule", "generate", "spec versions", "spec list", "spec show", "spec search", "spec values", "spec path", "spec check",
    "spec diff", "spec export", "protocol list", "protocol show", "protocol check", "change list", "change show", "change notes",
    "change new", "change add", "change apply", "change table", "change check", "zib show", "zib search", "zib check",
    "zib export-map", "zib profiles", "zib conform", "indicator list", "indicator show", "indicator check", "indicator new",
    "indicator test", "protect policy list", "protect policy show", "protect policy check", "indicator merge", "area check",
    "area list", "area show", "qualify list", "round new", "indicator sql", "round start", "round repair", "round merge",
}  # fmt: skip
_ROUND = [
    "--participants",
    "A,B,C",
    "--title",
    "T",
    "--organiser",
    "O",
    "--deadline",
    "2099-01-01",
    "-i",
    "BRUSH",
]
KEY = "a" * 64

#: command → argument lists over a store; OUT is a folder that may hold data of children, SAFE one that may not.
ON_STORE: dict[str, list[list[str]]] = {
    "validate": [
        *(["validate", "STORE", "--format", f] for f in ("text", "json", "ndjson", "csv", "junit", "sarif", "github", "html")),
        ["validate", "STORE", "--format", "json", "--max-examples", "0", "--output", "SAFE/all.json"],
        ["validate", "STORE", "--report", "html=SAFE/r.html", "--report", "csv=SAFE/r.csv", "--report", "sarif=SAFE/r.sarif"],
        ["validate", "STORE", "--bds", "9.9"],
    ],
    "findings report": [["validate", "STORE", "--save", "OUT/f", "-q"], *(
        ["findings", "report", "OUT/f", "--format", f, "--output", f"SAFE/f.{f}"]
        for f in ("text", "json", "ndjson", "csv", "parquet", "xlsx", "junit", "sarif", "github", "html")
    )],
    "findings compare": [
        ["validate", "STORE", "--save", "OUT/a", "-q"], ["validate", "STORE", "--save", "OUT/b", "-q"],
        ["findings", "compare", "OUT/a", "OUT/b"],
    ],
    "adoption": [["adoption", "STORE", "--small", "1", "--format", f] for f in ("text", "json", "csv")],
    "quality": [
        *(["quality", "STORE", "--by", "professional", "--format", f] for f in ("text", "json", "csv", "html")),
        ["quality", "STORE", "--by", "school", "--format", "xlsx", "-o", "OUT/k.xlsx"],
    ],
    "qualify check": [
        *(["qualify", "ontvangen-0-13-bds413", "STORE", "--nr", "1", "--all", "--format", f] for f in ("text", "json", "csv", "html")),
        ["qualify", "STORE", "STORE"],
    ],
    "qualify new": [
        ["qualify", "new", "STORE", "--nr", "1", "-o", "SAFE/scenario.yaml", "--exact"],
        ["qualify", "new", "STORE"],
    ],
    "compare": [
        ["compare", "STORE", "STORE", "--all"],
        *(["compare", "STORE", "OTHER", "--each", "--format", f] for f in ("text", "json", "csv", "html")),
    ],
    "dossier list": [["dossier", "list", "STORE", "--format", f] for f in ("text", "json", "csv")],
    "dossier show": [
        ["dossier", "show", "STORE", "--nr", "1", "--output", "SAFE/d.html"],
        ["dossier", "show", "STORE", "--nr", "2", "--output", "SAFE/e.html", "--for", "ouder"],
        ["dossier", "show", "STORE", "--id", "nergens"],
    ],
    "dossier consents": [["dossier", "consents", "STORE", "--each", "--format", f] for f in ("text", "json", "csv")],
    "dossier copy": [["dossier", "copy", "STORE", "--nr", "1", "--to", "OUT/afschrift"]],
    "profile": [["profile", "STORE", "--format", f] for f in ("text", "json", "csv", "markdown")],
    "convert": [
        *(["convert", "STORE", f"OUT/c-{f}", "--to", f] for f in (*WRITERS, "store")),
        ["convert", "STORE", "OUT/x", "--to", "nope"],
    ],
    "migrate": [
        ["migrate", "STORE", "--to", "4.2.0", "--out", "OUT/m.bds", "--report", "SAFE/m.txt", "--all"],
        ["migrate", "STORE", "--to", "4.2.0", "--out", "OUT/n.bds", "--format", "json"],
        ["migrate", "STORE", "--to", "3.2.7", "--out", "OUT/o.bds", "--strict"],
    ],
    "anonymise": [
        ["anonymise", "STORE", "--to", "SAFE/anon", "--key-file", "KEY", "--k", "2", "--force"],
        ["anonymise", "STORE", "--to", "SAFE/anon2", "--key-file", "OUT/none"],
    ],
    "pseudonymise": [
        ["pseudonymise", "STORE", "--elements", "235,494", "--to", "SAFE/pseudo", "--key-file", "KEY", "--k", "2", "--force"],
    ],
    "cohort": [
        ["cohort", "STUDY", "STORE", "--to", "SAFE/studie", "--key-file", "KEY"],
        ["cohort", "STUDY", "STORE", "--to", "SAFE/studie", "--key-file", "KEY", "--force", "--objections", "--all-values"],
        ["cohort", "STORE", "STORE", "--to", "SAFE/geen"],
    ],
    "research-table": [
        ["research-table", "STORE", "--outcome", "235", "--to", "SAFE/losse", "--k", "2", "--force"],
    ],
    "store add": [["store", "add", "OUT/d.bds", "STORE/../bds.csv", "--delivery", "1", "--organisation", "A"]],
    "store replace": [
        ["store", "add", "OUT/e.bds", "STORE/../bds.csv", "--delivery", "1", "--organisation", "A"],
        ["store", "replace", "OUT/e.bds", "STORE/../bds.csv", "--delivery", "1", "--organisation", "A"],
        ["validate", "OUT/e.bds"],
    ],
    "store drop": [["store", "drop", "STORE", "--delivery", "1"]],
    "store list": [["store", "list", "STORE"]],
    "store verify": [["store", "verify", "STORE"]],
    "zib coverage": [["zib", "coverage", "STORE", "--format", f] for f in ("text", "json")],
    "zib export": [["zib", "export", "STORE", "OUT/fhir", "--key-file", "KEY", "--workers", "1"],
                   ["zib", "export", "STORE", "OUT/bundle", "--as", "bundle", "--key-file", "KEY", "--workers", "1"]],
    "indicator compute": [["indicator", "compute", "STORE", "--output", "SAFE/i.result", "--area", "gemeente", "--by", "sex,year"]],
    "indicator flow": [
        ["indicator", "compute", "STORE", "--output", "SAFE/j.result", "-i", "BRUSH"],
        ["indicator", "flow", "SAFE/j.result", "--format", "json"],
    ],
    "round answer": [
        ["round", "new", "-o", "OUT/r.json", *_ROUND],
        ["round", "answer", "OUT/r.json", "STORE", "--as", "A", "-o", "SAFE/antwoord"],
    ],
    "round join": [
        ["round", "new", "-o", "OUT/s.json", "--sealed", *_ROUND],
        ["round", "join", "OUT/s.json", "STORE", "--as", "A", "--own", "OUT/eigen", "-o", "SAFE/aanmelding.json"],
    ],
    "protect run": [["protect", "run", "RESULT", "--to", "SAFE/p2.result"]],
    "protect compare": [["protect", "compare", "RESULT"]],
    "protect audit": [["protect", "audit", "RESULT"], ["protect", "audit", "PROTECTED"]],
    "protect ledger": [["protect", "ledger", "SAFE/ledger", "--add", "PROTECTED"]],
    "report table": [["report", "table", "PROTECTED", "--output", f"SAFE/t.{f}", "--format", f] for f in ("csv", "html", "xlsx", "markdown")],
    "report chart": [["report", "chart", "PROTECTED", "-i", "BF-BIRTH", "--output", "SAFE/g.svg"], ["report", "chart", "RESULT", "-i", "BF-BIRTH", "--output", "SAFE/h.svg"]],
    "report site": [["report", "site", "PROTECTED", "--output", "SAFE/site", "--demo"]],
    "report pdf": [["report", "pdf", "PROTECTED", "--area", "GM0363", "--output", "SAFE/d.pdf"]],
    "report melkvoeding": [["report", "melkvoeding", "PROTECTED", "--output", "SAFE/v.md"]],
}  # fmt: skip
#: What is run on an export in every format; `{F}` is the file or folder.
ON_EXPORT = [
    ["validate", "{F}", "--format", "text"],
    ["validate", "{F}", "--format", "json", "--output", "SAFE/v.json"],
    ["profile", "{F}"],
    ["convert", "{F}", "OUT/again.csv", "--to", "csv"],
    ["convert", "{F}", "OUT/x.csv", "--to", "csv", "--explain"],
    ["migrate", "{F}", "--to", "4.2.0", "--out", "OUT/mig.bds"],
]
#: Formats of exports, and the ways in which a file of each can be broken.
EXPORTS = [f for f in WRITERS if f != "james"]
BREAKS = ("cut", "latin-1", "nul", "swapped")


@pytest.fixture(scope="session")
def marked(tmp_path_factory, released) -> Path:
    """A store and an export in each format, all with marks."""
    folder = tmp_path_factory.mktemp("marked")
    for coding in ("bds", "hl7"):
        themes = (
            "ouders",
            "zwangerschap",
            "zorg",
            "groei",
            "voeding",
            "vaccinatie",
            "vragen",
            "sdq",
            "conclusie",
        )
        generator = Generator(Request(3, 5, "4.1.3", coding=coding, themes=themes, first=40))
        with StoreWriter(folder / f"{coding}.bds") as writer:
            for table in generator.tables():
                frame = pl.DataFrame(table)
                schema = frame.schema
                plain = mark(frame.with_columns(pl.col(pl.Categorical).cast(pl.String)))
                writer.add_table(plain.cast(schema))
            writer.add_bron(**generator.facts(), rijen=writer.count)
    for name in EXPORTS:
        coding = "hl7" if name in {"dob", *ROOTS} else "bds"
        file = export(folder, name)
        write(
            Store.open(folder / f"{coding}.bds"),
            name,
            file,
            WriteOptions(bds="4.1.3", organisation=1, sender=INVENTED),
        )
    assert len(hunt(folder)) > len(EXPORTS)
    program.run(["indicator", "compute", str(folder / "bds.bds"), "--output", str(folder / "r.result"), "-q"])
    released(folder / "r.result", folder / "p.result")
    return folder


def export(marked: Path, name: str) -> Path:
    return marked / {"csv-wide": "breed", "dob": "dob", **{r: r for r in ROOTS}}.get(
        name, f"{name}.{'json' if name.startswith('james') else name}"
    )


class Place:
    """A working place with folders that may (`out`) and may not (`safe`) hold data, and its own temporary folder."""

    def __init__(self, root: Path, bds) -> None:
        self.root, self._bds = root, bds
        self.safe, self.out, self.temporary = root / "safe", root / "out", root / "tmp"
        for folder in (self.safe, self.out, self.temporary):
            folder.mkdir()
        (root / "key").write_text(KEY)
        self.log = self.safe / "log.txt"

    def run(self, arguments: list[str], store: Path):
        words = {"STORE": str(store), "KEY": str(self.root / "key")}
        words |= {"STUDY": str(Path(__file__).with_name("studie.yaml"))}
        words |= {"OTHER": str(store.parent / "hl7.bds")}
        words |= {"RESULT": str(store.parent / "r.result"), "PROTECTED": str(store.parent / "p.result")}
        given = [
            words.get(a, a.replace("SAFE/", f"{self.safe}/").replace("OUT/", f"{self.out}/"))
            for a in arguments
        ]
        return self._bds("--log-file", self.log, *given)

    def leaks(self, *results) -> dict[str, set[str]]:
        """Where a mark was found: in what was said, in what may not hold data, or left behind in temporary files."""
        found = {f"stdout/stderr {i}": hits((r.out + r.err).encode()) for i, r in enumerate(results)}
        found |= {f"safe/{k}": v for k, v in hunt(self.safe).items()}
        found |= {f"tmp/{k}": v for k, v in hunt(self.temporary).items()}
        found |= {f"left behind: {p.name}": {"file"} for p in self.temporary.rglob("*") if p.is_file()}
        return {k: v for k, v in found.items() if v}


@pytest.fixture
def place(tmp_path, bds, monkeypatch) -> Place:
    made = Place(tmp_path, bds)
    monkeypatch.setattr(tempfile, "tempdir", str(made.temporary))
    monkeypatch.chdir(tmp_path)
    return made


def commands() -> set[str]:
    """Every command that the program has."""
    import typer

    def walk(command, path: tuple[str, ...]) -> set[str]:
        if hasattr(command, "commands"):
            return {n for k, c in command.commands.items() for n in walk(c, (*path, k))}
        return {" ".join(path)}

    return walk(typer.main.get_command(program.build()), ())


def test_every_command_is_covered():
    missing = commands() - WITHOUT_DATA - set(ON_STORE)
    assert not missing, f"add these to ON_STORE or WITHOUT_DATA: {sorted(missing)}"
    assert not set(ON_STORE) & WITHOUT_DATA


@pytest.mark.parametrize("command", ON_STORE)
def test_a_command_on_a_store_says_no_identifier(command, place, marked):
    if command not in commands():
        pytest.fail(f"bds {command} does not exist: take it out of ON_STORE")
    results = [place.run(arguments, marked / "bds.bds") for arguments in ON_STORE[command]]
    assert not place.leaks(*results)
    # 2 is a refusal with a reason (nothing to show for three children); 70 would mean that nothing was tried.
    assert all(r.code != 70 for r in results), [r.err[-300:] for r in results]
    assert any(r.out or r.err or any(place.safe.iterdir()) or any(place.out.iterdir()) for r in results)


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_in_every_format_says_no_identifier(name, place, marked):
    file = export(marked, name)
    results = [place.run([a.replace("{F}", str(file)) for a in arguments], file) for arguments in ON_EXPORT]
    assert not place.leaks(*results)


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("name", EXPORTS)
def test_a_broken_export_says_no_identifier(name, how, place, marked):
    source = export(marked, name)
    file = place.root / source.name
    if source.is_dir():
        shutil.copytree(source, file)
        targets = sorted(p for p in file.iterdir() if p.is_file())
    else:
        shutil.copy(source, file)
        targets = [file]
    for target in targets:
        target.write_bytes(broken(target.read_bytes(), how))
    results = [
        place.run(["validate", str(file)], file),
        place.run(["convert", str(file), "OUT/x.csv", "--to", "csv"], file),
    ]
    assert not place.leaks(*results)


def broken(data: bytes, how: str) -> bytes:
    half = len(data) // 2
    if how == "cut":
        return data[:half]
    if how == "latin-1":
        return data[:half] + b"\xe9\xff \xe8" + data[half:]
    if how == "nul":
        return data[:half] + b"\x00\x00" + data[half:]
    return (
        data.replace(b">", b"<", 1)
        if data[:1] == b"<"
        else data.replace(b"{", b"[", 1).replace(b";", b",").replace(b",", b";", 3)
    )


@pytest.mark.parametrize("part", ["registraties.parquet", "bronnen.parquet", "meldingen.parquet"])
def test_a_broken_store_says_no_identifier(part, place, marked):
    shutil.copytree(marked / "bds.bds", place.root / "b.bds")
    data = (place.root / "b.bds" / part).read_bytes()
    (place.root / "b.bds" / part).write_bytes(data[: len(data) // 2])
    results = [
        place.run([c, "STORE", *rest], place.root / "b.bds")
        for c, *rest in (["validate"], ["profile"], ["convert", "OUT/a.csv", "--to", "csv"])
    ]
    assert not place.leaks(*results)


def test_a_bug_says_no_identifier(place, marked, monkeypatch):
    """An exception that quotes a record reaches the top: neither the screen nor the log shows its text."""

    def bug(*_args, **_kwargs):
        raise ValueError(" ".join(TOKENS))  # the marks are in the exception, not in this line of source

    monkeypatch.setattr(Store, "bronnen", bug)
    told = place.run(["validate", "STORE"], marked / "bds.bds")
    assert told.code == 70
    assert place.log.exists()
    assert not place.leaks(told)


def test_values_are_shown_only_when_asked_for(place, marked):
    hidden = place.run(["validate", "STORE", "--format", "json"], marked / "bds.bds")
    shown = place.run(["validate", "STORE", "--format", "json", "--show-values"], marked / "bds.bds")
    assert not hits(hidden.out.encode())
    assert {"kanariecode", "kanariegetal"} <= hits(shown.out.encode())


def test_a_saved_result_holds_no_values_unless_asked_for(place, marked):
    told = place.run(["validate", "STORE", "--save", "SAFE/result", "-q"], marked / "bds.bds")
    assert told.code == 1
    assert not place.leaks(told)


@pytest.mark.parametrize("how", ["screen", "report", "temporary file", "file name"])
def test_the_hunt_finds_a_leak_that_is_planted(how, place, marked, monkeypatch):
    """The tests above can fail: a leak of each kind is seen."""
    bronnen = Store.bronnen

    def leaky(store: Store) -> pl.DataFrame:
        if how == "screen":
            sys.stderr.write("reading Kwinkelier\n")
        elif how == "report":
            pl.DataFrame({"a": ["999990019"]}).write_parquet(place.safe / "r.parquet")
        elif how == "temporary file":
            (place.temporary / "left.tmp").write_bytes("Zangvogelgeheim".encode("utf-16"))
        else:
            (place.safe / "Kanariaan.txt").write_text("")
        return bronnen(store)

    monkeypatch.setattr(Store, "bronnen", leaky)
    told = place.run(["validate", "STORE"], marked / "bds.bds")
    assert told.code == 1
    assert place.leaks(told)


def test_anonymised_vaccinations_hold_no_mark(marked, tmp_path):
    """What goes without consent names no child: no number, name, address or dossier, whatever the store holds."""
    rows = Store.open(marked / "hl7.bds").registraties().collect()
    schema = rows.schema
    plain = rows.with_columns(pl.col(pl.Categorical).cast(pl.String))
    refused = pl.when(pl.col("bdsnummer") == 1533).then(pl.lit("false")).otherwise(pl.col("waarde"))
    with StoreWriter(tmp_path / "s.bds") as writer:
        writer.add_table(plain.with_columns(waarde=refused).cast(schema))
        writer.add_bron(bron=1, pad="x", formaat="dob-x", bds_herkend="4.1.3", rijen=rows.height)
    done = write(
        Store.open(tmp_path / "s.bds"), "geanonimiseerd", tmp_path / "uit", WriteOptions(sender=INVENTED)
    )
    assert done.files > 3
    assert len(list((tmp_path / "uit").glob("*.xml"))) == done.files
    assert hunt(tmp_path / "uit") == {}
