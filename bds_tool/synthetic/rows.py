"""From arrays per theme to the canonical table: sorted by dossier, activity and place, without a loop per row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bds_tool.synthetic.chance import Ints
from bds_tool.synthetic.coder import LOCAL, Coder

if TYPE_CHECKING:
    import pyarrow as pa

    from bds_tool.synthetic.contacts import Activities
    from bds_tool.synthetic.people import People


class Rows:
    """Collects values for the dossiers and activities of one chunk."""

    def __init__(self, coder: Coder, people: People, acts: Activities) -> None:
        self.coder = coder
        self.people = people
        self.acts = acts
        children = len(people.child)
        per_child = np.bincount(acts.owner, minlength=children)
        #: Order of owners: the dossier of a child, then its activities.
        self.dossier = np.arange(children) + np.concatenate([[0], np.cumsum(per_child)[:-1]])
        self.activity = np.arange(len(acts.owner)) + acts.owner + 1
        self._pieces: list[tuple[int, Ints, Ints, Ints | int]] = []
        self._local: list[str] = []

    def child(self, bdsnummer: int, values: Ints, *, where: Any = None, volgnr: int = 0) -> None:  # noqa: ANN401
        """A value per child (or per child where the mask holds) bound to the dossier; -1 is no value."""
        if self.coder.has(bdsnummer):
            self._add(bdsnummer, self.dossier, values, where, volgnr)

    def act(self, bdsnummer: int, which: Any, values: Ints | int, *, volgnr: Ints | int = 0) -> None:  # noqa: ANN401
        """Values for the activities with these numbers; -1 is no value."""
        if self.coder.has(bdsnummer):
            owners = self.activity[which]
            self._add(bdsnummer, owners, np.broadcast_to(np.asarray(values), owners.shape), None, volgnr)

    def path(self, path: str, rubriek: str, owners: Ints, values: Ints) -> None:
        """Values at a place of the message without element; the HL7 coding only."""
        if self.coder.coding == "hl7":
            self._pieces.append((self.coder.place(path, rubriek), owners, values, 0))

    @property
    def for_message(self) -> bool:
        """The HL7 coding: these registrations become messages, which demand more than the data set does."""
        return self.coder.coding == "hl7"

    def local(self, texts: list[str]) -> Ints:
        """Values that only exist in this chunk: one text per place."""
        start = LOCAL + len(self._local)
        self._local.extend(texts)
        return np.arange(start, start + len(texts))

    def _add(self, bdsnummer: int, owners: Ints, values: Ints, where: Any, volgnr: Ints | int) -> None:  # noqa: ANN401
        keep = values >= 0 if where is None else (values >= 0) & where
        if not keep.all():
            owners, values = owners[keep], values[keep]
            volgnr = volgnr[keep] if isinstance(volgnr, np.ndarray) else volgnr
        if len(owners):
            self._pieces.append((self.coder.slot(bdsnummer), owners, values, volgnr))

    def table(self, bron: int) -> pa.Table:
        """The rows in the columns of `registraties`, repeated words dictionary-encoded."""
        import pyarrow as pa

        from bds_tool.store.columns import registraties_schema

        slot = np.concatenate([np.full(len(p[1]), p[0], np.int64) for p in self._pieces])
        owner = np.concatenate([p[1] for p in self._pieces])
        value = np.concatenate([p[2] for p in self._pieces])
        volgnr = np.concatenate(
            [
                p[3] if isinstance(p[3], np.ndarray) else np.full(len(p[1]), p[3], np.int64)
                for p in self._pieces
            ]
        )
        group, rank = self._ranks()
        key = (owner << 26) | (group[slot] << 16) | (np.minimum(volgnr, 63) << 10) | rank[slot]
        order = np.argsort(key, kind="stable")
        slot, owner, value, volgnr = slot[order], owner[order], value[order], volgnr[order]
        return pa.Table.from_arrays(
            self._columns(slot, owner, value, volgnr, bron), schema=registraties_schema()
        )

    def _ranks(self) -> tuple[Ints, Ints]:
        slots = self.coder.slots
        places = sorted({(s.rubriek, s.groep) for s in slots})
        group = np.array([places.index((s.rubriek, s.groep)) for s in slots])
        number = sorted(s.bdsnummer for s in slots)
        return group, np.array([number.index(s.bdsnummer) for s in slots])

    def _columns(self, slot: Ints, owner: Ints, value: Ints, volgnr: Ints, bron: int) -> list[Any]:
        import pyarrow as pa

        acts, people = self.acts, self.people
        rows = len(slot)
        owners = len(people.child) + len(acts.owner)
        child_of, act_of = np.empty(owners, np.int32), np.full(owners, -1, np.int32)
        day_of = np.zeros(owners, np.int32)
        child_of[self.dossier] = np.arange(len(people.child))
        child_of[self.activity] = acts.owner
        act_of[self.activity] = np.arange(len(acts.owner))
        day_of[self.activity] = acts.day
        act, bound = act_of[owner], act_of[owner] >= 0
        slots = self.coder.slots
        nothing = np.zeros(rows, dtype=bool)
        words = {
            name: _words([getattr(s, name) for s in slots], slot)
            for name in ("rubriek", "groep", "eenheid", "codesysteem", "pad")
        }
        keys = dossier_keys(people.child)
        act_keys = activity_keys(acts.child, acts.number)
        number = np.array([s.bdsnummer for s in slots], np.int32)
        none = pa.DictionaryArray.from_arrays(
            pa.array(np.zeros(rows, np.int32), mask=~nothing), pa.array([], pa.string())
        )
        return [
            keys.take(pa.array(child_of[owner])),
            act_keys.take(pa.array(act, mask=~bound)),
            pa.array(day_of[owner], mask=~bound).cast(pa.date32()),
            pa.array(number[slot], mask=number[slot] == 0),
            words["rubriek"],
            words["groep"],
            pa.array(volgnr.astype(np.int32), mask=volgnr == 0),
            self._values(value),
            words["eenheid"],
            words["codesysteem"],
            none,
            self._names(slot, value),
            pa.array(np.full(rows, bron, np.int32)),
            pa.array(people.child[child_of[owner]] + 1),
            words["pad"],
        ]

    def _names(self, slot: Ints, value: Ints) -> pa.Array:
        """Display names of codes in the HL7 coding; nothing elsewhere."""
        import pyarrow as pa

        if not self.coder.names:
            return pa.nulls(len(slot), pa.string())
        known = np.array(sorted((s << 32) + v for s, v in self.coder.names), dtype=np.int64)
        words = np.array([self.coder.names[int(k >> 32), int(k & 0xFFFFFFFF)] for k in known], dtype=np.int64)
        key = (slot << 32) + value
        place = np.searchsorted(known, key).clip(0, len(known) - 1)
        hit = known[place] == key
        return self.coder.vocabulary().take(pa.array(np.where(hit, words[place], 0), mask=~hit))

    def _values(self, value: Ints) -> pa.Array:
        import pyarrow as pa

        base = self.coder.vocabulary()
        place = np.where(value >= LOCAL, value - LOCAL + len(base), value)
        used = np.zeros(len(base) + len(self._local), dtype=bool)
        used[place] = True
        new = np.cumsum(used) - 1
        whole = pa.concat_arrays([base, pa.array(self._local, pa.string())]) if self._local else base
        return whole.take(pa.array(np.flatnonzero(used))).take(pa.array(new[place].astype(np.int32)))


def _words(values: list[str], slot: Ints) -> pa.DictionaryArray:
    import pyarrow as pa

    distinct = sorted({v for v in values if v})
    place = np.array([distinct.index(v) if v else -1 for v in values], np.int32)[slot]
    return pa.DictionaryArray.from_arrays(pa.array(place, mask=place < 0), pa.array(distinct, pa.string()))


def dossier_keys(child: Ints) -> pa.Array:
    """`D00000001` for the first child."""
    return _digits(child + 1, 8, b"D")


def activity_keys(child: Ints, number: Ints) -> pa.Array:
    """Number of the child and number of the activity: unique over all dossiers, at most ten characters."""
    return _digits((child + 1) * 100 + number, 10, b"")


def _digits(values: Ints, width: int, prefix: bytes) -> pa.Array:
    """Fixed-width text of whole numbers, made as bytes at once."""
    import pyarrow as pa

    out = np.empty((len(values), len(prefix) + width), np.uint8)
    out[:, : len(prefix)] = np.frombuffer(prefix, np.uint8)
    rest = values.astype(np.int64).copy()
    for column in range(width - 1, -1, -1):
        out[:, len(prefix) + column] = 48 + rest % 10
        rest //= 10
    offsets = np.arange(len(values) + 1, dtype=np.int32) * out.shape[1]
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(offsets), pa.py_buffer(out))
