"""The content of a complex type of the message schema: which children, in which order, how often.

A model is written as `(id=II code=CV? (a=T | b=T)+ #ander*)`: blanks join a sequence, `|` a choice; `?`, `*`, `+` and
`{low,high}` say how often, `~` that xsi:nil is allowed, `nl:` the namespace urn:hl7-nl:v3, `#ander` any element of
another namespace. It is turned into an automaton whose states are the places in the model (Glushkov).
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

HL7 = "{urn:hl7-org:v3}"
NL = "{urn:hl7-nl:v3}"
OTHER = "#ander"
_TOKEN = re.compile(r"\(|\)(?:[?*+]|\{\d+,\d+\})?|\||[^\s()|]+")
_PARTICLE = re.compile(r"^(?:(nl:)?([\w.-]+)=([\w.:-]+)(~)?|#ander)([?*+]|\{\d+,\d+\})?$")
_START = 0


class Slot(NamedTuple):
    """A child that a type knows: the name of its type, and whether xsi:nil is allowed."""

    type: str
    nillable: bool


@dataclass(frozen=True)
class Misfit:
    """One fault in the children. `at`: index of the child that does not fit, None at the end of the parent.

    `kind`: unknown, early (`names` should come before it), late (it should come before `names`), often,
    instead (it excludes `names`), missing (`names` are expected).
    """

    kind: str
    at: int | None
    tag: str
    names: tuple[str, ...] = ()


class _Part(NamedTuple):
    empty: bool
    first: tuple[int, ...]
    last: tuple[int, ...]


@dataclass
class Content:
    """The children of one type. `slots` by qualified tag, in the order of the model."""

    slots: dict[str, Slot] = field(default_factory=dict)
    wild: bool = False
    _tags: list[str] = field(default_factory=lambda: [""])
    _next: list[dict[str, int]] = field(default_factory=lambda: [{}])
    _ends: set[int] = field(default_factory=set)
    _distance: list[int] = field(default_factory=list)
    _known: dict[tuple[str, ...], tuple[Misfit, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, model: str) -> Content:
        content = cls()
        if model and not model.startswith("("):
            model = f"({model})"
        tokens = deque(_TOKEN.findall(model))
        whole = content._group(tokens) if tokens else _Part(empty=True, first=(), last=())
        content._link((_START,), whole.first)
        content._ends = {*whole.last, *((_START,) if whole.empty else ())}
        content._measure()
        return content

    # ---- building -------------------------------------------------------------------------------------------

    def _group(self, tokens: deque[str]) -> _Part:
        parts: list[_Part] = []
        choice, closing = False, ""
        tokens.popleft()
        while True:
            part = tokens[0]
            if part == "(":
                parts.append(self._group(tokens))
                continue
            tokens.popleft()
            if part == "|":
                choice = True
            elif part.startswith(")"):
                closing = part[1:]
                break
            else:
                parts.append(self._element(part))
        return self._often(self._choice(parts) if choice else self._sequence(parts), closing)

    def _element(self, token: str) -> _Part:
        match = _PARTICLE.match(token)
        if not match:
            raise ValueError(token)
        foreign, name, type_, nillable, often = match.groups()
        tag = OTHER if name is None else (NL if foreign else HL7) + name
        if name is None:
            self.wild = True
        else:
            self.slots.setdefault(tag, Slot(type_, bool(nillable)))
        place = len(self._tags)
        self._tags.append(tag)
        self._next.append({})
        return self._often(_Part(empty=False, first=(place,), last=(place,)), often or "")

    def _often(self, part: _Part, often: str) -> _Part:
        low, high = {"": ("1", "1"), "?": ("0", "1"), "*": ("0", "*"), "+": ("1", "*")}.get(
            often
        ) or often.strip("{}").split(",")
        if high == "*":
            self._link(part.last, part.first)
        # libxml2, by which official verdicts are made, lets one child pass where the schema allows none.
        return part._replace(empty=part.empty or low == "0")

    def _sequence(self, parts: list[_Part]) -> _Part:
        whole = _Part(empty=True, first=(), last=())
        for part in parts:
            self._link(whole.last, part.first)
            whole = _Part(
                whole.empty and part.empty,
                whole.first + (part.first if whole.empty else ()),
                (whole.last if part.empty else ()) + part.last,
            )
        return whole

    @staticmethod
    def _choice(parts: list[_Part]) -> _Part:
        return _Part(
            any(p.empty for p in parts),
            tuple(f for p in parts for f in p.first),
            tuple(x for p in parts for x in p.last),
        )

    def _link(self, left: tuple[int, ...], right: tuple[int, ...]) -> None:
        for state in left:
            for place in right:
                self._next[state].setdefault(self._tags[place], place)

    def _measure(self) -> None:
        """How many children at least lie between each state and a complete content."""
        back: list[list[int]] = [[] for _ in self._tags]
        for state, following in enumerate(self._next):
            for place in following.values():
                back[place].append(state)
        self._distance = [-1] * len(self._tags)
        queue = deque(self._ends)
        for state in self._ends:
            self._distance[state] = 0
        while queue:
            place = queue.popleft()
            for state in back[place]:
                if self._distance[state] < 0:
                    self._distance[state] = self._distance[place] + 1
                    queue.append(state)

    # ---- judging --------------------------------------------------------------------------------------------

    def misfits(self, tags: tuple[str, ...]) -> tuple[Misfit, ...]:
        """What is wrong with these children, in order; empty when they fit. Equal children are judged once."""
        known = self._known.get(tags)
        if known is None:
            known = tuple(self._misfits(tags))
            if len(self._known) > 5000:
                self._known.clear()
            self._known[tags] = known
        return known

    def _step(self, state: int, tag: str) -> int | None:
        following = self._next[state]
        place = following.get(tag)
        if place is None and self.wild and OTHER in following and _elsewhere(tag):
            return following[OTHER]
        return place

    def _misfits(self, tags: tuple[str, ...]) -> list[Misfit]:
        found: list[Misfit] = []
        states = [_START]
        taken: set[str] = set()  # what a fault already told: one cause is one fault
        for at, tag in enumerate(tags):
            state = states[-1]
            place = self._step(state, tag)
            if place is None:
                misfit, place = self._misfit(states, tags, at)
                if misfit.kind != "missing" or taken.isdisjoint(misfit.names):
                    found.append(misfit)
                taken.update((tag, *(misfit.names if misfit.kind == "unknown" else ())))
            states.append(state if place is None else place)
        state = states[-1]
        while self._distance[state] > 0:
            names = self._needed(state)
            if taken.isdisjoint(names):
                found.append(Misfit("missing", None, "", names))
            state = self._next[state][names[0]]
        return found

    def _misfit(self, states: list[int], tags: tuple[str, ...], at: int) -> tuple[Misfit, int | None]:
        """Why the child at `at` does not fit, and the state from which to go on (None: the same)."""
        tag, state = tags[at], states[-1]
        if tag not in self.slots:
            return Misfit("unknown", at, tag, tuple(n for n in self._needed(state) if n not in tags)), None
        way = self._way(state, tag)
        if way:
            later = tuple(n for n in way[:-1] if n in tags[at + 1 :])
            if later:
                return Misfit("early", at, tag, later), None
            between = [self._tags_at(state, way, i) for i in range(len(way) - 1)]
            reached = state
            for name in way:
                reached = self._next[reached][name]
            return Misfit("missing", at, tag, between[0] if between else ()), reached
        if tag in tags[:at]:
            return Misfit("often", at, tag), None
        for earlier in reversed(range(at)):
            place = self._step(states[earlier], tag)
            if place is not None:
                fits = self._step(place, tags[earlier]) is not None or self._way(place, tags[earlier])
                return Misfit("late" if fits else "instead", at, tag, (tags[earlier],)), None
        return Misfit("instead", at, tag, (tags[at - 1],) if at else ()), None

    def _needed(self, state: int) -> tuple[str, ...]:
        """The children of which one must follow for the content to become complete."""
        left = self._distance[state]
        return (
            tuple(n for n, p in self._next[state].items() if self._distance[p] == left - 1)
            if left > 0
            else ()
        )

    def _way(self, state: int, tag: str) -> list[str]:
        """The shortest row of children that leads to `tag`, with it; empty when nothing does."""
        queue: deque[tuple[int, list[str]]] = deque([(state, [])])
        seen = {state}
        while queue:
            here, path = queue.popleft()
            for name, place in self._next[here].items():
                if name == tag:
                    return [*path, name]
                if place not in seen:
                    seen.add(place)
                    queue.append((place, [*path, name]))
        return []

    def _tags_at(self, state: int, way: list[str], index: int) -> tuple[str, ...]:
        """The step `index` of a way, with what could stand there as well."""
        for name in way[:index]:
            state = self._next[state][name]
        after = way[index + 1] if index + 1 < len(way) else ""
        same = tuple(
            n for n, p in self._next[state].items() if n == way[index] or (after and after in self._next[p])
        )
        return same or (way[index],)


def _elsewhere(tag: str) -> bool:
    return tag.startswith("{") and not tag.startswith(HL7)
