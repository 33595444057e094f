"""A round: one question to several organisations, answered where the data are, added up and protected once."""
