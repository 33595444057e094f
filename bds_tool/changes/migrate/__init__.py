"""Data from one version to another, without silent loss."""
