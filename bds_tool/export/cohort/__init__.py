"""A study: from a store and a definition to files that analysts open, with a codebook and what belongs to delivery."""
