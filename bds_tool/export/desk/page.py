"""The page itself: its words in the language of this run; style and script stand beside it as files."""

from __future__ import annotations

import json
from pathlib import Path

from bds_tool.base.escaping import markup
from bds_tool.base.text import language, t

_HERE = Path(__file__).parent
#: What the page loads.
FILES = ("page.css", "page.js")


def file(name: str) -> bytes:
    """One of FILES."""
    return (_HERE / name).read_bytes()


def html() -> str:
    """The page, without any text from the data."""
    text = (_HERE / "page.html").read_text(encoding="utf-8")
    words = _words()
    for key, word in words.items():
        text = text.replace(f"[[{key}]]", markup(word))
    return text.replace("[[lang]]", language()).replace(
        "[[words]]", markup(json.dumps(words, ensure_ascii=False))
    )


def _words() -> dict[str, str]:
    return {
        "title": t("bds: een levering bekijken", "bds: look at a delivery"),
        "intro": t(
            "Sleep bestanden naar het vak. Ze blijven op deze computer en worden gewist als u dit venster sluit.",
            "Drop files in the box. They stay on this computer and are erased when you close this window.",
        ),
        "first": t("Levering", "Delivery"),
        "second": t("Om mee te vergelijken", "To compare with"),
        "drop": t("Sleep bestanden of een map hierheen", "Drop files or a folder here"),
        "choose": t("of kies bestanden", "or choose files"),
        "none": t("Nog geen bestanden.", "No files yet."),
        "count": t("bestanden", "files"),
        "one": t("bestand", "file"),
        "clear": t("Leegmaken", "Empty"),
        "validate": t("Beoordelen", "Judge"),
        "profile": t("Wat zit erin", "What is in it"),
        "compare": t("Vergelijken", "Compare"),
        "save": t("Bewaren", "Save"),
        "result": t("Resultaat", "Result"),
        "busy": t("Bezig …", "Working …"),
        "saved": t("Bewaard in", "Saved in"),
        "sending": t("Bestanden worden klaargezet …", "Files are being put ready …"),
        "failed": t("Dat lukte niet.", "That failed."),
        "gone": t("bds is gestopt. Start het opnieuw.", "bds has stopped. Start it again."),
        "unreadable": t("Niet alles kon worden gelezen.", "Not everything could be read."),
        "close": t("Klaar: sluit dit venster, dan stopt bds.", "Done: close this window and bds stops."),
    }
