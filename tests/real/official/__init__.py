"""A second, slow reading of the facts of the message standard: the judge of our own judge and of our writers.

It reads the tables beside the project as they are and shares nothing with `bds_tool`.
"""

from .judge import Judge, Verdict

__all__ = ["Judge", "Verdict"]
