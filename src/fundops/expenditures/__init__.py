"""Domain: accepted expenditure, what grantees owe, and the closing of grants."""
