"""Whether a dossier holds what a qualification scenario asks: scenarios as data, made from an example, and judged."""
