"""What every test may ask for: a database of each kind, and the real data.

A test that takes ``database_url`` or ``new_database`` runs twice, on SQLite and on PostgreSQL;
``sqlite_only`` and ``postgres_only`` mark what is about one of them. See ``tests/databases.py``.
"""

from __future__ import annotations

import atexit
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests import unhurried  # isort: skip - before anything large is imported
import anyio.to_thread
import hypothesis
import pytest

from fundops import db
from tests.client import at_once
from tests.databases import KINDS, Kind, PostgresDatabases, Run, SqliteDatabases
from tests.engines import sharing
from tests.staged import Stages, builder_of
from tests.told import story
from tests.world import app, database, settings, world

NewDatabase = Callable[[], AbstractContextManager[str]]

__all__ = ["app", "database", "settings", "story", "world"]
"""The fixtures of a running application, which live in ``tests/world.py``."""

RUN = pytest.StashKey[Run]()
DATABASE_FIXTURES = {"new_database", "database_url", "both_database_urls", "database"}

# A slow machine is not a fault; in CI the same examples come every time.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run, or join it as a worker."""
    worker: Mapping[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        config.stash[RUN] = Run(Path(worker["run_folder"]))
        return
    run = config.stash[RUN] = Run.begin()
    # Registered before any server is started, so this is done after the server package's own
    # clearing up, and also when the run is interrupted.
    atexit.register(run.end)
    config.pluginmanager.register(Tally())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell each worker process where the run's shared folder is."""
    node.workerinput["run_folder"] = str(node.config.stash[RUN].folder)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs a database on each kind, or on the one that its marker names."""
    if "new_database" not in metafunc.fixturenames:
        return
    only = {
        kind
        for kind, marker in (("sqlite", "sqlite_only"), ("postgresql", "postgres_only"))
        if metafunc.definition.get_closest_marker(marker)
    }
    if len(only) > 1:
        raise pytest.UsageError(f"{metafunc.definition.nodeid} is marked for one kind and another")
    kinds = [kind for kind in KINDS if not only or kind in only]
    metafunc.parametrize("new_database", kinds, indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse databases under ``tests/unit``: those tests are about pure functions."""
    unit = config.rootpath / "tests" / "unit"
    for item in items:
        asked = DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
        if asked and item.path.is_relative_to(unit):
            raise pytest.UsageError(f"{item.nodeid} is a unit test but asks for a database")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Have the collector work from here on."""
    unhurried.begin()


class Tally:
    """Counts the tests that ran on each kind of database, and says so at the end."""

    def __init__(self) -> None:
        self.ran: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one test; a worker's reports arrive here too."""
        if report.when == "call":
            self.ran.update(
                str(value) for name, value in report.user_properties if name == "database"
            )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print how many tests ran on each kind."""
        counts = ", ".join(f"{self.ran[kind]} tests on {kind}" for kind in KINDS)
        terminalreporter.write_line(f"databases: {counts}")


def migrate(url: str) -> None:
    """Bring the database at ``url`` to the newest schema."""
    from fundops.db import migrate as upgrade

    upgrade(url)


@pytest.fixture(scope="session", autouse=True)
def _files_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have applications keep files and the signing key in a folder that is thrown away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FUNDOPS_FILES_PATH", str(tmp_path_factory.mktemp("kept") / "files"))
        yield


@pytest.fixture(scope="session", autouse=True)
def _compiling_once() -> Iterator[None]:
    """Have the databases of one test after the other compile each statement once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("make_engine", "make_glancer"):
            patch.setattr(db, name, sharing(getattr(db, name)))
        yield


@pytest.fixture(scope="session", autouse=True)
def _answering_here() -> Iterator[None]:
    """Have endpoints answer the tests' own thread without another one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", at_once(anyio.to_thread.run_sync))
        yield


@pytest.fixture(scope="session")
def database_run(request: pytest.FixtureRequest) -> Run:
    """The test run, which knows the PostgreSQL server."""
    return request.config.stash[RUN]


@pytest.fixture(scope="session")
def databases(
    database_run: Run,
) -> Iterator[Mapping[Kind, SqliteDatabases | PostgresDatabases]]:
    """Give this worker's source of databases of each kind; templates are made when first used."""
    postgres = PostgresDatabases(database_run, migrate)
    yield {
        "sqlite": SqliteDatabases(Path(mkdtemp(dir=database_run.folder)), migrate),
        "postgresql": postgres,
    }
    postgres.close()


@pytest.fixture(scope="session")
def all_stages(
    databases: Mapping[Kind, SqliteDatabases | PostgresDatabases],
) -> Iterator[Mapping[Kind, Stages]]:
    """Give databases of each kind in which scenes of tests have been built."""
    built: dict[Kind, Stages] = {kind: Stages(databases[kind]) for kind in KINDS}
    yield built
    for one in built.values():
        one.close()


@pytest.fixture
def stages(
    new_database: NewDatabase, request: pytest.FixtureRequest, all_stages: Mapping[Kind, Stages]
) -> Stages:
    """Give the scenes in databases of this test's kind."""
    kind: Kind = request.node.callspec.params["new_database"]
    return all_stages[kind]


@pytest.fixture
def new_database(
    request: pytest.FixtureRequest,
    databases: Mapping[Kind, SqliteDatabases | PostgresDatabases],
    all_stages: Mapping[Kind, Stages],
) -> NewDatabase:
    """Give what opens a migrated, empty database, for tests that need several of them.

    Used as ``with new_database() as url``, say for each example that Hypothesis makes. In a test
    that asks for what is ``staged``, that has been built in it.
    """
    kind: Kind = request.param
    request.node.user_properties.append(("database", kind))
    build = builder_of(request)
    return databases[kind].fresh if build is None else all_stages[kind].of(build).fresh


@pytest.fixture
def database_url(new_database: NewDatabase) -> Iterator[str]:
    """Give the URL of a migrated, empty database of this test's own."""
    with new_database() as url:
        yield url


@pytest.fixture
def both_database_urls(
    request: pytest.FixtureRequest,
    databases: Mapping[Kind, SqliteDatabases | PostgresDatabases],
) -> Iterator[Mapping[Kind, str]]:
    """Give one migrated, empty database of each kind, for tests that compare them."""
    request.node.user_properties.extend(("database", kind) for kind in KINDS)
    with ExitStack() as stack:
        yield {kind: stack.enter_context(databases[kind].fresh()) for kind in KINDS}


@pytest.fixture(scope="session")
def real_data(pytestconfig: pytest.Config) -> Path:
    """Give the folder of published data that is not ours to pass on; skip where it is absent."""
    given = os.environ.get("FUNDOPS_REAL_DATA")
    if given:
        folder = Path(given)
        assert folder.is_dir(), "FUNDOPS_REAL_DATA names no folder"
        return folder
    folder = pytestconfig.rootpath.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the published data are not here: set FUNDOPS_REAL_DATA to their folder")
    return folder
