"""The audit: what an attacker can compute from a publication.

It shares no code with the suppressor (a test enforces that): it reads the published file as anyone would,
rebuilds the sums, and attacks.
"""

from bds_tool.protect.audit.attack import Finding, Verdict, attack
from bds_tool.protect.audit.published import PublishedTable, from_frame, read_description, read_published
from bds_tool.protect.audit.run import AuditOptions, Claims, audit_file, audit_tables, exact_ranges

__all__ = [
    "AuditOptions",
    "Claims",
    "Finding",
    "PublishedTable",
    "Verdict",
    "attack",
    "audit_file",
    "audit_tables",
    "exact_ranges",
    "from_frame",
    "read_description",
    "read_published",
]
