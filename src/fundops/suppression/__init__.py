"""Which counts of a publication may be shown, and what stands in place of the others.

Knows no domain: cells with counts, sums that hold between them, what readers saw before. The answer
is a pattern of bands, and for every small count two whole tables that a reader cannot tell from the
true one, in which the count is at the lower and at the upper end of its band.
"""
