"""From a request to what was asked for: a store, or an export in another format, with or without defects."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bds_tool.base.errors import UsageError
from bds_tool.base.files import atomic_file, scratch
from bds_tool.base.text import t
from bds_tool.synthetic.generate import Request, generate


@dataclass
class Produced:
    """Rows that were drawn, defects that were planted, and what the format could not carry (words → rows)."""

    rows: int
    defects: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)


def produce(
    request: Request, out: Path, *, to: str = "store", replace: bool = False, manifest: Path | None = None
) -> Produced:
    """Make the output. Raises UsageError for an unknown format or an output that is there already."""
    from bds_tool.formats.registry import WRITERS
    from bds_tool.formats.writing import ALIASES

    kind = ALIASES.get(to, to)
    if kind != "store" and kind not in WRITERS:
        raise UsageError(
            t(f"Formaat {to[:40]} bestaat hier niet.", f"Format {to[:40]} does not exist here."),
            t(f"Kies uit: store, {', '.join(WRITERS)}.", f"Choose one of: store, {', '.join(WRITERS)}."),
        )
    if manifest is not None and not request.defects:
        raise UsageError(
            t("Zonder --defects is er geen manifest.", "Without --defects there is no manifest."),
            t("Geef ook --defects standaard.", "Give --defects standaard as well."),
        )
    if kind == "store":
        done = Produced(generate(request, out, replace=replace))
        _manifest(out, manifest, done)
        return done
    if out.exists() and not replace:
        raise UsageError(
            t(f"{out} bestaat al.", f"{out} exists already."),
            t("Kies een andere naam of geef --force.", "Choose another name or give --force."),
        )
    with scratch() as folder:
        store = folder / "run.bds"
        done = Produced(generate(request, store))
        _manifest(store, manifest, done)
        done.left_out = _write(store, kind, out, replace=replace)
    return done


def twin_of(
    profile: Path, out: Path, children: int, seed: int, *, to: str = "store", replace: bool = False
) -> Produced:
    """A twin of a profile, as a store or in another format. Raises UnreadableError for a file that is no profile."""
    from bds_tool.store.store import StoreWriter
    from bds_tool.synthetic.likeness import read_likeness, twin

    found = read_likeness(profile)
    with scratch() as folder:
        store = out if to == "store" else folder / "run.bds"
        with StoreWriter(store, replace=replace) as writer:
            version = (found["versions"] or [""])[-1]
            writer.add_bron(
                pad="tweeling",
                formaat="csv",
                sha256="",
                bds_opgegeven=version or None,
                bds_herkend=version or None,
            )
            rows = list(twin(found, children, seed))
            writer.add_rows(rows)
        done = Produced(len(rows))
        if to != "store":
            done.left_out = _write(store, to, out, replace=replace)
    return done


def _write(store: Path, kind: str, out: Path, *, replace: bool) -> dict[str, int]:
    from bds_tool.formats.dob.sender import INVENTED
    from bds_tool.formats.writing import WriteOptions, write
    from bds_tool.store.store import Store

    return write(Store.open(store), kind, out, WriteOptions(replace=replace, sender=INVENTED)).left_out


def _manifest(store: Path, manifest: Path | None, done: Produced) -> None:
    """The manifest as CSV where that was asked for; it stands as Parquet in the store in any case."""
    planted = store / "defecten.parquet"
    if not planted.is_file():
        return
    import polars as pl

    frame = pl.read_parquet(planted)
    done.defects = frame.height
    if manifest is not None:
        with atomic_file(manifest) as temporary:
            frame.write_csv(temporary)
