"""Exports in, the canonical store, exports out."""

from bds_tool.dossier.model import BRONNEN, MELDINGEN, REGISTRATIES
from bds_tool.dossier.reading import read, unreadable
from bds_tool.dossier.sources import Sink, Source, Unreadable
from bds_tool.dossier.store import Store, StoreWriter

__all__ = [
    "BRONNEN",
    "MELDINGEN",
    "REGISTRATIES",
    "Sink",
    "Source",
    "Store",
    "StoreWriter",
    "Unreadable",
    "read",
    "unreadable",
]
