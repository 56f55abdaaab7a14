"""How risky it is to fund an organisation: what was looked into, what it can, and what it did."""
