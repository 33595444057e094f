"""What is done for a primary without a move: a flow over its sub-table, then its whole block; never less protection."""

from __future__ import annotations

import numpy as np

from bds_tool.protect.secondary import Suppressor
from bds_tool.protect.table_model import Primary


def climb(suppressor: Suppressor, missing: list[Primary]) -> int:
    """Try the next rungs for primaries that have no move in any branch. Gives the number of blocks hidden.

    Rungs: (1) the cheapest flow through the part of the table around the cell (needs HiGHS), (2) hiding the
    block around it - all rows of its area and of its siblings - and searching again. Who is left stays
    uncertified, and then nothing is published.
    """
    from bds_tool.protect.flow import cheapest_flow

    blocks = 0
    for primary in missing:
        if primary in suppressor.choices or primary in suppressor.flows:
            continue
        flow = cheapest_flow(suppressor, primary)
        if flow is not None:
            suppressor.add_flow(flow)
            continue
        blocks += 1
        _hide_block(suppressor, primary)
        suppressor.retry(primary)
    return blocks


def _hide_block(suppressor: Suppressor, primary: Primary) -> None:
    tree = suppressor.problem.tree
    parent = int(tree.parent[primary.node])
    areas = np.array([primary.node] if parent < 0 else [primary.node, *tree.children[parent]], dtype=np.int64)
    flats = np.flatnonzero(~suppressor.problem.fixed[areas].any(axis=0))
    suppressor.hide(np.repeat(areas, len(flats)), np.tile(flats, len(areas)))
