"""Exports in, the canonical store, exports out."""

from bds_tool.formats.reading import read, unreadable
from bds_tool.store.columns import BRONNEN, MELDINGEN, REGISTRATIES
from bds_tool.store.sources import Sink, Source, Unreadable
from bds_tool.store.store import Store, StoreWriter

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
