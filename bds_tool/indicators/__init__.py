"""Features, indicators and statistics over the store; disclosure control is in `protect`."""

from bds_tool.indicators.result import COLUMNS, Result, read_result, write_result

__all__ = ["COLUMNS", "Result", "read_result", "write_result"]
