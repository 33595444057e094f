"""The other messages of the JGZ: vaccinations, heel prick, lists, acknowledgement (HL7v3)."""
