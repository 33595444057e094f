"""Reading definition files of this package, checked against their JSON Schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bds_tool.errors import SpecError
from bds_tool.schema.faults import faults
from bds_tool.text import t


def read_checked(path: Path, kind: str) -> dict[str, Any]:
    """The YAML file as a dictionary. Raises SpecError that names the faults and their places, not the content."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506  # a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SpecError(
            t(f"{path} kan niet worden gelezen als YAML.", f"{path} cannot be read as YAML."),
            t(
                "Controleer de naam en de inhoud van het bestand.",
                "Check the name and the content of the file.",
            ),
        ) from error
    if found := faults(data, kind):
        told = "; ".join(found)
        raise SpecError(
            t(f"{path} klopt niet. {told}", f"{path} is not right. {told}"),
            t(f"Zie specs/_schemas/{kind}.schema.json.", f"See specs/_schemas/{kind}.schema.json."),
        )
    return dict(data)
