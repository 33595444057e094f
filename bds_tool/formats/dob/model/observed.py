"""The trees of observations, and the tables of a message as they are after parsing.

An observation is a row of `parameters.csv` and the rows of its features in `waarnemingen.csv`. What is made of the tables comes
along with the program (`base.compiled`): reading them takes longer than judging a message.
"""

from __future__ import annotations

import pickle
import re
from typing import Any

from bds_tool.base import compiled
from bds_tool.base.specs import specs_dir
from bds_tool.formats.dob.model.families import DOSSIER
from bds_tool.formats.dob.model.paths import split
from bds_tool.formats.dob.model.tables import Demand, Model, Place, load_model, messages
from bds_tool.schema.state import state_of

#: (the name of its edition, the tops of its tree)
Tree = tuple[str, list[Place]]
_PLACEHOLDER = re.compile(r"\{([\w.]+)\}")
#: The modules that make these of the tables.
_MAKERS = tuple(f"formats/dob/model/{name}.py" for name in ("observed", "paths", "tables"))


class Observed:
    """The observations of a model; each tree is made when the first message has it."""

    def __init__(self, model: Model) -> None:
        self._kept: dict[str, bytes] | None = _known("observed", model)
        self._rows: dict[str, list[dict[str, str]]] = {}
        self._features: dict[str, list[dict[str, str]]] = {}
        if self._kept is None:
            self._rows, self._features = model.observations(), model.features()

    def numbers(self) -> list[str]:
        """Those that were not taken yet."""
        return list(self._rows if self._kept is None else self._kept)

    def take(self, number: str) -> list[Tree]:
        """The trees of an observation, once; nothing for what is none or was taken before."""
        if self._kept is not None:
            packed = self._kept.pop(number, None)
            return [] if packed is None else list(pickle.loads(packed))  # noqa: S301  # part of the package
        return [(f"{number}/{row['uitgave']}", self._tree(row)) for row in self._rows.pop(number, ())]

    def _tree(self, row: dict[str, str]) -> list[Place]:
        """The rows of its features with its own codes and lists in place."""
        own = {
            "template": row["sjabloon"],
            "code": row["code"],
            "code_system": row["codesysteem"],
            "unit": row["eenheid"],
            "range": row["bereik"],
        }
        own |= {f"list.{k}": v for k, _, v in (part.partition("=") for part in row["lijsten"].split())}

        def filled(text: str) -> str:
            return _PLACEHOLDER.sub(lambda m: own[m[1]], text) if "{" in text else text

        contexts: dict[str, tuple[int, list[str], list[Demand]]] = {}
        for feature in row["kenmerken"].split():
            for r in self._features[feature]:
                order, flavours, demands = contexts.setdefault(filled(r["pad"]), (int(r["volgorde"]), [], []))
                if r["soort"] == "datatype":
                    flavours += [f for f in r["waarde"].split() if f not in flavours]
                elif r["soort"] != "context":
                    demands.append(
                        Demand(
                            r["soort"], filled(r["doel"]), filled(r["waarde"]), r["mag_ontbreken"], r["rol"]
                        )
                    )
        tops: list[Place] = []
        for path, (order, flavours, demands) in contexts.items():
            level = tops
            *before, last = split(path, "/")
            for name in before:
                found = next((p for p in level if p.step == name), None)
                if found is None:
                    found = Place(0, name, None, (), (), [])
                    level.append(found)
                level = found.below
            known = next((i for i, p in enumerate(level) if p.step == last and p.order is None), None)
            below = [] if known is None else level.pop(known).below
            level.append(Place(0, last, order, tuple(flavours), tuple(demands), below))
        return tops


def places(model: Model) -> dict[str, list[Place]]:
    """Per template (its number) the top of its tree of contexts; without the observations."""
    found: dict[str, list[Place]] | None = _known("places", model)
    return model.places() if found is None else found


def _known(what: str, model: Model) -> Any:  # noqa: ANN401  # what `packed` made; None where it is not there
    if not model.folder.is_relative_to(specs_dir()):
        return None
    found = compiled.known(_made_of(what, model))
    return found[0] if found else None


def _made_of(what: str, model: Model) -> bytes:
    state = state_of(str(specs_dir()), str(model.folder), _MAKERS)
    return f"{what} {model.message.key} {state}".encode()


def packed() -> tuple[list[bytes], list[object]]:
    """For `compiled.write`: places and observations of the dossieroverdrachtbericht in every version."""
    keys: list[bytes] = []
    made: list[object] = []
    for message in messages(specs_dir() / DOSSIER).values():
        model = load_model(specs_dir() / DOSSIER, message.key)
        if model is None or not message.templates:
            continue
        trees = Observed(model)
        kept = {number: pickle.dumps(trees.take(number), 5) for number in trees.numbers()}
        for what, value in (("places", model.places()), ("observed", kept)):
            keys.append(_made_of(what, model))
            made.append(value)
    return keys, made
