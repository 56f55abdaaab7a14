"""Decisions: the funding line, what-if portfolios, boards and their votes, awards that follow."""
