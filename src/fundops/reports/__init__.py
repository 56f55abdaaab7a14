"""Progress reports: what grantees report, what is accepted of it, and what shows it."""
