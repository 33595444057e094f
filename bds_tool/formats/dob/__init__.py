"""The dossieroverdrachtbericht (HL7v3)."""
