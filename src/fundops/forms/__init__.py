"""Workbooks that people fill in offline and send back: one engine for all of them.

A domain declares a form as data (``declaration``), gets a pre-filled workbook (``render``), reads
what comes back (``parse``) and returns the same workbook with every problem marked in its cell
(``annotate``). Files from outside are only ever opened in a process of their own (``sandbox``).
Nothing here knows proposals, reviews or reports, or touches the database. See ``docs/forms.md``.
"""
