"""What every room stands on: errors, texts, files, settings, processes."""
