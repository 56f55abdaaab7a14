"""Following the money: earmarks, which lots may pay for which grants, and donors' shares."""
