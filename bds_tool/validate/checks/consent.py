"""Consent 1533 against what was sent to the RIVM: messages with the child and anonymised ones, beside the dossiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

#: `bronnen.formaat` of vaccinations with the child, and anonymised.
NAMED, ANONYMISED = "jgz-REPC_IN002140NL", "jgz-REPC_IN002145NL"
CODES = ("BDS857", "BDS859")
_CONSENT, _SINCE, _BSN, _KIND = 1533, 1536, 7, 461
_SENT = "bericht/creationTime"
_CHILD = ["bron", "dossier_id"]


def run(
    rows: pl.LazyFrame, sources: Mapping[int, tuple[str, str | None]]
) -> tuple[bool, Iterator[tuple[str, pl.DataFrame]]]:
    """(whether there was a consent to compare with, the findings); `sources`: source → (formaat, organisation).

    A consent that was given or refused after the message was sent is not held against it. Children are the same by
    their number (7), or by the key of their dossier within one organisation; an anonymised message by its activity.
    """
    messages = [b for b, (formaat, _) in sources.items() if formaat in {NAMED, ANONYMISED}]
    if not messages:
        return False, iter(())
    wanted = pl.col("bdsnummer").is_in([_CONSENT, _SINCE, _BSN, _KIND]) | (
        (pl.col("pad").cast(pl.String) == _SENT) & pl.col("bron").is_in(messages)
    )
    held = (
        rows.filter(wanted)
        .select(*_CHILD, "activiteit_id", "bdsnummer", "volgnr", "waarde", "regel", "pad")
        .collect(engine="streaming")
    )
    said = _said(held)
    if said.is_empty():
        return False, iter(())
    return True, _found(held, said, sources)


def _said(held: pl.DataFrame) -> pl.DataFrame:
    """Every consent with the day from which it holds: `agreed`, `since` ("" when nobody says)."""
    consent = held.filter(
        (pl.col("bdsnummer") == _CONSENT) & pl.col("waarde").is_in(["true", "false", "1", "2"])
    )
    since = held.filter(pl.col("bdsnummer") == _SINCE).select(
        *_CHILD, "volgnr", since=pl.col("waarde").str.slice(0, 10)
    )
    return consent.join(
        since.unique([*_CHILD, "volgnr"], keep="first"), on=[*_CHILD, "volgnr"], how="left", nulls_equal=True
    ).select(*_CHILD, agreed=pl.col("waarde").is_in(["true", "1"]), since=pl.col("since").fill_null(""))


def _found(
    held: pl.DataFrame, said: pl.DataFrame, sources: Mapping[int, tuple[str, str | None]]
) -> Iterator[tuple[str, pl.DataFrame]]:
    organisation = pl.DataFrame(
        {"bron": list(sources), "organisatie": [o or "" for _, o in sources.values()]},
        schema={"bron": pl.Int32, "organisatie": pl.String},
    )
    numbers = (
        held.filter(pl.col("bdsnummer") == _BSN).select(*_CHILD, bsn="waarde").unique(_CHILD, keep="first")
    )
    said = said.join(numbers, on=_CHILD, how="left").join(organisation, on="bron", how="left")
    day = held.filter(pl.col("pad").cast(pl.String) == _SENT).select(
        "bron", sent=pl.col("waarde").str.slice(0, 10)
    )
    sent = (
        held.filter(pl.col("bdsnummer") == _KIND)
        .join(numbers, on=_CHILD, how="left")
        .join(organisation, on="bron", how="left")
        .join(day.unique("bron", keep="first"), on="bron", how="left")
        .with_columns(sent=pl.col("sent").fill_null("9999"))
    )
    formaat = pl.col("bron").replace_strict(
        {b: f for b, (f, _) in sources.items()}, default="", return_dtype=pl.String
    )
    named, masked = sent.filter(formaat == NAMED), sent.filter(formaat == ANONYMISED)
    by_number = named.join(said.drop("organisatie").drop_nulls("bsn"), on="bsn", suffix="_of")
    by_key = named.join(said, on=["organisatie", "dossier_id"], suffix="_of")
    yield "BDS857", _contradicted(pl.concat([by_number, by_key], how="diagonal"), agreed=False)
    acts = sent.select(*_CHILD, "activiteit_id").drop_nulls("activiteit_id").unique()
    of_act = masked.join(acts.join(said, on=_CHILD), on=["organisatie", "activiteit_id"], suffix="_of")
    yield "BDS859", _contradicted(of_act, agreed=True)


def _contradicted(pairs: pl.DataFrame, *, agreed: bool) -> pl.DataFrame:
    """Of every vaccination that was sent the newest consent before that; those of which it says `agreed`."""
    place = [*_CHILD, "activiteit_id", "regel"]
    known = pairs.filter(pl.col("since") <= pl.col("sent"))
    newest = known.filter(pl.col("since") == pl.col("since").max().over(place))
    answer = newest.group_by(place, maintain_order=True).agg(
        pl.col("agreed").all(), pl.col("pad").first(), pl.col("waarde").first()
    )
    # one finding for each activity, at its first vaccination
    return (
        answer.filter(pl.col("agreed") == agreed)
        .unique([*_CHILD, "activiteit_id"], keep="first", maintain_order=True)
        .select(*place, "pad", bdsnummer=pl.lit(_CONSENT, pl.Int32))
    )
