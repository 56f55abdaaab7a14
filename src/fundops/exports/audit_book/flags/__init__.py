"""Red flags: what an auditor looks at first, each with its rule and the rows that met it.

A rule is data and one function over a ``Case``; a flag is no accusation but a reason to look.
"""
