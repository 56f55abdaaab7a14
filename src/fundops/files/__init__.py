"""Files that people send: declared, received in parts, cleaned, kept by content."""
