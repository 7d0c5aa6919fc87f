"""Fixtures of the end-to-end tests.

postgres  one private server for each pytest worker, stopped whatever happens
db        a fresh database (database.Database) on it, dropped after the test
project   a folder with a tailrace.yaml to be written, and the tailrace binary (project.Project)
bare      a Project without a database
tailrace  project.run: tailrace("run", "orders") -> result with .returncode, .stdout, .stderr
native    the test library of tests/native (native.py)
engine    an embedded engine over inputs of the test (embedded_engine.py); make_engine(**options)
versitygw, ministack, moto, trino, aws, aws_fake, aws_ministack, aws_moto, any_aws
          servers in AWS's place, and Trino (standins.py)
fake_glue a Glue of the test's own, which does as it is told (fake_glue.py)
fake_athena
          an Athena of the test's own over the lake of `aws` (fake_athena.py)
athena    the same over one table `t` and no lake
fault_proxy
          fault_proxy(aws) -> a proxy before them that makes chosen calls fail (fault_proxy.py)

TAILRACE_BUILD names the build folder (default build/), TAILRACE_BIN the binary.
"""
import os
from contextlib import closing, contextmanager

import pytest

import native as native_library
from aws_json_server import Key
from database import Database
from embedded_engine import Engine
from fake_athena import FakeAthena
from fake_glue import FakeGlue
from fault_proxy import FaultProxy
from private_postgres import PrivatePostgres
from project import Project
from standins import Aws, StandIns, Trino, one_of

# Not UTC, so that a value that depends on the session's time zone is seen to.
SERVER_SETTINGS = {"timezone": "'Asia/Kolkata'"}


def pytest_configure(config):
    """What the tests start runs without the runtime of the library's sanitizers."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        for name in native_library.RUNTIME:
            os.environ.pop(name, None)


def pytest_collection_modifyitems(items):
    """Under sanitizers the Trinos of the tests' own are enough."""
    for item in items:
        if "trino" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def postgres():
    with PrivatePostgres(SERVER_SETTINGS) as server:
        yield server


@pytest.fixture
def db(postgres):
    with Database.create(postgres) as database:
        yield database


@pytest.fixture
def project(tmp_path, db):
    with Project(tmp_path, db.url) as p:
        yield p


@pytest.fixture
def bare(tmp_path):
    with Project(tmp_path) as p:
        yield p


@pytest.fixture
def tailrace(project):
    return project.run


@pytest.fixture(scope="session")
def native():
    return native_library.load()


@pytest.fixture
def make_engine(native, tmp_path):
    engines = []

    def make(**options):
        engines.append(Engine(native, tmp_path, **options))
        return engines[-1]
    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def engine(make_engine):
    return make_engine()


@pytest.fixture(scope="session")
def standins(tmp_path_factory, worker_id):
    folder, owner = tmp_path_factory.getbasetemp(), os.getpid()
    if worker_id != "master":
        folder, owner = folder.parent, os.getppid()
    return StandIns(folder / "standins", owner)


@pytest.fixture(scope="session")
def versitygw(standins):
    return standins.get("versitygw")


@pytest.fixture(scope="session")
def ministack(standins):
    return standins.get("ministack")


@pytest.fixture(scope="session")
def moto(standins):
    return standins.get("moto")


@pytest.fixture(scope="session")
def trino(standins):
    return Trino(standins.get("trino"))


# The servers of S3, Glue, and the rest.
AWS = {"aws": ("versitygw", "ministack", "ministack"), "aws_fake": ("versitygw", "fakeglue", "ministack"),
       "aws_ministack": ("ministack",) * 3, "aws_moto": ("moto",) * 3}


@contextmanager
def aws_of(name, standins):
    with Aws(name, *map(standins.get, AWS[name])) as aws:
        yield aws


def aws_fixture(name):
    @pytest.fixture(name=name)
    def fixture(standins):
        with aws_of(name, standins) as aws:
            yield aws
    return fixture


aws, aws_fake, aws_ministack, aws_moto = map(aws_fixture, AWS)


@pytest.fixture(params=one_of(*AWS))
def any_aws(request, standins):
    with aws_of(request.param, standins) as aws:
        yield aws


@pytest.fixture
def fake_glue():
    """Its one key: AKIAFAKE, `secret`."""
    with closing(FakeGlue({"AKIAFAKE": Key("secret")})) as fake:
        yield fake


@pytest.fixture
def fake_athena(aws):
    with closing(FakeAthena(aws)) as fake:
        yield fake


@pytest.fixture
def athena():
    """t: 2,500 rows, three pages, of n and v. Its one key: AKIAFAKE, `secret`."""
    with closing(FakeAthena(keys={"AKIAFAKE": Key("secret")})) as fake:
        fake.tables["t"] = "SELECT range AS n, 'v' || range AS v FROM range(2500)"
        yield fake


@pytest.fixture
def fault_proxy():
    proxies = []

    def start(servers):
        """servers: an Aws, or service -> URL."""
        proxies.append(FaultProxy(servers) if isinstance(servers, dict) else FaultProxy.of_aws(servers))
        return proxies[-1]

    yield start
    for proxy in proxies:
        proxy.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failing test that uses the stand-ins shows the ends of their logs."""
    outcome = yield
    report = outcome.get_result()
    servers = getattr(item, "funcargs", {}).get("standins")
    if report.failed and servers:
        for name in servers.started:
            report.sections.append((f"the end of {name}'s log", servers.log(name)[-3000:]))
