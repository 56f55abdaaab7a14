"""The audit workbook: everything an auditor asks of a fund, donor, grant or call in one file.

A ``Question`` says of what, as of which date, known when and for which reader; ``Book`` holds what
all sheets share; modules declare sections, which ``workbook`` puts together in one order.
"""
