"""From the store to FHIR R4 (zib 2020, nl-core), with a check and an account of what was lost."""
