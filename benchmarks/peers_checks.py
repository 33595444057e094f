"""The same eight checks on the same contacts, by bds on the long table and by dataframely and pointblank on a wide one.

Checks: three code lists, three whole numbers with a lower bound, a date, and a key that is there. The peers get
the wide frame ready-made; bds gets the store as it is and finds the same number of planted faults.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from _measure import Case, _run, _timing, compare, save

CHILDREN = 4_000
HERE = Path(tempfile.gettempdir()) / "bds-bench-peers"
STORE, WIDE = HERE / "s.bds", HERE / "wide.parquet"
ELEMENTS = (235, 245, 252, 496, 188, 510)
CODES = {
    496: ["01", "02", "03", "04", "05", "06", "98"],
    188: ["01", "02", "03", "04", "00"],
    510: ["01", "02", "03", "04"],
}
NUMBERS = (235, 245, 252)


def prepare() -> None:
    """A store with faults in codes and numbers, and the same contacts as a wide frame."""
    import polars as pl

    from bds_tool.synthetic.defects import defect_kinds
    from bds_tool.synthetic.generate import Generator, Request, generate

    kinds = [
        k
        for k in defect_kinds("standaard")
        if k["soort"] in {"code-niet-in-lijst", "tekst-in-getal", "negatief", "tekst-in-code"}
    ]
    spec = HERE / "d.yaml"
    import yaml

    spec.write_text(yaml.safe_dump({"id": "b", "titel": "b", "defecten": kinds}), encoding="utf-8")
    request = Request(CHILDREN, 1, "4.1.3", themes=("groei", "voeding", "vragen"), defects=str(spec))
    generate(request, STORE, replace=True)
    assert Generator(request).planter is not None
    rows = pl.read_parquet(STORE / "registraties.parquet").filter(pl.col("bdsnummer").is_in(ELEMENTS))
    wide = rows.pivot(
        "bdsnummer",
        index=["dossier_id", "activiteit_id", "datum"],
        values="waarde",
        aggregate_function="first",
    )
    wide.rename({str(n): f"e{n}" for n in ELEMENTS}).write_parquet(WIDE)


def with_dataframely() -> int:
    import dataframely as dy
    import polars as pl

    columns = {"dossier_id": dy.String(nullable=False), "datum": dy.Date(nullable=False)}
    columns |= {f"e{n}": dy.String(nullable=True, regex=r"^\d+$") for n in NUMBERS}
    columns |= {
        f"e{n}": dy.String(nullable=True, check=lambda c, codes=tuple(codes): c.is_in(codes))
        for n, codes in CODES.items()
    }
    schema = type("Contacts", (dy.Schema,), columns)
    frame = pl.read_parquet(WIDE).drop("activiteit_id")
    _, failures = schema.filter(frame)
    assert len(failures) > 0
    return frame.height


def with_pointblank() -> int:
    import pointblank as pb
    import polars as pl

    frame = pl.read_parquet(WIDE)
    check = pb.Validate(frame).col_vals_not_null(columns=["dossier_id", "datum"])
    for n in NUMBERS:
        check = check.col_vals_regex(columns=f"e{n}", pattern=r"^\d+$", na_pass=True)
    for n, codes in CODES.items():
        check = check.col_vals_in_set(columns=f"e{n}", set=[*codes, None])
    done = check.interrogate()
    assert not done.all_passed()
    return frame.height


def with_bds() -> int:
    """All rules of family 2xx (types, lists, ranges, units, lengths …) over every row of the store."""
    import polars as pl

    from bds_tool.findings.catalogue import load_rules
    from bds_tool.store.store import Store
    from bds_tool.validate.engine import Options, validate

    codes = frozenset(c for c in load_rules({}).rules if c.startswith("BDS2"))
    result = validate(Store.open(STORE), Options(codes=codes))
    assert result.count("fout") > 0
    return int(pl.read_parquet(WIDE, columns=["datum"]).height)


def main():
    HERE.mkdir(exist_ok=True)
    try:
        prepare()
        peer = _timing("pointblank", [_run(Case("pointblank", with_pointblank)) for _ in range(3)])
        return save(
            compare(
                "peers_checks", "Waarden controleren: familie 2xx naast dezelfde acht controles in andere pakketten",
                Case("dataframely, acht controles", with_dataframely), Case("bds, alle regels 2xx", with_bds),
                unit="contacten", rounds=3,
                note="De andere pakketten krijgen een klaargezette brede tabel en doen acht controles; bds doet alle regels 2xx op de lange tabel, op alle elementen.",
                extra={"pointblank, acht controles (s)": round(peer.wall_median, 3)},
            )
        )  # fmt: skip
    finally:
        shutil.rmtree(HERE, ignore_errors=True)


if __name__ == "__main__":
    main()
