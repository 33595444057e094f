"""JSON as senders give it: strict first; else what a person would still read the same way, with remarks.

Read with a remark: comments, a comma before a closing bracket, a field that stands twice in one object (the
earlier values stay, under a name of their own), and words or sizes that are no number (`NaN`, `1e400`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson

from bds_tool.base.text import t
from bds_tool.store.sources import Source, Unreadable

#: A string, or a comment. Possessive, so that a quote or comment that is never closed costs one pass.
_COMMENT = re.compile(rb'"(?:[^"\\]++|\\.)*+"|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?', re.DOTALL)
_COMMA = re.compile(rb'"(?:[^"\\]++|\\.)*+"|,(?=\s*+[}\]])', re.DOTALL)
#: Between a key and the object that follows it stands this; a pair that is written with a blank is looked at twice.
_PAIR = b'":'


class BadNumber(str):
    """What stands where a number should: `NaN`, `Infinity`, or digits beyond what a computer holds."""

    __slots__ = ()


#: Code, object it is about (None: the text), parameters.
JsonRemark: TypeAlias = tuple[str, object, dict[str, Any]]


@dataclass
class Parsed:
    """A JSON value with what there is to say about it."""

    value: Any
    remarks: list[JsonRemark] = field(default_factory=list)


def loads(data: bytes) -> Parsed:
    """Parse UTF-8 text without BOM. Raises ValueError for what is no JSON, RecursionError for too deep nesting."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _closely(data)
    if _pairs_seem_whole(data, value):
        return Parsed(value)
    return _closely(data)


def loads_as_text(data: bytes) -> Parsed:
    """As `loads`, with every number as the text it has in the file: an id of twenty digits stays whole."""
    remarks: list[JsonRemark] = []
    try:
        return Parsed(_decoded(_decode(data, remarks, "replace"), remarks, as_text=True), remarks)
    except RecursionError:
        raise
    except ValueError:
        remarks.clear()
        mended = uncommented(data)
        if mended == data:
            raise
        value = _decoded(_decode(mended, remarks, "replace"), remarks, as_text=True)
        return Parsed(value, [("BDS062", None, {}), *remarks])


#: Blanks and comments before the first sign of a document; possessive, so that a comment without an end costs one pass.
_BEFORE = re.compile(r"(?:[\s\ufeff]++|//[^\n]*+\n?|/\*(?:[^*]++|\*(?!/))*+\*/)*+")


def opening(text: str) -> str:
    """The text from its first `{` or `[` on; "" when something else than blanks and comments comes first."""
    start = text[_BEFORE.match(text).end() :]  # type: ignore[union-attr]  # it matches nothing at all too
    return start if start[:1] in {"{", "["} else ""


def plain_loads(data: bytes) -> Any:  # noqa: ANN401
    """The value where the text is strict JSON without doubles, else the marker NOT_PLAIN: the quick way for lines."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return NOT_PLAIN
    return value if _pairs_seem_whole(data, value) else NOT_PLAIN


NOT_PLAIN: Any = object()
#: Bytes that are read at once, and the longest single record that is accepted.
BLOCK = 4 * 1024**2
RECORD_MAX = 64 * 1024**2
#: What stands between records, and spaces alone.
BETWEEN, SPACES = re.compile(r"[ \t\r\n,\ufeff]*+"), re.compile(r"\s*+")
#: An object that opens with plain fields and then a list: what a large list may be wrapped in.
_WRAPPED = re.compile(
    r'\s*+\{(?:\s*+"[^"\\]{0,60}+"\s*+:\s*+(?:"(?:[^"\\]|\\.){0,500}+"|[-+.\w]{1,40}+)\s*+,)*+'
    r'\s*+"(?!clientDetails|ClientGegevens)[^"\\]{0,60}+"\s*+:\s*+(?=\[\s*+\{)'
)


def _pairs_seem_whole(data: bytes, value: Any) -> bool:  # noqa: ANN401
    """Whether as many pairs came out as stand in the text: a field that stands twice in an object goes lost."""
    try:
        return orjson.dumps(value).count(_PAIR) == data.count(_PAIR)
    except orjson.JSONEncodeError:  # deeper than orjson writes
        return False


def _closely(data: bytes) -> Parsed:
    remarks: list[JsonRemark] = []
    try:
        return Parsed(_decoded(_decode(data, remarks), remarks), remarks)
    except RecursionError:
        raise
    except ValueError:
        remarks.clear()
        mended = uncommented(data)
        if mended == data:
            raise
        value = _decoded(_decode(mended, remarks), remarks)
        return Parsed(value, [("BDS062", None, {}), *remarks])


def _decoded(
    text: str,
    remarks: list[JsonRemark],
    *,
    as_text: bool = False,
) -> Any:  # noqa: ANN401
    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        record = dict(found)
        if len(record) == len(found):
            return record
        last = {key: at for at, (key, _) in enumerate(found)}
        record = {}
        # The last one keeps its key; those before it are key#1, key#2 and on. A count only goes up: never twice the same look.
        doubled: dict[str, int] = {}
        for at, (key, value) in enumerate(found):
            name = key
            while at != last[key] and (name == key or name in record or name in last):
                doubled[key] = doubled.get(key, 0) + 1
                name = f"{key}#{doubled[key]}"
            record[name] = value
        remarks.extend(("BDS060", record, {"veld": key}) for key in sorted(doubled))
        return record

    def real(digits: str) -> float | BadNumber:
        value = float(digits)
        return value if math.isfinite(value) else BadNumber(digits)

    def bad(word: str) -> BadNumber:
        if as_text:
            remarks.append(("BDS061", None, {}))
        return BadNumber(word)

    if as_text:
        return json.loads(text, object_pairs_hook=pairs, parse_float=str, parse_int=str, parse_constant=bad)
    return json.loads(text, object_pairs_hook=pairs, parse_float=real, parse_constant=bad)


def uncommented(data: bytes) -> bytes:
    """The text with blanks for comments and for commas before a closing bracket; every place stays where it was."""
    if b"//" in data or b"/*" in data:
        data = _COMMENT.sub(lambda m: m.group() if m.group()[:1] == b'"' else _blanks(m.group()), data)
    return _COMMA.sub(lambda m: m.group() if m.group()[:1] == b'"' else b" ", data)


def _decode(data: bytes, remarks: list[JsonRemark], errors: str = "strict") -> str:
    """The text; half a character, written as an escape alone, becomes the sign for unknown and is told."""
    text = data.decode("utf-8", errors=errors)
    if "\\u" not in text:
        return text
    whole = _HALF.sub(lambda m: m[1] or "\\ufffd", text)
    if whole == text:
        return text
    remarks.append(("BDS006", None, {"codering": "unicode"}))
    return whole


#: An escaped backslash or a whole pair stays (group 1); half a pair is what is left.
_HALF = re.compile(
    r"(\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)


def _blanks(text: bytes) -> bytes:
    return re.sub(rb"[^\r\n]", b" ", text)


def what_is_wrong(data: bytes) -> dict[str, Any]:
    """Line, column and kind of the first place where the text is no JSON, in words; never its content."""
    text = uncommented(data).decode("utf-8", errors="replace")
    try:
        # NaN and the like are read with a remark of their own; what is asked is what stops the reading.
        json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except json.JSONDecodeError as error:
        end = min(error.pos, len(text.rstrip()))
        return {
            "regel": text.count("\n", 0, end) + 1,
            "kolom": end - text.rfind("\n", 0, end),
            "reden": _kind(text, error),
        }
    except (RecursionError, ValueError):  # too deep, or a number of thousands of digits
        pass
    return {"regel": 1, "kolom": 1, "reden": t("de tekst is geen JSON", "the text is no JSON")}


def _kind(text: str, error: json.JSONDecodeError) -> str:
    """What stands where the parser stopped."""
    at = error.pos
    rest = text[at : at + 20].lstrip()
    if not rest:
        return t("het bestand stopt halverwege", "the file stops halfway")
    if error.msg.startswith("Expecting ':'"):
        return t("er ontbreekt een dubbele punt", "a colon is missing")
    if rest[0] == '"':
        # Either a string that never ends, or one that comes where a comma is due.
        before = text[:at].rstrip()[-1:]
        return (
            t("het bestand stopt halverwege", "the file stops halfway")
            if before in {":", ",", "[", "{", ""}
            else t("er ontbreekt een komma", "a comma is missing")
        )
    if rest[0] in "'‘’“”":
        return t("JSON kent alleen dubbele rechte aanhalingstekens", "JSON knows straight double quotes only")
    if rest[0].isalpha():
        return t("een woord staat niet tussen aanhalingstekens", "a word stands outside quotes")
    if rest[0].isdecimal():
        return t("een getal met een komma of een nul vooraan", "a number with a comma or a leading zero")
    if rest[0] in "{[":
        return t("er ontbreekt een komma", "a comma is missing")
    if rest[0] in "}]":
        return t("een haakje te veel of van de verkeerde soort", "a bracket too many or of the wrong kind")
    return t("een teken dat hier niet hoort", "a character that does not belong here")


def has_lines(head: bytes, *, alone: bool = False) -> bool:
    """Whether the first line is a record of its own and another one follows; `alone`: one endless line counts too."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    first, newline, rest = start.partition(b"\n")
    if not start.startswith(b"{"):
        return False
    if not newline:
        return alone
    try:
        loads(first.rstrip().removesuffix(b","))
    except (ValueError, RecursionError):
        # A long file whose first line is broken, while its lines look like records.
        return len(first) > 40 and rest.lstrip().startswith(b"{") and first.rstrip().endswith(b"}")
    return bool(rest.strip())


def after(what: re.Pattern[str], text: str, at: int) -> int:
    """The place behind what a pattern that takes nothing too finds at a place: a gigabyte of spaces is not walked one by one."""
    found = what.match(text, at)
    return found.end() if found else at


def stream_records(source: Source) -> Iterator[tuple[int, str]]:
    """Line and text of the records of one large document: the members of a list, or objects one after another.

    The list may be the last field of an object, after fields of one value.
    """
    line, counted = 1, 0  # the line of the place `counted` in the text at hand
    decoder = json.JSONDecoder()
    with source.open() as stream:
        text, ended, at, started = "", False, 0, False
        pending = b""
        while True:
            if not started and (wrapped := _WRAPPED.match(text, at)):
                at = wrapped.end()
            at = after(BETWEEN, text, at)
            if not started and text[at : at + 1] == "[":
                started, at = True, after(BETWEEN, text, at + 1)
            if at < len(text) and text[at] == "]":
                return
            try:
                if at < len(text):
                    start, (_, at) = at, decoder.raw_decode(text, at)
                    started = True
                    line, counted = line + text.count("\n", counted, start), start
                    yield line, text[start:at]
                    continue
            except (ValueError, RecursionError) as error:  # a JSONDecodeError is a ValueError
                if ended or not _cut_off(error, text):
                    if not isinstance(error, json.JSONDecodeError):
                        raise Unreadable(
                            "BDS005", regel=line, reden=t("de tekst is geen JSON", "the text is no JSON")
                        ) from error
                    line += text.count("\n", counted, error.pos)
                    raise Unreadable("BDS005", regel=line, reden=_kind(text, error)) from error
                if len(text) - at > RECORD_MAX:
                    raise Unreadable("BDS009", grens=RECORD_MAX) from error
            if ended:
                return
            # Read at least as much again as is waiting, so that one long record is not scanned over and over.
            block = pending + stream.read(max(BLOCK, len(text) - at))
            ended = len(block) == len(pending)
            cut = len(block) if ended else _whole_characters(block)
            line, counted = line + text.count("\n", counted, at), 0
            text, at = text[at:] + block[:cut].decode("utf-8", errors="replace"), 0
            pending = block[cut:]


def _cut_off(error: ValueError | RecursionError, text: str) -> bool:
    """Whether JSON may only have stopped because the text did: more may mend it."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    # A string that is not closed is reported at its start, everything else where the text went wrong.
    return error.msg.startswith("Unterminated string") or error.pos >= len(text) - 16


def _whole_characters(block: bytes) -> int:
    """Length of `block` without a character that was cut off at its end."""
    for back in range(1, min(4, len(block)) + 1):
        byte = block[-back]
        if byte & 0xC0 != 0x80:
            need = 1 if byte < 0x80 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return len(block) if need <= back else len(block) - back
    return len(block)
