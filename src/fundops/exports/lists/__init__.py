"""Every list of the API as a file: the list's own rows, page by page, as CSV or workbook."""
