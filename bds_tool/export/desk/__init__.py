"""A page on this machine for who has no terminal: drop files, see report and profile, compare, save."""
