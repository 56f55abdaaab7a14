"""Following the money: the trace both ways, donors' statements, and what changed between them."""
