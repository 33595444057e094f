"""Findings: one catalogue of codes, the finding, what is accepted, and the reports."""
