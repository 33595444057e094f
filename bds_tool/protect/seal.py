"""The seal of a protected result: what protecting wrote, and a gate that believes nothing else.

`protect` writes a certificate (`_zegel.json`) over every file and every row. Whatever publishes recomputes it and
looks again at the rows themselves, before one byte is written: unknown files, columns and words, filled hidden cells
and counts that the policy forbids are refused, also where somebody made a new seal. With a key (BDS_KEY) the seal is
an HMAC, which nobody without the key can make.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bds_tool import __version__
from bds_tool.base.errors import MALFORMED, UnreadableError, WithheldError
from bds_tool.base.files import MARK
from bds_tool.base.json_types import Json, JsonObject
from bds_tool.base.keys import secret_key
from bds_tool.base.small import own_text, small_text
from bds_tool.base.text import t
from bds_tool.indicators.result import (
    COLUMNS,
    COUNTS_FILE,
    LAYOUT,
    META_FILE,
    PROTECTED,
    UNPROTECTED,
    Result,
    read_result,
)
from bds_tool.protect.fit import PUBLIC_META, PUBLIC_NOTES, unfit

if TYPE_CHECKING:
    from bds_tool.indicators.told import ProtectedTold

SEAL_FILE = "_zegel.json"
VERSION = 1


def public_meta(meta: Mapping[str, Any]) -> ProtectedTold:
    """The metadata that may leave the house: no sources, no names of files, nothing of single children."""
    kept = cast("ProtectedTold", {k: v for k, v in meta.items() if k in PUBLIC_META})
    if "area_tables" in kept:
        kept["area_tables"] = {"division": (kept["area_tables"] or {}).get("division")}
    if "created" in kept:
        kept["created"] = str(kept["created"])[:10]
    if "merged" in kept:  # a result is named by who counted it, in whatever words
        kept["merged"] = [{"sources": m.get("sources")} for m in kept["merged"] or []]
    notes = kept.get("notes") or {}
    kept["notes"] = {k: v for k, v in notes.items() if k in PUBLIC_NOTES} if isinstance(notes, dict) else {}
    return kept


def sealer(facts: Mapping[str, Json]) -> Callable[[Path], None]:
    """What writes the seal of a finished directory; `facts`: policy, relations, ledger, audit."""

    def seal(folder: Path) -> None:
        body = _body(folder, facts)
        (folder / SEAL_FILE).write_text(
            _words(body, _sign(body, _keyed(body, secret_key()))), encoding="utf-8"
        )

    return seal


def open_sealed(path: Path | str) -> Result:
    """A protected result that is as `protect` wrote it. Raises WithheldError (exit 4) where anything differs."""
    path = Path(path)
    with withheld(path):
        result = read_result(path)
    result.require_protected()
    faults = list(broken(result))
    if faults:
        raise WithheldError(
            t(
                f"{path.name} is niet wat bds protect heeft geschreven: {faults[0]}. Er is niets geschreven.",
                f"{path.name} is not what bds protect wrote: {faults[0]}. Nothing was written.",
            ),
            t(
                "Beveilig het getelde resultaat opnieuw met bds protect.",
                "Protect the counted result again with bds protect.",
            ),
        )
    return result


@contextmanager
def withheld(path: Path) -> Iterator[None]:
    """What was a result and can no longer be read is withheld (exit 4), and not only unreadable."""
    try:
        yield
    except UnreadableError as error:
        if not (path / SEAL_FILE).is_file() and not (path / META_FILE).is_file():
            raise
        raise WithheldError(error.message, error.remedy) from error


def broken(result: Result) -> Iterator[str]:
    """What is wrong with a protected result, one text each; nothing when all is as it was written."""
    path = result.path
    yield from _files(path)
    try:
        text = own_text(path / SEAL_FILE)
        body = json.loads(text)
        sealed = body.pop("seal")
        facts = body["facts"]
    except MALFORMED:
        yield t("het zegel ontbreekt of is onleesbaar", "the seal is missing or cannot be read")
        return
    expected = _body(path, facts)
    if body != expected:
        yield t(
            "het zegel past niet bij de inhoud: er is iets aan veranderd na het beveiligen",
            "the seal does not fit the content: something was changed after protecting",
        )
        return
    key = secret_key()
    keyed = str(sealed.get("keyed") or "") if isinstance(sealed, dict) else ""
    if sealed != _sign(body, keyed) or text != _words(body, sealed):
        yield t("het zegel is vals", "the seal is false")
    if key and not hmac.compare_digest(keyed, _keyed(body, key)):
        yield t(
            "het zegel is niet met uw sleutel gemaakt (BDS_KEY)",
            "the seal was not made with your key (BDS_KEY)",
        )
    if result.meta.get("layout") != LAYOUT:
        yield t(
            "de indeling is een andere dan waarmee is beveiligd", "the layout is another than was protected"
        )
    if facts.get("policy") != _digest(result.meta.get("policy")) or facts.get("relations") != _digest(
        result.meta.get("relations")
    ):
        yield t(
            "het beleid is een ander dan waarmee is beveiligd",
            "the policy is not the one it was protected with",
        )
    if not (facts.get("audit") or {}).get("safe") and result.meta.get("method") != "round":
        yield t("de controle is er niet voor gedaan", "the audit did not pass for it")
    yield from unfit(result, int(facts.get("shown_before") or 0))


def remarks(path: Path) -> list[str]:
    """What the seal of a published result says against it; of layouts before there were seals nothing is known."""
    result = Result(path, json.loads(own_text(path / META_FILE)))
    return list(broken(result)) if result.status != UNPROTECTED and has_seal(result) else []


def has_seal(result: Result) -> bool:
    """Whether a seal is to be expected: in this layout, and in what only says that it is of an older one."""
    import pyarrow.parquet as pq

    return (
        result.meta.get("layout") == LAYOUT
        or (result.path / SEAL_FILE).exists()
        or pq.read_schema(result.path / COUNTS_FILE).names == list(COLUMNS)
    )


def _files(path: Path) -> Iterator[str]:
    names = {p.name for p in path.iterdir()}
    mine = {COUNTS_FILE, META_FILE, SEAL_FILE}
    strange = names - {*mine, MARK}
    if not strange and (path / MARK).is_file():  # a pipe would be waited for without end
        strange = set(small_text(path / MARK, errors="replace").splitlines()) - mine
    if strange:
        yield t(
            f"er staat een onbekend bestand in de map: {min(strange)!r}",
            f"there is an unknown file in the folder: {min(strange)!r}",
        )
    if any(p.is_symlink() or not p.is_file() for p in path.iterdir()):
        yield t("een bestand is een verwijzing naar een ander", "a file is a link to another")


def _body(folder: Path, facts: Mapping[str, Json]) -> JsonObject:
    return {
        "schema_version": VERSION,
        "facts": dict(facts),
        "files": {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
            for name in (COUNTS_FILE, META_FILE)
        },
        "rows": _rows_digest(folder / COUNTS_FILE),
    }


def _rows_digest(path: Path) -> str:
    """Over every row in words, so that it holds however the file was packed."""
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError):
        return ""
    digest = hashlib.sha256()
    digest.update("\t".join(frame.columns).encode())
    for part in frame.iter_slices(50_000):
        digest.update(part.write_csv(None, include_header=False, null_value="\\N").encode())
    return digest.hexdigest()


def _sign(body: Mapping[str, Any], keyed: str) -> dict[str, str]:
    """What everyone can recompute, over the content and over what only the key can make (`keyed`)."""
    seal = {"kind": "sha256", "value": hashlib.sha256(_text(body) + keyed.encode()).hexdigest()}
    return seal | ({"keyed": keyed} if keyed else {})


def _words(body: Mapping[str, Any], seal: Mapping[str, Any]) -> str:
    return json.dumps({**body, "seal": seal}, ensure_ascii=False, indent=2) + "\n"


def _keyed(body: Mapping[str, Any], key: bytes) -> str:
    return hmac.new(key, _text(body), hashlib.sha256).hexdigest() if key else ""


def _text(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, sort_keys=True).encode()


def _digest(value: Any) -> str:  # noqa: ANN401  # any JSON value
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def seal_facts(
    meta: Mapping[str, Any], *, safe: bool, ledger: str = "", earlier: int = 0, shown_before: int = 0
) -> JsonObject:
    """What a seal vouches for besides the rows."""
    return {
        "program": f"bds {__version__}",
        "policy": _digest(meta.get("policy")),
        "relations": _digest(meta.get("relations")),
        "ledger": ledger,
        "earlier": earlier,
        "shown_before": shown_before,
        "audit": {"safe": safe},
        "status": PROTECTED,
    }
