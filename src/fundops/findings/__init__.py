"""What auditors found and what became of it, and incidents that few may read of."""
