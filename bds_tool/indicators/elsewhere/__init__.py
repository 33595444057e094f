"""The same indicators on another engine: Spark, PostgreSQL, or any database by a script."""
