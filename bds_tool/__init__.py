"""`bds`: toolkit for registration data of Dutch youth health care (Basisdataset JGZ)."""

__version__ = "0.1.0"
