"""Which lots pay for which grants: the pure questions, and their reading and writing."""
