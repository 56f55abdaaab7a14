"""An office that banks, on real payments and a real vault."""

from __future__ import annotations

from tests.banking.banking_factories import (
    a_hosted_office,
    an_office,
    with_draft_of_one,
    with_draft_of_three,
    with_draft_of_two,
    with_one_sent,
    with_two_sent,
)
from tests.staged import staged

office = staged(an_office)
"""A fund with an account at a bank."""
hosted = staged(a_hosted_office)
"""A fund that a larger organisation hosts."""
sent_one = staged(with_one_sent)
sent_two = staged(with_two_sent)
"""A fund with an account at a bank, and payments released in a batch."""
draft_of_one = staged(with_draft_of_one)
draft_of_two = staged(with_draft_of_two)
draft_of_three = staged(with_draft_of_three)
"""A fund with an account at a bank, and a batch of payments that was not released."""
