"""What was left out of the figures and why, for readers: the rounded flow that protecting let through."""

from __future__ import annotations

from bds_tool.base.escaping import markup
from bds_tool.base.text import number, t
from bds_tool.export.report.book import Book
from bds_tool.indicators.flow_words import PUBLISHED, RUN
from bds_tool.indicators.told import LeftOutTold


def title() -> str:
    return t("Wat is weggelaten", "What was left out")


def _left(book: Book) -> LeftOutTold:
    return book.result.meta.get("left_out") or {}


def about(book: Book) -> str:
    """How the numbers are to be read."""
    step = number(_left(book).get("base", 10))
    return t(
        f"Over alle gebieden en jaren samen, afgerond op {step}; een liggend streepje: niet te zeggen. Een cijfer waarvan het "
        "geheel niet wordt getoond, staat er niet bij.",
        f"Over all areas and years together, rounded to {step}; a dash: cannot be told. A figure of which the whole is not "
        "shown is not listed.",
    )


def whole_run(book: Book) -> list[tuple[str, str]]:
    """Of all dossiers together: what, and how many; empty where the result does not tell."""
    told = _left(book)
    return [(t(*RUN[k]), _told(v, told["base"])) for k, v in told.get("run", {}).items() if k in RUN]


def of_indicator(book: Book, key: str) -> list[tuple[str, str]]:
    """Of one indicator: why children do not count in it, and how many of them."""
    told = _left(book)
    found = told.get("indicators", {}).get(key, {})
    return [(t(*PUBLISHED[k]), _told(v, told["base"])) for k, v in found.items() if k in PUBLISHED]


def per_indicator(book: Book) -> tuple[list[str], list[list[str]]]:
    """Header and one line per indicator of the book; no lines where the result does not tell."""
    header = [t("Indicator", "Indicator"), *(t(*words) for words in PUBLISHED.values())]
    told = [(known.title, of_indicator(book, known.id)) for known in book.indicators.values()]
    return header, [[name, *(count for _, count in found)] for name, found in told if found]


def markdown(book: Book) -> list[str]:
    """`per_indicator` as lines of Markdown."""
    header, lines = per_indicator(book)
    if not lines:
        return []
    rows = [header, ["---"] + ["---:"] * (len(header) - 1), *lines]
    return [
        *("", about(book), ""),
        *("| " + " | ".join(c.replace("|", "\\|") for c in line) + " |" for line in rows),
    ]


def html(book: Book) -> str:
    """`per_indicator` as a section of a page."""
    header, lines = per_indicator(book)
    if not lines:
        return ""
    heads = "".join(f'<th scope="col">{markup(h)}</th>' for h in header)
    body = "".join(
        f'<tr><th scope="row">{markup(line[0])}</th>'
        + "".join(f"<td class=num>{markup(c)}</td>" for c in line[1:])
        + "</tr>"
        for line in lines
    )
    return (
        f"<h2>{markup(title())}</h2><p>{markup(about(book))}</p><table><caption>{markup(title())}</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


def _told(value: int | None, step: int) -> str:
    if value is None:
        return "–"
    return number(value) if value else t(f"minder dan {step}", f"fewer than {step}")
