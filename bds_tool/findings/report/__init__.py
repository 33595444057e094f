"""Reports of a judged result in every format."""

from bds_tool.findings.report.formats import FORMATS, render, write_report

__all__ = ["FORMATS", "render", "write_report"]
