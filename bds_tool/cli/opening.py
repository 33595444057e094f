"""Opening what a command works on: a store as it is, exports by reading them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bds_tool.base.errors import UnreadableError
from bds_tool.base.text import number, t
from bds_tool.cli.project import project
from bds_tool.cli.render import talk

if TYPE_CHECKING:
    from bds_tool.store import Store


def open_readable(paths: Sequence[Path | str], *, quiet: bool = False, **options: Any) -> Store:  # noqa: ANN401
    """A store of `paths`; `options` are those of `dossier.read`. Sources that could not be read are named on stderr.

    Raises UnreadableError when none could be read.
    """
    from bds_tool.formats import read, unreadable

    store = read(paths, tables=project().tables, **options)
    names = unreadable(store)
    shown = ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
    if names and len(names) == store.bronnen().height:
        store.close()
        raise UnreadableError(
            t(f"Niets kon worden gelezen: {shown}.", f"Nothing could be read: {shown}."),
            t("`bds validate` zegt waarom.", "`bds validate` says why."),
        )
    if names and not quiet:
        talk(t(f"Niet gelezen: {number(len(names))} ({shown}); `bds validate` zegt waarom.",
               f"Not read: {number(len(names))} ({shown}); `bds validate` says why."))  # fmt: skip
    return store
