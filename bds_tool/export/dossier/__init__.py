"""One dossier on a page: for the professional, and as the copy that a parent may ask for."""
