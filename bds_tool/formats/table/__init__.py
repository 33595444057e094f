"""Tables: CSV, XLSX, Parquet, Arrow, NDJSON."""
