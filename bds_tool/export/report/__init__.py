"""Tables, charts, a site and a factsheet from protected results."""
