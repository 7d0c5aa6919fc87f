"""Fixtures of the end-to-end tests.

postgres  one private server for each pytest worker, stopped whatever happens
db        a fresh database (database.Database) on it, dropped after the test
project   a folder with a tailrace.yaml to be written, and the tailrace binary (project.Project)
tailrace  project.run: tailrace("run", "orders") -> result with .returncode, .stdout, .stderr
native    the test library of tests/native (native.py)

TAILRACE_BUILD names the build folder (default build/), TAILRACE_BIN the binary.
"""
import pytest

import native as native_library
from database import Database
from private_postgres import PrivatePostgres
from project import Project

# Not UTC, so that a value that depends on the session's time zone is seen to.
SERVER_SETTINGS = {"timezone": "'Asia/Kolkata'"}


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
def tailrace(project):
    return project.run


@pytest.fixture(scope="session")
def native():
    return native_library.load()
