"""What a run found, judged anew at will: findings, exact totals, and per rule and source good, bad or unknown."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, cast

import polars as pl

from bds_tool import __version__
from bds_tool.base.errors import UnreadableError
from bds_tool.base.files import atomic_dir
from bds_tool.base.small import small_text
from bds_tool.base.text import t
from bds_tool.base.vocabulary import safe_parameters, told
from bds_tool.findings.collecting import SCHEMA, TOTALS, Kinds
from bds_tool.findings.shape import AcceptedEntry

if TYPE_CHECKING:
    from bds_tool.findings.catalogue import Catalogue, Rule

#: Remark that the walk over a message leaves: the rules of stage `message` have been applied to this source.
MARKER = "BDS800"
#: Remark on a message whose schema is not in the folder of `--xsd`: no finding, but a reason why BDS890 is not judged.
XSD_MISSING = "BDS890-schema"
#: Layout of a stored result.
LAYOUT = 1
_LAYOUT: dict[str, Kinds] = {
    "findings": SCHEMA,
    "totals": TOTALS | {"severity": pl.String, "accepted": pl.Boolean},
    "filled": {"bron": pl.Int32, "bdsnummer": pl.Int32, "rows": pl.Int64, "n": pl.Int64},
    "bronnen": {
        "bron": pl.Int32,
        **dict.fromkeys(("pad", "formaat", "sha256", "bds_zekerheid"), pl.String),
        **dict.fromkeys(("bytes", "rijen", "dossiers"), pl.Int64),
    },
}

GOOD, FOUND, UNKNOWN = "goed", "bevinding", "niet beoordeeld"


class RunFacts(TypedDict, total=False):
    """What a run was asked and could not do. `silent`: BDS version → rule → why; `uncovered`: of definitions."""

    reference_date: str
    codes: list[str] | None
    xsd: bool
    xsd_missing: dict[str, str]
    max_examples: int
    seconds: float
    rows: int
    silent: dict[str, dict[str, str]]
    uncovered: list[dict[str, str]]


@dataclass
class Result:
    """Findings of one run.

    `findings`: examples (collect.FINDINGS); `totals`: exact numbers per rule, source and element; `filled`: rows
    and values per source and element; `groups`: source → (BDS version, format); `needs`: what a rule must find to
    be judged; `inspected`: sources whose message was walked; `names`: the elements that findings are about.
    """

    findings: pl.DataFrame
    totals: pl.DataFrame
    filled: pl.DataFrame
    bronnen: pl.DataFrame
    catalogue: Catalogue
    inspected: frozenset[int]
    groups: dict[int, tuple[str, str]]
    needs: dict[tuple[str, str], dict[str, list[list[int]]]]
    names: dict[int, str] = field(default_factory=dict)
    meta: RunFacts = field(default_factory=RunFacts)
    accepted: list[AcceptedEntry] = field(default_factory=list)

    def count(self, severity: str) -> int:
        """How many findings of a severity there are, also those beyond the examples; accepted ones do not count."""
        chosen = self.totals.filter((pl.col("severity") == severity) & ~pl.col("accepted"))
        return int(chosen["n"].sum())

    def at_or_above(self, severity: str) -> int:
        """Findings of this severity and heavier ones; 0 for the empty word."""
        from bds_tool.findings.catalogue import SEVERITIES

        if not severity:
            return 0
        heavy = SEVERITIES[SEVERITIES.index(severity) :]
        return sum(self.count(s) for s in heavy)

    def unreadable(self) -> list[str]:
        """Names of the sources that could not be read."""
        return self.bronnen.filter(pl.col("formaat") == "onleesbaar")["pad"].to_list()

    @cached_property
    def verdicts(self) -> pl.DataFrame:
        """Per rule and source: code, bron, status (goed, bevinding, niet beoordeeld), reason, n."""
        return verdicts(self)

    @cached_property
    def standings(self) -> pl.DataFrame:
        """Per rule, status and reason the number of sources."""
        return standings(self)

    def save(self, path: Path, *, replace: bool = False, show_values: bool = False) -> None:
        """Write to a directory that `load` and `bds findings` open, and any tool that reads Parquet.

        Values of a child's record are left out unless `show_values`.
        """
        import polars as pl

        with atomic_dir(path, replace=replace, private=True) as folder:
            for name in _LAYOUT:
                frame = getattr(self, name)
                if not show_values and "waarde" in frame.columns:
                    frame = frame.with_columns(pl.lit(None, frame.schema["waarde"]).alias("waarde"))
                if not show_values and "parameters" in frame.columns:
                    frame = _tellable(frame, set(self.bronnen["pad"]))
                frame.write_parquet(folder / f"{name}.parquet")
            meta = {
                "layout": LAYOUT,
                "bds": __version__,
                "rules": self.catalogue.version(),
                **self.meta,
                "inspected": sorted(self.inspected),
                "accepted": self.accepted,
                "groups": [[b, *g] for b, g in self.groups.items()],
                "names": {str(n): name for n, name in self.names.items()},
                "needs": [[*k, v] for k, v in self.needs.items()],
            }
            (folder / "_findings.json").write_text(
                json.dumps(meta, indent=1, ensure_ascii=False) + "\n", "utf-8"
            )


def _tellable(frame: pl.DataFrame, files: set[str]) -> pl.DataFrame:
    """Findings whose paths and parameters say only words that may be told; names of files stay."""
    paths = {p: p if p in files else told(p) for p in frame["pad"].cast(pl.String).drop_nulls().unique()}
    texts = {
        text: json.dumps(safe_parameters(json.loads(text)), ensure_ascii=False)
        for text in frame["parameters"].cast(pl.String).drop_nulls().unique()
    }
    return frame.with_columns(
        pl.col("pad").cast(pl.String).replace_strict(paths, default=None).cast(frame.schema["pad"]),
        pl.col("parameters")
        .cast(pl.String)
        .replace_strict(texts, default=None)
        .cast(frame.schema["parameters"]),
    )


def is_result(path: Path | str) -> bool:
    return (Path(path) / "_findings.json").is_file()


def load(path: Path | str, rules: Mapping[str, Mapping[str, Any]] | None = None) -> Result:
    """A stored result; severities come from the catalogue of now, so that a new threshold holds without reading again."""
    from bds_tool.findings.catalogue import load_rules

    folder = Path(path)
    catalogue = load_rules(rules)
    try:
        meta = json.loads(small_text(folder / "_findings.json"))
        if int(meta["layout"]) > LAYOUT:
            raise ValueError
        parts = {name: _part(folder / f"{name}.parquet", kinds) for name, kinds in _LAYOUT.items()}
        for said in parts["findings"]["parameters"].cast(pl.String).drop_nulls().unique():
            if not isinstance(json.loads(said), dict):
                raise TypeError(said)
        severities = {r.code: r.severity for r in catalogue.rules.values()}
        for name in ("findings", "totals"):
            fresh = pl.col("code").replace_strict(
                severities, default=pl.col("severity"), return_dtype=pl.String
            )
            parts[name] = parts[name].with_columns(severity=fresh)
        return Result(
            **parts,
            catalogue=catalogue,
            inspected=frozenset(map(int, meta["inspected"])),
            groups={int(b): (str(v), str(f)) for b, v, f in meta["groups"]},
            needs={(str(v), str(f)): _sets(n) for v, f, n in meta["needs"]},
            names={int(n): str(name) for n, name in meta.get("names", {}).items()},
            meta=cast("RunFacts", {k: _KNOWN[k](meta[k]) for k in _KNOWN if meta.get(k) is not None}),
            accepted=[_acceptance(a) for a in meta.get("accepted", [])],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, pl.exceptions.PolarsError) as error:  # fmt: skip
        raise UnreadableError(
            t(
                f"{folder} is geen bewaard resultaat van bds validate.",
                f"{folder} is no stored result of bds validate.",
            ),
            t(
                "Maak er een met `bds validate EXPORT --save NAAM.findings`.",
                "Make one with `bds validate EXPORT --save NAME.findings`.",
            ),
        ) from error


def _sets(needs: Any) -> dict[str, list[list[int]]]:  # noqa: ANN401
    return {str(code): [[_element(n) for n in some] for some in sets] for code, sets in needs.items()}


def _element(number: Any) -> int:  # noqa: ANN401
    if not isinstance(number, int) or not 0 <= number < 2**31:
        raise ValueError(number)
    return number


def _words(told: Any) -> dict[str, str]:  # noqa: ANN401
    return {str(k): str(v) for k, v in told.items()}


def _acceptance(told: Any) -> AcceptedEntry:  # noqa: ANN401
    element, file, until = told["element"], told["file"], told["until"]
    return {
        "rule": str(told["rule"]),
        "element": None if element is None else _element(element),
        "file": None if file is None else str(file),
        "reason": str(told["reason"]),
        "until": None if until is None else str(until),
        "n": int(told["n"]),
        "expired": bool(told["expired"]),
    }


#: What a stored result holds beside its tables, and what each is.
_KNOWN: dict[str, Callable[[Any], Any]] = {
    "reference_date": str,
    "codes": lambda told: [str(c) for c in list(told)],
    "xsd": bool,
    "xsd_missing": _words,
    "max_examples": int,
    "seconds": float,
    "rows": int,
    "silent": lambda told: {str(v): _words(rules) for v, rules in told.items()},
    "uncovered": lambda told: [_words(part) for part in list(told)],
}


def _part(file: Path, kinds: Kinds) -> pl.DataFrame:
    """One table of a stored result. Raises ValueError when it is not as the layout says."""
    from bds_tool.base.parquet import fault

    if wrong := fault(file, pl.DataFrame(schema=kinds).to_arrow().schema):
        raise ValueError(wrong)
    return pl.read_parquet(file)


def verdicts(result: Result) -> pl.DataFrame:
    """The tri-state of every rule for every source; what could not be evaluated is never called good.

    Rules on the agreements of a project (stage `judge`) are about the run: one row, whose `bron` is null.
    """
    parts = list(_verdicts(result))
    kinds = {"code": pl.String, "bron": pl.Int32, "status": pl.String, "reason": pl.String, "n": pl.Int64}
    return pl.concat(parts).sort("code", "bron") if parts else pl.DataFrame(schema=kinds)


def standings(result: Result) -> pl.DataFrame:
    """How many sources each rule stands how for: code, status, reason, sources. Memory does not grow with the sources."""
    keys = ["code", "status", "reason"]
    parts = [part.group_by(keys).agg(pl.len().cast(pl.Int64).alias("sources")) for part in _verdicts(result)]
    kinds = {"code": pl.String, "status": pl.String, "reason": pl.String, "sources": pl.Int64}
    return pl.concat([pl.DataFrame(schema=kinds), *parts]).group_by(keys).agg(pl.col("sources").sum())


#: Sources whose verdicts are worked out together: a row for each and every rule.
_TOGETHER = 500


def _verdicts(result: Result) -> Iterator[pl.DataFrame]:
    rules = [r for r in result.catalogue.rules.values() if r.stage != "judge"]
    found = result.totals.group_by("code", "bron").agg(pl.col("n").sum())
    any_source = False
    for group in {None, *result.groups.values()}:
        sources = _sources(result, group)
        if sources.is_empty():
            continue
        any_source = True
        table = [(r.code, *_standing(result, r, group)) for r in rules]
        frame = pl.DataFrame(
            table,
            schema=["code", "reason", "sets", "stage"],
            orient="row",
            infer_schema_length=None,
            schema_overrides={"reason": pl.String, "sets": pl.List(pl.List(pl.Int32))},
        )
        for some in sources.iter_slices(_TOGETHER):
            yield _with_status(_of_sources(result, frame, some), found)
    if any_source:
        yield _with_status(_of_run(result), found)


def _with_status(rules: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    joined = rules.join(found, on=["code", "bron"], how="left", nulls_equal=True).with_columns(
        pl.col("n").fill_null(0)
    )
    status = (
        pl.when(pl.col("n") > 0)
        .then(pl.lit(FOUND))
        .when(pl.col("reason").is_not_null())
        .then(pl.lit(UNKNOWN))
    )
    return (
        joined.with_columns(status=status.otherwise(pl.lit(GOOD)))
        .with_columns(reason=pl.when(pl.col("n") > 0).then(None).otherwise(pl.col("reason")))
        .select("code", "bron", "status", "reason", "n")
    )


def _of_run(result: Result) -> pl.DataFrame:
    reason = None if result.accepted else t("er zijn geen afspraken", "there are no agreements")
    codes = [r.code for r in result.catalogue.rules.values() if r.stage == "judge"]
    return pl.DataFrame(
        {"code": codes, "bron": [None] * len(codes), "reason": [reason] * len(codes)},
        schema={"code": pl.String, "bron": pl.Int32, "reason": pl.String},
    )


def _sources(result: Result, group: tuple[str, str] | None) -> pl.DataFrame:
    chosen = [b for b in result.bronnen["bron"].to_list() if result.groups.get(b) == group]
    return pl.DataFrame({"bron": chosen}, schema={"bron": pl.Int32})


def _standing(
    result: Result, rule: Rule, group: tuple[str, str] | None
) -> tuple[str | None, list[list[int]], str]:
    """Why a rule is not judged for sources of this version and format (null: it is), and the elements it needs."""
    codes = result.meta.get("codes")
    if codes is not None and rule.code not in codes and not rule.always:
        return t("niet gevraagd", "not asked for"), [], rule.stage
    if group is None:
        # Reading stopped at the first obstacle: what else is wrong nobody knows.
        return t("bestand niet gelezen", "file not read"), [], rule.stage
    version, kind = group
    if rule.formats and kind not in rule.formats:
        return t("geldt niet voor dit formaat", "not for this format"), [], rule.stage
    if rule.stage == "reader":
        return None, [], rule.stage
    if not rule.versions.holds(version):
        return rule.not_for(version), [], rule.stage
    if why := result.meta.get("silent", {}).get(version, {}).get(rule.code):
        return str(why), [], rule.stage
    if rule.code == "BDS890" and not result.meta.get("xsd"):
        return t("niet gevraagd (--xsd)", "not asked for (--xsd)"), [], rule.stage
    return None, result.needs.get(group, {}).get(rule.code, []), rule.stage


def _not_in_folder(missing: dict[int, str]) -> pl.Expr:
    reasons = {
        b: t(f"{name} staat niet in de map van --xsd", f"{name} is not in the folder of --xsd")
        for b, name in missing.items()
    }
    return pl.col("bron").replace_strict(reasons, default=None, return_dtype=pl.String)


def _of_sources(result: Result, rules: pl.DataFrame, sources: pl.DataFrame) -> pl.DataFrame:
    filled = result.filled.filter(pl.col("rows") > 0).join(sources, on="bron", how="semi")
    filled = filled.select("bron", "bdsnummer")
    every = rules.select("code", "reason", "stage").join(sources, how="cross")
    sets = (
        rules.select("code", "sets")
        .explode("sets", empty_as_null=False, keep_nulls=False)
        .with_row_index("part")
        .explode("sets", empty_as_null=True, keep_nulls=True)
    )
    needed = rules.select("code", pl.col("sets").list.len().alias("wanted"))
    met = (
        sets.join(filled, left_on="sets", right_on="bdsnummer")
        .select("code", "part", "bron")
        .unique()
        .group_by("code", "bron")
        .agg(pl.len().alias("met"))
    )
    joined = every.join(needed, on="code").join(met, on=["code", "bron"], how="left")
    absent = pl.col("met").fill_null(0) < pl.col("wanted")
    walked = pl.col("bron").is_in(list(result.inspected))
    missing = {int(b): name for b, name in result.meta.get("xsd_missing", {}).items()}
    without_schema = (pl.col("code") == "BDS890") & pl.col("bron").is_in(list(missing))
    reason = (
        pl.when(pl.col("reason").is_not_null())
        .then(pl.col("reason"))
        .when(without_schema)
        .then(_not_in_folder(missing))
        .when((pl.col("stage") == "message") & ~walked)
        .then(pl.lit(t("het bericht zelf is niet doorlopen", "the message itself was not walked")))
        .when(absent)
        .then(pl.lit(t("element niet aangeleverd", "element not supplied")))
    )
    return joined.select("code", "bron", reason.otherwise(None).alias("reason"))
