"""`bds doctor`: what this machine has, what will not work on it, and how to mend that."""

from __future__ import annotations

import locale
import os
import platform
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version

import typer

from bds_tool.base.errors import ExitCode, UserError
from bds_tool.base.files import place
from bds_tool.base.text import number, t
from bds_tool.cli import project
from bds_tool.cli.render import TABLE_FORMATS, Format, Output, one_of, table, write

PACKAGE = "bds-tool"
#: What each extra of the package is for.
EXTRAS = {
    "xlsx": ("werkmappen lezen en schrijven", "reading and writing workbooks"),
    "stat": (".sav en .dta lezen", "reading .sav and .dta"),
    "indicators": ("indicatoren berekenen", "computing indicators"),
    "sql": ("indicatoren als SQL", "indicators as SQL"),
    "spark": ("tellen met Spark (ook Java nodig)", "counting with Spark (needs Java too)"),
    "postgres": ("tellen met PostgreSQL", "counting with PostgreSQL"),
    "mcp": ("definities voor een assistent", "definitions for an assistant"),
    "round": ("verzegelde rondes", "sealed rounds"),
    "protect": ("tellingen beveiligen", "protecting counts"),
    "fhir": ("FHIR controleren", "checking FHIR"),
    "report": ("site en rapporten", "site and reports"),
    "charts": ("grafieken als PNG", "charts as PNG"),
    "pdf": ("factsheets als PDF", "factsheets as PDF"),
}
#: Below this, reading a large delivery runs out of space or memory (bytes).
LITTLE_DISK, LITTLE_MEMORY = 5_000_000_000, 3_000_000_000
OK, MIND, BAD = "goed", "let op", "fout"


@dataclass(frozen=True)
class Look:
    """One thing that was looked at: what, how it stands, what was found, and what to do where it is not fine."""

    what: str
    state: str
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    format_: Format = "text",
    output: Output = None,
) -> None:
    """Kijk na of bds hier goed kan werken: onderdelen, geheugen, schijf, tekens en instellingen.

    Stuur de uitvoer mee met een vraag of melding: er staan geen gegevens in.
    """
    one_of(format_, TABLE_FORMATS, "--format")
    looks = [*_program(), *_libraries(), *_machine(), *_settings()]
    states = {OK: t("goed", "fine"), MIND: t("let op", "mind"), BAD: t("fout", "wrong")}
    if format_ == "text":
        write("\n".join(line for x in looks for line in _lines(x, states[x.state])), output)
    else:
        table(
            [(x.what, states[x.state], x.found, x.remedy) for x in looks],
            (t("wat", "what"), t("staat", "state"), t("gevonden", "found"), t("te doen", "to do")),
            format_,
            output,
        )
    if any(x.state == BAD for x in looks):
        raise typer.Exit(ExitCode.FINDINGS)


def _lines(look: Look, state: str) -> list[str]:
    width = max(min(shutil.get_terminal_size().columns, 100), 40)
    told = textwrap.wrap(
        f"{look.what}: {look.found}", width, initial_indent=state.ljust(8), subsequent_indent=" " * 8,
        break_on_hyphens=False,
    )  # fmt: skip
    mend = textwrap.wrap(look.remedy, width, initial_indent=" " * 8 + "→ ", subsequent_indent=" " * 10)
    return [*told, *mend]


def _program() -> Iterator[Look]:
    from bds_tool import __version__
    from bds_tool.base import compiled
    from bds_tool.base.specs import shipped, specs_dir
    from bds_tool.schema import versions

    yield Look(
        "bds",
        OK,
        f"{__version__} · Python {platform.python_version()} · {platform.system()} {platform.machine()}",
    )
    try:
        known = ", ".join(versions())
    except (UserError, OSError) as error:
        yield Look(
            t("definities", "definitions"),
            BAD,
            str(error),
            t("Installeer bds opnieuw.", "Install bds again."),
        )
        return
    own = "" if shipped() else f" · {specs_dir()}"
    yield Look(t("definities", "definitions"), OK, f"BDS {known}{own}")
    if shipped() and not compiled.FILE.is_file():
        yield Look(
            t("definities vooraf gelezen", "definitions read beforehand"),
            MIND,
            t("nee; elke start kost meer tijd", "no; every start takes longer"),
            t("Installeer het pakket met pip.", "Install the package with pip."),
        )


def _libraries() -> Iterator[Look]:
    """The needed libraries with their versions, then per extra what is missing of it."""
    try:
        declared = requires(PACKAGE) or []
    except PackageNotFoundError:
        yield Look(
            t("bibliotheken", "libraries"), MIND,
            t("bds draait zonder installatie", "bds runs without being installed"),
            t("Installeer het pakket met pip.", "Install the package with pip."),
        )  # fmt: skip
        return
    core = [_name(r) for r in declared if "extra ==" not in r]
    there, missing = _present(core)
    yield Look(
        t("bibliotheken", "libraries"),
        BAD if missing else OK,
        " · ".join([*there, *(f"{m}: {t('ontbreekt', 'missing')}" for m in missing)]),
        f"pip install {' '.join(missing)}" if missing else "",
    )
    for extra, (dutch, english) in EXTRAS.items():
        wanted = [_name(r) for r in declared if f'extra == "{extra}"' in r.replace("'", '"')]
        _, missing = _present(wanted)
        yield Look(
            f"{extra}: {t(dutch, english)}",
            MIND if missing else OK,
            f"{t('ontbreekt', 'missing')}: {', '.join(missing)}" if missing else t("aanwezig", "present"),
            f'pip install "{PACKAGE}[{extra}]"' if missing else "",
        )


def _name(requirement: str) -> str:
    """`polars` of `polars[x]<3,>=2; extra == "y"`."""
    head = requirement.split(";", maxsplit=1)[0]
    for sign in "[<>=!~ (":
        head = head.split(sign)[0]
    return head.strip()


def _present(names: list[str]) -> tuple[list[str], list[str]]:
    there, missing = [], []
    for name in names:
        try:
            there.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    return there, missing


def _machine() -> Iterator[Look]:
    cores = os.cpu_count() or 1
    memory = _memory()
    yield Look(
        t("processor en geheugen", "processor and memory"),
        MIND if memory and memory < LITTLE_MEMORY else OK,
        f"{cores} · {number(memory / 1e9, 1)} GB" if memory else str(cores),
        t("Verwerk grote leveringen in delen.", "Process large deliveries in parts.")
        if memory and memory < LITTLE_MEMORY
        else "",
    )
    folder = place()
    free = shutil.disk_usage(folder).free
    writable = os.access(folder, os.W_OK)
    other = t("Zet TMPDIR op een map met meer ruimte.", "Set TMPDIR to a folder with more space.")
    yield Look(
        t("tijdelijke map", "temporary folder"),
        BAD if not writable else MIND if free < LITTLE_DISK else OK,
        f"{folder} · {number(free / 1e9, 1)} GB {t('vrij', 'free')}"
        + ("" if writable else f" · {t('niet te beschrijven', 'not writable')}"),
        other if not writable or free < LITTLE_DISK else "",
    )
    encoding = sys.stdout.encoding or "?"
    plain = encoding.lower().replace("-", "") not in {"utf8", "utf8sig"}
    yield Look(
        t("tekens", "characters"),
        MIND if plain and sys.stdout.isatty() else OK,
        f"{t('scherm', 'screen')} {encoding} · {t('bestanden', 'files')} {locale.getpreferredencoding(do_setlocale=False)}",
        t("Bestanden zijn altijd UTF-8. Voor het scherm: zet PYTHONUTF8=1.",
          "Files are always UTF-8. For the screen: set PYTHONUTF8=1.")
        if plain and sys.stdout.isatty()
        else "",
    )  # fmt: skip


def _memory() -> int:
    """Bytes of memory of this machine; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        pass
    try:
        import ctypes

        class Status(ctypes.Structure):
            _fields_ = (
                ("length", ctypes.c_ulong),
                ("load", ctypes.c_ulong),
                *(
                    (name, ctypes.c_ulonglong)
                    for name in ("total", "free", "page", "pages", "virtual", "virtuals", "more")
                ),
            )

        status = Status(length=ctypes.sizeof(Status))
        ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined]
        return int(status.total)
    except (ImportError, AttributeError, OSError):
        return 0


def _settings() -> Iterator[Look]:
    try:
        found = project.project().path
    except UserError as error:
        yield Look("bds.toml", BAD, error.message, error.remedy)
        return
    yield Look(
        "bds.toml", OK, str(found) if found else t("geen; de standaard geldt", "none; the defaults hold")
    )
    names = [n for n in ("BDS_CONFIG", "BDS_KEY", "BDS_LANG", "BDS_SPECS") if os.environ.get(n)]
    if names:
        yield Look(
            t("omgeving", "environment"), OK,
            ", ".join(f"{n} {t('is gezet', 'is set')}" for n in names),
        )  # fmt: skip
