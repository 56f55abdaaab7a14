"""Domain: payments to grantees, the duties in them and what keeps them back."""
