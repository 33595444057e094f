"""What a shell may offer for a value: codes of rules, numbers of elements, versions, formats, indicators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from bds_tool.base.errors import UserError

#: A word with what it is.
Words = Iterable[tuple[str, str]]


def _rules() -> Words:
    from bds_tool.findings.catalogue import load_catalogue

    return [(r.code, str(r.title)) for r in load_catalogue().rules.values()]


def _versions() -> Words:
    from bds_tool.schema import versions

    return [(v, "") for v in versions()]


def _numbers() -> Words:
    """Elements, rubrieken and groepen of the newest version."""
    from bds_tool.schema import load, newest
    from bds_tool.schema.loading import element_texts

    found = load(newest())
    chapters = [(k, v.naam) for part in (found.rubrieken, found.groepen) for k, v in part.items()]
    return [*((str(n), name) for n, name in element_texts(newest(), "naam").items()), *chapters]


def _protocols() -> Words:
    from bds_tool.schema.protocols import in_language, protocols

    return [(p.id, in_language(p.title)) for p in protocols().values()]


def _indicators() -> Words:
    from bds_tool.indicators.catalogue import load_all

    return [(name, "") for name in load_all()]


def _inputs() -> Words:
    from bds_tool.formats.registry import FORMATS

    return [(name, "") for name in FORMATS]


#: (command, parameter) → words; an empty command is any.
_KNOWN: dict[tuple[str, str], Callable[[], Words]] = {
    ("rule", "code"): _rules,
    **{("validate", name): _rules for name in ("select", "ignore")},
    ("spec show", "keys"): _numbers,
    ("spec values", "key"): _numbers,
    ("spec path", "key"): _numbers,
    **{("spec diff", name): _versions for name in ("old", "new")},
    **{("", name): _versions for name in ("bds", "bds_left", "bds_right")},
    ("protocol show", "identification"): _protocols,
    ("", "from_format"): _inputs,
}


def offer(param: Any) -> None:  # noqa: ANN401
    """Have a parameter of the parser offer the words that it takes, where they are known."""
    own = param.shell_complete

    def complete(context: Any, incomplete: str) -> Any:  # noqa: ANN401
        from typer.core import CompletionItem  # type: ignore[attr-defined]

        with suppress(UserError):
            found = words(context.command_path.partition(" ")[2], param)
            if found is not None:
                low = incomplete.casefold()
                return [CompletionItem(w, help=said) for w, said in found if w.casefold().startswith(low)]
        return own(context, incomplete)

    param.shell_complete = complete


def words(command: str, param: Any) -> Words | None:  # noqa: ANN401
    """The words that a parameter takes; None where they are not known."""
    make = _KNOWN.get((command, param.name)) or _KNOWN.get(("", param.name))
    if "--indicator" in param.opts:
        make = _indicators
    if make is not None:
        return make()
    if param.name == "format_" and param.help:
        from bds_tool.findings.report.formats import FORMATS

        named = re.findall(r"[a-z][a-z-]+", param.help)  # the help says which: "text, json of csv."
        return [(w, "") for w in dict.fromkeys(named) if w in FORMATS]
    return None
