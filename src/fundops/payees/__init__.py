"""Domain: whom we pay, and where: bank accounts of grantees."""
