"""FHIR resources, read back to registraties."""
