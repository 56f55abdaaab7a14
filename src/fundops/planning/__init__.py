"""Looking ahead: the cash plan, the ageing of advances, and what waits for whom. Writes nothing."""
