"""The rules and contracts of the BDS, applied to a store."""
