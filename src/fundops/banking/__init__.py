"""Domain: the fund's own accounts, files to the bank and from it, and what they say was paid."""
