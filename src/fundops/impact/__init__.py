"""Impact: what was planned and reached, added up by the catalogue's rules, with money beside it."""
