"""Publications of results: frozen tables in which no person can be recognised."""
