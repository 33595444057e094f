"""What an organisation sets of its site: name, logo, colours and texts; colours are readable or refused."""

from __future__ import annotations

import base64
import errno
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, cast

from bds_tool.base.checked_yaml import read_checked
from bds_tool.base.errors import UsageError
from bds_tool.base.small import small_bytes
from bds_tool.base.text import t

#: Contrast that WCAG 2.2 asks for text (AA).
AA = 4.5
PAPER, DARK = "#ffffff", "#12191f"
ACCENT = "#0a626a"
#: One accent per theme; a theme without one has that of the site.
THEMES = {
    "bereik": "#2f5d8a",
    "gezin": "#8a3b62",
    "groei": "#a8480c",
    "leefstijl": "#3f6b1f",
    "ontwikkeling": "#6a4aa3",
    "psychosociaal": "#8a3b8a",
    "school": "#7a5200",
    "screening": "#1f6a5a",
    "taal": "#9c3a3a",
    "vaccinatie": "#0a6b72",
    "veiligheid": "#7a3f1d",
    "voeding": "#34673f",
    "zintuigen": "#3a5f7d",
    "zwangerschap": "#7d4468",
}
_KINDS = {".svg": "image/svg+xml", ".png": "image/png"}
#: A logo travels in every page.
LOGO_MAX = 100_000


@dataclass(frozen=True)
class Style:
    """Settings of a site; empty means the default."""

    name: str = ""
    logo: str = ""
    logo_text: str = ""
    accent: str = ACCENT
    themes: dict[str, str] = field(default_factory=lambda: dict(THEMES))
    intro: tuple[str, ...] = ()
    region: str = ""
    key: tuple[str, ...] = ()
    publisher: str = ""
    contact: str = ""
    license: str = ""
    changes: tuple[str, ...] = ()

    def css(self) -> str:
        """The colours as variables, for light and dark screens."""
        light = [f"--accent:{self.accent}", *(f"--thema-{k}:{v}" for k, v in self.themes.items())]
        dark = [
            f"--accent:{lighter(self.accent)}",
            *(f"--thema-{k}:{lighter(v)}" for k, v in self.themes.items()),
        ]
        rules = "".join(f".thema-{k}{{--c:var(--thema-{k})}}" for k in self.themes)
        return f":root{{{';'.join(light)}}}@media screen and (prefers-color-scheme:dark){{:root{{{';'.join(dark)}}}}}{rules}\n"


class _Site(TypedDict, total=False):
    """The settings as they are written: `specs/_schemas/site.schema.json`."""

    name: str
    logo: str
    logo_text: str
    accent: str
    themes: dict[str, str]
    intro: list[str]
    region: str
    key: list[str]
    publisher: str
    contact: str
    license: str
    changes: list[str]


def load_style(path: Path | None) -> Style:
    """The settings in a YAML file. Raises SpecError when it has other keys, UsageError when a colour cannot be read."""
    if path is None:
        return Style()
    data = cast("_Site", read_checked(path, "site"))
    for colour in [data.get("accent", ACCENT), *data.get("themes", {}).values()]:
        if contrast(colour, PAPER) < AA:
            found = f"{contrast(colour, PAPER):.1f}".replace(".", t(",", "."))
            raise UsageError(
                t(
                    f"{path.name}: kleur {colour} is te licht voor tekst op wit (contrast {found}, minstens 4,5).",
                    f"{path.name}: colour {colour} is too light for text on white (contrast {found}, at least 4.5).",
                ),
                t("Kies een donkerder kleur.", "Choose a darker colour."),
            )
    # A theme of the organisation itself may be no word of a style sheet.
    themes = THEMES | {k: v for k, v in data.get("themes", {}).items() if k.isascii() and k.isalpha()}
    return Style(
        name=data.get("name", ""),
        logo=_logo(_beside(path, data["logo"])) if "logo" in data else "",
        logo_text=data.get("logo_text", ""),
        accent=data.get("accent", ACCENT),
        themes=themes,
        intro=tuple(data.get("intro", ())),
        region=data.get("region", ""),
        key=tuple(data.get("key", ())),
        publisher=data.get("publisher", ""),
        contact=data.get("contact", ""),
        license=data.get("license", ""),
        changes=tuple(data.get("changes", ())),
    )


def _beside(settings: Path, name: str) -> Path:
    """A file in the folder of the settings: what they name elsewhere would travel in every page."""
    if Path(name).name != name or Path(name).suffix.lower() not in _KINDS:
        raise UsageError(
            t("Het logo staat naast het instellingenbestand.", "The logo stands beside the settings."),
            t(
                "Noem alleen de naam van het bestand, .svg of .png.",
                "Give only the name of the file, .svg or .png.",
            ),
        )
    return settings.parent / name


def _logo(path: Path) -> str:
    """The picture inside the page, so that no page asks for another place; as a picture it runs no script."""
    try:
        content = small_bytes(path, LOGO_MAX)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EFBIG:
            raise UsageError(
                t(f"Logo {path.name} is groter dan 100 kB.", f"Logo {path.name} is larger than 100 kB."),
                t("Maak het kleiner.", "Make it smaller."),
            ) from error
        raise UsageError(
            t(f"Logo {path.name} is niet te lezen.", f"Logo {path.name} cannot be read."),
            t("Zet het naast het instellingenbestand.", "Put it beside the settings."),
        ) from error
    return f"data:{_KINDS[path.suffix.lower()]};base64,{base64.b64encode(content).decode('ascii')}"


def contrast(one: str, two: str) -> float:
    """Contrast of two colours `#rrggbb` (WCAG 2.2), from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lighter(colour: str, ground: str = DARK) -> str:
    """The same colour, mixed with white until it is readable on a dark ground."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    for step in range(21):
        mixed = "#" + "".join(f"{round(p + (255 - p) * step / 20):02x}" for p in parts)
        if contrast(mixed, ground) >= AA + 1:
            return mixed
    return "#ffffff"
