"""Export jobs: audit workbooks that are made while nobody waits for the answer.

A job's question is fixed when it is asked, so whoever makes the file, and however often it is begun
again, makes the same bytes. Jobs are taken under a lease by the server's own thread or by
``fundops work``.
"""
