"""The rules themselves: expressions over distinct values, over shapes of rows, and over complete dossiers."""
