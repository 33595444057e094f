"""Reports of a judged result in every format."""

from bds_tool.validate.report.formats import FORMATS, render, write_report

__all__ = ["FORMATS", "render", "write_report"]
