"""From paths to a judged result: read, walk the messages, judge, accept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base import clock
from bds_tool.base.errors import UnreadableError, UsageError
from bds_tool.base.settings import Acceptance
from bds_tool.base.table_settings import TableSettings
from bds_tool.base.text import t
from bds_tool.findings.catalogue import load_rules

if TYPE_CHECKING:
    from bds_tool.findings.result import Result
    from bds_tool.store import Store

INSPECTOR = "bds_tool.validate.message:inspect"
XSD_INSPECTOR = "bds_tool.validate.xsd:inspect"


@dataclass
class Request:
    """What to judge and how; `select` and `ignore` hold codes, kebab names or families (`2xx`)."""

    paths: Sequence[Path | str]
    bds: str = ""
    from_format: str | None = None
    tables: TableSettings = field(default_factory=TableSettings)
    today: date = field(default_factory=clock.today)
    max_examples: int = 100
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    accept: Sequence[Acceptance] = ()
    xsd: Path | None = None
    store: Path | None = None
    replace: bool = False
    progress: Callable[[int, int], None] | None = None


def judge(request: Request) -> Result:
    """Read everything in `paths` and judge it. A file that cannot be read is a finding; the others go on.

    Raises UsageError for an unknown BDS version or rule, UnreadableError when there is nothing to read.
    """
    from bds_tool.findings.acceptances import accept
    from bds_tool.formats import read
    from bds_tool.store import Store
    from bds_tool.validate.engine import Options, validate

    known_version(request.bds)
    codes = chosen(request.select, request.ignore)
    inspect = [INSPECTOR]
    if request.xsd is not None:
        from bds_tool.validate import xsd

        xsd.use(request.xsd)
        inspect.append(XSD_INSPECTOR)
    stored = len(request.paths) == 1 and Store.is_store(request.paths[0])
    store = read(
        request.paths,
        None if stored else request.store,
        from_format=request.from_format,
        bds=request.bds,
        inspect=tuple(inspect),
        tables=request.tables,
        replace=request.replace,
        progress=request.progress,
    )
    if stored:
        _check_store(store)
    with store:
        result = validate(
            store,
            Options(
                today=request.today,
                max_examples=request.max_examples,
                codes=codes,
                rules=request.rules,
                xsd=request.xsd is not None and not stored,
                bds=request.bds,
            ),
        )
    return accept(result, request.accept, request.today)


def known_version(bds: str) -> None:
    """Raises UsageError for a BDS version that is not among the definitions; an empty word is none."""
    from bds_tool.schema import versions

    if bds and bds not in versions():
        raise UsageError(
            t(f"BDS-versie {bds} is hier niet bekend.", f"BDS version {bds} is not known here."),
            t(f"Kies uit: {', '.join(versions())}.", f"Choose one of: {', '.join(versions())}."),
        )


def _check_store(store: Store) -> None:
    """A store may come from elsewhere; its tables must have the columns that the rules read."""
    import pandera.errors

    from bds_tool.validate.contracts import Bronnen, Registraties

    try:
        # On a LazyFrame Pandera looks at names and types only: nothing is read.
        Registraties.validate(store.registraties(), lazy=True)
        Bronnen.validate(store.bronnen().lazy(), lazy=True)
    except (pandera.errors.SchemaError, pandera.errors.SchemaErrors) as error:
        raise UnreadableError(
            t(
                f"{store.path} heeft niet de kolommen van een gegevensmap.",
                f"{store.path} lacks the columns of a store.",
            ),
            t(
                "Maak de map opnieuw met `bds convert --to store`.",
                "Make it again with `bds convert --to store`.",
            ),
        ) from error


def chosen(select: Sequence[str], ignore: Sequence[str]) -> frozenset[str] | None:
    """The codes that remain; None when nothing was chosen. A family is written `2xx` or `BDS2xx`.

    A choice of rules leaves out no remark of a reader (family 0xx); such a remark is ignored by its own code, unless it
    says that something could not be read: then UsageError.
    """
    if not select and not ignore:
        return None
    rules = load_rules().rules
    readers = frozenset(r.code for r in rules.values() if r.family == 0)
    wanted = readers.union(*(_codes(s) for s in select)) if select else frozenset(rules)
    left = wanted - frozenset().union(*(_codes(s) for s in ignore))
    for text in ignore:
        found = _codes(text)
        if len(found) == 1 and rules[next(iter(found))].always:
            raise UsageError(
                t(f"{text} kan niet worden genegeerd.", f"{text} cannot be ignored."),
                t("Wat niet gelezen is, zegt bds altijd.", "What was not read is always told."),
            )
    return left


def _codes(text: str) -> frozenset[str]:
    catalogue = load_rules()
    family = text.strip().upper().removeprefix("BDS")
    if len(family) == 3 and family.endswith("XX") and family[0].isdecimal():
        return frozenset(r.code for r in catalogue.rules.values() if r.family == int(family[0]))
    return frozenset({catalogue.find(text).code})
