"""Reading definition files of this package, checked against their JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bds_tool.errors import SpecError
from bds_tool.places import specs_dir
from bds_tool.text import t


def read_checked(path: Path, kind: str) -> dict[str, Any]:
    """The YAML file as a dictionary. Raises SpecError that names every fault and its place."""
    import jsonschema
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
    schema = json.loads((specs_dir() / "_schemas" / f"{kind}.schema.json").read_text(encoding="utf-8"))
    faults = sorted(
        jsonschema.Draft202012Validator(schema).iter_errors(data), key=lambda e: list(map(str, e.path))
    )
    if faults:
        lines = [f"{'/'.join(map(str, f.path)) or '.'}: {f.message}" for f in faults[:10]]
        raise SpecError(
            t(f"{path} klopt niet: ", f"{path} is not right: ") + "; ".join(lines),
            t(f"Zie specs/_schemas/{kind}.schema.json.", f"See specs/_schemas/{kind}.schema.json."),
        )
    return dict(data)
