"""Array types used throughout the suppressor."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

#: Room of a node that does not exist or has no bound: larger than any count of children.
PLENTY = 1 << 40
#: Cost of touching a cell that may never be hidden.
FORBIDDEN = 1e15
