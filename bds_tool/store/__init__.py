"""The canonical store: one table with everything that was registered."""

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
]
