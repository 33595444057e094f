"""From a request to what was asked for: a store, or an export in another format, with or without defects."""

from __future__ import annotations

from pathlib import Path

from bds_tool.errors import UsageError
from bds_tool.synthetic.generate import Request, generate
from bds_tool.text import t


def produce(
    request: Request,
    out: Path,
    *,
    to: str = "store",
    replace: bool = False,
    defects: str = "",
    manifest: Path | None = None,
) -> int:
    """Make the output; returns the number of registraties. Raises UsageError for an unknown format."""
    if to == "store":
        return generate(request, out, replace=replace)
    raise UsageError(
        t(f"Formaat {to[:40]} bestaat hier niet.", f"Format {to[:40]} does not exist here."),
        t("Kies store.", "Choose store."),
    )
