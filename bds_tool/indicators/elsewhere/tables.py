"""What the views read besides registrations, as tables that can be loaded anywhere, and the D-score as SQL.

The D-score (see `dscore`) is a sum over points, so a database can work it out from three tables: the chance of every
item at every point, the expected score by age, and the reference for its z-score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bds_tool.indicators import features
from bds_tool.indicators.cells import Group, groups
from bds_tool.indicators.compute import Plan
from bds_tool.indicators.dscore import PRIOR_SD, REFERENCE, SLOPE, TERM, difficulties, points
from bds_tool.indicators.growth import DAYS_PER_YEAR, LAST_DAY, SEXES, lms
from bds_tool.store import database

if TYPE_CHECKING:
    import pyarrow as pa

#: Weeks of gestation with a reference of their own; others have that of 40.
WEEKS = (*range(25, 37), 40)
#: Sources of the view `dscore`.
OF_DSCORE = ("dscore_kans", "dscore_mediaan", "dscore_norm")
DSCORE = database.fill(
    """
SELECT u.kind, u.datum, u.d, {z} AS daz, u.items
FROM (
  SELECT q.kind, q.datum, min(q.dag) AS dag, min(q.sex) AS sex, min(q.weken) AS weken, min(q.items) AS items,
    sum(q.kans * q.punt) / sum(q.kans) AS d
  FROM (
    SELECT r.kind, r.datum, r.dag, r.sex, r.weken, r.items, r.punt,
      exp(r.score - max(r.score) OVER (PARTITION BY r.kind, r.datum)) AS kans
    FROM (
      SELECT v.kind, v.datum, k.punt, min(v.dag) AS dag, min(v.sex) AS sex, min(v.weken) AS weken, count(*) AS items,
        sum(CASE WHEN v.voldaan = 1 THEN k.goed ELSE k.fout END)
          - (k.punt - min(m.mediaan)) * (k.punt - min(m.mediaan)) / {spread} AS score
      FROM vwo_item AS v
      JOIN dscore_kans AS k ON k.item = v.item
      JOIN dscore_mediaan AS m ON m.sex = v.sex AND m.dag = v.dag
      GROUP BY v.kind, v.datum, k.punt
    ) AS r
  ) AS q
  GROUP BY q.kind, q.datum
) AS u
LEFT JOIN dscore_norm AS n ON n.sex = u.sex AND n.dag = u.dag
  AND n.weken = CASE WHEN u.weken BETWEEN 25 AND 36 THEN u.weken ELSE 40 END
""",
    z=features.expand("$Z(u.d, n.l, n.m, n.s)"),
    spread=str(2 * PRIOR_SD**2),
)


def dscore_tables() -> dict[str, pa.Table]:
    """dscore_kans (item, punt, goed, fout), dscore_mediaan (sex, dag, mediaan), dscore_norm (sex, weken, dag, l, m, s)."""
    import numpy as np
    import pyarrow as pa

    grid, tau = points(), np.array(list(difficulties().values()))
    logit = (grid[None, :] - tau[:, None]) / SLOPE
    item, point = (a.ravel() for a in np.indices(logit.shape))
    chance = {
        "item": pa.array(item, pa.int32()),
        "punt": grid[point],
        "goed": -np.logaddexp(0, -logit).ravel(),
        "fout": -np.logaddexp(0, logit).ravel(),
    }
    days = np.arange(LAST_DAY + 1)
    norms: dict[str, list[object]] = {name: [] for name in ("sex", "weken", "dag", "l", "m", "s")}
    middle: dict[str, list[object]] = {name: [] for name in ("sex", "dag", "mediaan")}
    for letter, word in SEXES.items():
        for weeks in WEEKS:
            l, m, s = lms(REFERENCE, "dsc", word, str(weeks)).at(days / DAYS_PER_YEAR)  # noqa: E741  # as papers write
            there = np.isfinite(m)
            size = int(there.sum())
            columns = (
                [letter] * size,
                [weeks] * size,
                days[there].tolist(),
                *(v[there].tolist() for v in (l, m, s)),
            )
            for name, column in zip(norms, columns, strict=True):
                norms[name] += column
            if str(weeks) == TERM:
                for name, column in zip(middle, (columns[0], columns[2], columns[4]), strict=True):
                    middle[name] += column
    whole = {"dag": pa.int64(), "weken": pa.int64()}
    return {
        "dscore_kans": pa.table(chance),
        "dscore_mediaan": pa.table({k: pa.array(v, whole.get(k)) for k, v in middle.items()}),
        "dscore_norm": pa.table({k: pa.array(v, whole.get(k)) for k, v in norms.items()}),
    }


def steps(plan_views: list[str], concepts: list[str], place: str = "adres") -> list[tuple[str, str]]:
    """Name and SQL (of DuckDB) of what must be made, in order, with the D-score as SQL; `place` as in Settings."""
    chosen = features.needed(plan_views, place)
    numbers = ", ".join(map(str, sorted(features.elements(chosen, concepts))))
    found = []
    for view in chosen:
        if view.name == "ontwikkeling":
            found.append(("dscore", DSCORE))
        found.append((view.name, view.sql.replace("$ELEMENTEN", numbers)))
    return found


def whole(plan: Plan) -> list[Group]:
    """The groups as another engine counts them: all children at once, so that a cell may have any number of rows."""
    return [group._replace(apart=True) for group in groups(plan.indicators)]


def loaded(plan_views: list[str], place: str = "adres") -> list[str]:
    """The tables that those read and that nobody makes: they are loaded, besides registraties."""
    chosen = features.needed(plan_views, place)
    sources = (
        {s for view in chosen for s in view.sources} - set(features.views()) - {"registraties", "dscore"}
    )
    if any(view.name == "ontwikkeling" for view in chosen):
        sources |= set(OF_DSCORE)
    return sorted(sources | {"geenplaats", "parameters"})
