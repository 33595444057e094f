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
    "area list", "area show", "mcp", "open", "qualify list", "round new", "indicator sql", "round start", "round repair", "round merge",
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
        *(["quality", "STORE", "--by", "professional", "--uniformity", "--small", "3", "--format", f] for f in ("text", "json", "csv", "html")),
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
    "rerun": [
        ["--record", "SAFE/verslag.json", "profile", "STORE", "--format", "json"],
        ["--record", "SAFE/verslag2.json", "validate", "STORE", "-o", "SAFE/v.txt"],
        ["rerun", "SAFE/verslag2.json"], ["rerun", "SAFE/verslag.json", "--page", "SAFE/verslag.html"],
    ],
    "profile": [["profile", "STORE", "--small", "3", "--share", "SAFE/gelijkenis.json"], *(["profile", "STORE", "--format", f] for f in ("text", "json", "csv", "markdown"))],
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


FAILS = {"a bug": (70, ValueError), "an interrupt": (130, KeyboardInterrupt), "a full disk": (None, OSError)}
#: Commands that take seconds before they fail: these have their own lines above.
LONG_RUNS = {
    "report site",
    "report pdf",
    "zib export",
    "anonymise",
    "pseudonymise",
    "cohort",
    "research-table",
    "round answer",
}
HALFWAY = sorted(set(ON_STORE) - LONG_RUNS)


@pytest.mark.parametrize("how", FAILS)
@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("registraties", ["profile", "validate"]),
        *(pytest.param(p, HALFWAY, marks=pytest.mark.slow) for p in ("registraties", "files", "meldingen")),
    ],
    ids=["some", "registraties", "files", "meldingen"],
)
def test_a_run_that_ends_halfway_says_no_identifier(how, part, names, place, marked, monkeypatch):
    """What reading a store raises quotes a record, in commands on a store; the log is written, and the screen too."""
    code, kind = FAILS[how]

    def fail(*_args, **_kwargs):
        raise kind(" ".join(TOKENS))

    with monkeypatch.context() as planted:
        planted.setattr(Store, part, fail)
        results = [place.run(list(ON_STORE[name][0]), marked / "bds.bds") for name in names]
    assert not place.leaks(*results)
    assert code is None or code in {r.code for r in results}


@pytest.mark.parametrize("log", ["a folder", "below a file", "a folder that nobody may write"])
def test_a_log_that_cannot_be_written_says_no_identifier(log, place, marked, monkeypatch):
    (place.root / "bestand").write_text("x")
    (place.root / "dicht").mkdir(mode=0o500)
    place.log = {"a folder": place.root, "below a file": place.root / "bestand" / "log.txt"}.get(
        log, place.root / "dicht" / "l.txt"
    )

    def bug(*_args, **_kwargs):
        raise ValueError(" ".join(TOKENS))

    for planted in (False, True):
        with monkeypatch.context() as patched:
            if planted:
                patched.setattr(Store, "registraties", bug)
            results = [
                place.run(["validate", "STORE"], marked / "bds.bds"),
                place.run(["profile", "STORE"], marked / "bds.bds"),
            ]
        assert not place.leaks(*results)
        assert {r.code for r in results} <= ({70, 2} if planted else {0, 1, 2})


#: Marks where a delivery names things: name of file and member, header, unit, code system, attribute, rubriek, sheet.
BSN = "999990019"
HEADERS = (
    "client;datum;Kwinkelier;lengte (kanariegetal);Kanariaan 999990019;06-98765432\nk1;2024-01-01;4;540;6;7\n"
)
LONG = (
    "dossier_id,datum,bdsnummer,waarde,eenheid,codesysteem,nullflavor,rubriek,groep\n"
    "k1,2024-01-01,235,500,kanariegetal,kanariecode,kanarieja,Kanariaan,Kwinkelier\nk1,2024-01-01,496,01,,kanariecode,,R027,zangvogel\n"
)


def named(folder: Path, message: str) -> dict[str, Path]:
    """Deliveries of which the names carry marks; files and members have a BSN in their name, as exports do."""
    import re
    import zipfile

    message = message.replace("<observation ", '<observation kanariaan="zangvogel" ', 1)
    message = re.sub(r'unit="[^"]*"', 'unit="kanariegetal"', message)
    message = re.sub(r'<value ([^>]*)codeSystem="[^"]*"', r'<value \1codeSystem="kanariecode"', message)
    message = re.sub(r'codeSystemName="[^"]*"', 'codeSystemName="kanarieland"', message)
    message = message.replace("<statusCode ", "<kwinkelier/><statusCode ", 1)
    texts = {
        "xml": message,
        "csv": HEADERS,
        "lang.csv": LONG,
        "json": '[{"client": "k1", "Kwinkelier": {"Kanariaan": [{"lengte": "kanariegetal"}]}}]',
    }
    files = {}
    for ending, text in texts.items():
        files[ending] = folder / f"export {BSN}.{ending}"
        files[ending].write_text(text, encoding="utf-8")
    files["zip"] = folder / f"alles {BSN}.zip"
    with zipfile.ZipFile(files["zip"], "w") as archive:
        for ending, text in texts.items():
            archive.writestr(f"map {BSN}/lid {BSN}.{ending}", text)
        archive.writestr(f"{BSN}.zip", b"PK\x03\x04 damaged")
    return files


@pytest.mark.parametrize("ending", ["xml", "csv", "lang.csv", "json", "zip"])
def test_names_in_a_delivery_are_no_way_out(ending, place, marked):
    message = max((marked / "dob").glob("*.xml"), key=lambda p: p.stat().st_size).read_text(encoding="utf-8")
    for word in (t for t in TOKENS if t in message.lower()):
        import re

        message = re.sub(re.escape(word), "x", message, flags=re.IGNORECASE)
    given = place.root / "in"
    given.mkdir()
    file = named(given, message)[ending]
    results = [place.run([a.replace("{F}", str(file)) for a in arguments], file) for arguments in ON_EXPORT]
    formats = ("ndjson", "csv", "junit", "sarif", "github", "html")
    results += [place.run(["validate", str(file), "--format", f], file) for f in formats]
    assert not place.leaks(*results)
    assert all(r.code in {0, 1, 2, 3} for r in results), [(r.code, r.err[-200:]) for r in results]


@pytest.mark.parametrize("arguments", [
    ["area", "check", "STORE", "--areas", "AREAS"], ["indicator", "compute", "STORE", "-o", "SAFE/g.result", "-i", "BRUSH", "--areas", "AREAS"],
], ids=["check", "compute"])  # fmt: skip
@pytest.mark.parametrize("text", [
    "postcode,gemeente\n9876ZX,Kanariegemeente\n", "postcode,huisnummer,wijk\n9876ZX,17,Kanariaan\n9876ZX,17,Kwinkelier\n",
    "Kwinkelier,Kanariaan\n9876ZX,999990019\n", 'postcode;gemeente\n"9876ZX;kanariegemeente\n',
])  # fmt: skip
def test_an_area_file_is_no_way_out(arguments, text, place, marked):
    (place.root / "gebied.csv").write_text(text)
    given = [str(place.root / "gebied.csv") if a == "AREAS" else a for a in arguments]
    told = place.run(given, marked / "bds.bds")
    assert not place.leaks(told)
    assert told.code in {0, 1, 2, 3}


@pytest.mark.parametrize("text", [
    '[kolommen]\n"Kwinkelier" = "Kanarieplantsoen"\n', '[kolommen]\n"Kanariaan" = 235\n', '[[tabel]]\nnaam = "Kanariaan"\nbestanden = ["*999990019*"]\n',
    '[validate]\nkanariaan = "Kwinkelier"\n', "kanariaan = \n", '[sender]\nname = "Kwinkelier"\nagb = "kanariegetal"\n',
])  # fmt: skip
def test_settings_are_no_way_out(text, place, marked):
    (place.root / "bds.toml").write_text(text)
    (place.root / "in.csv").write_text("client;datum;gewicht\nk1;2024-01-01;4000\n")
    store = marked / "bds.bds"
    results = [place.run(["validate", str(place.root / "in.csv")], store), place.run(["validate", "STORE"], store),
               place.run(["convert", "STORE", "OUT/d", "--to", "dob"], store)]  # fmt: skip
    # A setting that is wrong is named on the screen, in the words of who wrote it, and nowhere else.
    assert all(r.code == 2 or not place.leaks(r) for r in results)
    assert not place.leaks()
    assert all(r.code in {0, 1, 2} for r in results)
