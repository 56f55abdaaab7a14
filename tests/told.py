"""The demonstration's story, told once and copied for every test that begins with it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields

from fundops.config import Settings
from fundops.db import Database
from fundops.demo.stage import Story
from fundops.demo.story import tell
from fundops.vault import Vault
from tests.databases import PostgresDatabases, SqliteDatabases


class ToldOnce:
    """Databases with the story in them, and what their story is made of."""

    def __init__(self, empty: SqliteDatabases | PostgresDatabases) -> None:
        self._databases = empty.filled(self._tell)
        # Where all tests of this process keep files and keys, whatever one of them says of its own.
        self._files_path = Settings().files_path
        self._told = b""

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Open a block that has a database with the story; its URL is the block's value."""
        with self._databases.fresh() as url:
            yield url

    def story(self, database: Database) -> Story:
        """Return the story as it was told, with records of its own, in ``database``."""
        assert self._told, "a database with the story comes first"
        return Story(database, **pickle.loads(self._told))

    def close(self) -> None:
        """Drop the template."""
        self._databases.close()

    def _tell(self, url: str) -> None:
        settings = Settings(database_url=url, files_path=self._files_path, log_level="error")
        database = Database(settings)
        story = tell(database, vault=Vault(settings))  # whose key the tests' applications have
        database.close()
        parts = {one.name: getattr(story, one.name) for one in fields(story)}
        self._told = pickle.dumps({n: part for n, part in parts.items() if n != "database"})
