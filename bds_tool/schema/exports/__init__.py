"""Definitions of a version in other forms: JSON Schema, FHIR, Pandera, a workbook."""
