"""How connections to the source sign in: Secrets Manager, and RDS's tokens of IAM."""
import datetime
import json
from unittest import mock
from urllib.parse import parse_qs, urlsplit

import pytest

from postgres_gate import PostgresGate
from test_embed import EMBED, embed

DATASETS = {"a": {"inputs": {"t": "t"}}}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "the/secret+key", "AWS_SESSION_TOKEN": "a/token=",
        "AWS_REGION": "eu-west-1", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def secret(aws):
    """secret(value) -> the name of a new secret in MiniStack."""
    client, names = aws.client("secretsmanager"), []

    def make(value):
        names.append(f"{aws.database}/{len(names)}")
        kind = "SecretBinary" if isinstance(value, bytes) else "SecretString"
        client.create_secret(Name=names[-1], **{kind: json.dumps(value) if isinstance(value, dict) else value})
        return names[-1]

    yield make
    for name in names:
        client.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


@pytest.fixture
def table(db):
    """A table that a new role may read; the role's name and password."""
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i")
    name, password = db.role()
    db.execute(f"GRANT SELECT ON t TO {name}")
    return name, password


def source_of(db, **more):
    server = db.server
    return {"host": "127.0.0.1", "port": server.port, "dbname": db.name, "engine": "postgres", **more}


def test_a_secret_as_rds_keeps_it_says_all_of_the_connection(project, db, table, aws, secret):
    user, password = table
    name = secret(source_of(db, username=user, password=password))
    project.config({"source": {"url": "postgres://", "secret": name}, "datasets": DATASETS})
    done = project.run("run", env=aws.env, check=0)
    assert project.published_version("a") == 1
    assert password not in done.stdout + done.stderr
    # The same through the library, which finds AWS in the process's environment.
    environment = {**project.environment(), **aws.env}
    with mock.patch.object(type(project), "environment", lambda *_: environment):
        code, lines = embed(project, "SELECT count(*) FROM a")
    assert code == 0 and lines[0] == "row 1000", (EMBED, lines)


def test_a_secret_may_be_the_password_alone(project, db, table, aws, secret):
    user, password = table
    url = f"postgres://{user}@127.0.0.1:{db.server.port}/{db.name}"
    project.config({"source": {"url": url, "secret": secret(password)}, "datasets": DATASETS})
    done = project.run("check", env=aws.env, check=0)
    assert f"AWS: the source, region {aws.region}\n" in done.stdout
    assert "  credentials  the environment (AWS_ACCESS_KEY_ID)\n" in done.stdout
    project.config({"source": {"url": url, "secret": secret("wrong-" + password)}, "datasets": DATASETS})
    done = project.run("check", env=aws.env, check=2)
    assert "refused the password" in done.stderr and "source.secret" in done.stderr
    assert password not in done.stderr


def test_a_secret_that_cannot_be_used_is_told(project, db, aws, secret):
    def check(name, env=aws.env):
        project.config({"source": {"url": "postgres://", "secret": name}, "datasets": DATASETS})
        return project.run("check", env=env, check=2).stderr

    assert "there is no secret nobody" in check("nobody")
    binary = check(secret(b"\x00\x01"))
    assert "is binary" in binary and "store it as text" in binary
    assert "is for mysql, not for Postgres" in check(secret(source_of(db, engine="mysql", password="hunter2")))
    nowhere = {"AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
    assert "no AWS credentials were found" in check("any", nowhere)


def token_of_botocore(host, port, user, date):
    """What botocore makes of the same address at the same time."""
    import botocore.session
    session = botocore.session.Session()
    session.set_credentials(KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"], KEYS["AWS_SESSION_TOKEN"])
    client = session.create_client("rds", region_name=KEYS["AWS_REGION"])
    time = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
    with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: time):
        return client.generate_db_auth_token(host, port, user)


def fields(token):
    """host:port and parameters; their order means nothing."""
    parts = urlsplit("https://" + token)
    return parts.netloc, parts.path, parse_qs(parts.query)


def test_iam_makes_a_token_for_every_connection(project, db, tmp_path):
    db.execute("CREATE TABLE t AS SELECT i AS id, repeat('x', 200) AS x FROM generate_series(1, 50000) i")
    with PostgresGate(db.server, tmp_path, lambda user, password: user == "postgres") as gate:
        url = (f"host=localhost hostaddr=127.0.0.1 port={gate.port} user=postgres dbname={db.name} "
               f"sslmode=verify-full sslrootcert={gate.certificate}")
        project.config({"source": {"url": url, "iam_auth": True}, "limits": {"connections": 2}, "datasets": DATASETS})
        done = project.run("run", env=KEYS, check=0)
    assert project.published_version("a") == 1
    assert len(gate.seen) >= 2, "one for the plan, one or more for the run"
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    for user, token in gate.seen:
        date = fields(token)[2]["X-Amz-Date"][0]
        assert fields(token) == fields(token_of_botocore("localhost", gate.port, user, date))
        age = now - datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ")
        assert datetime.timedelta(seconds=-1) <= age < datetime.timedelta(minutes=10)
        assert token not in done.stdout + done.stderr
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in done.stdout + done.stderr


def test_a_token_that_is_refused_is_told_without_it(project, db, tmp_path):
    with PostgresGate(db.server, tmp_path, lambda user, password: False) as gate:
        url = f"postgres://etl@127.0.0.1:{gate.port}/{db.name}?sslmode=require"
        project.config({"source": {"url": url, "iam_auth": True}, "datasets": DATASETS})
        done = project.run("check", env=KEYS, check=2)
    assert "refused the password" in done.stderr and "source.iam_auth" in done.stderr
    assert "X-Amz-Signature" not in done.stderr


def test_iam_stops_without_tls_before_it_asks_anybody(project):
    project.config("""
        source:
          url: postgres://etl@127.0.0.1:1/shop
          iam_auth: true
        lake: { location: ./lake }
        datasets:
          a: { inputs: { t: t } }
        """)
    done = project.run("check", env=KEYS, check=2)
    assert "source.iam_auth needs TLS, and sslmode is prefer" in done.stderr
    assert "sslmode=verify-full" in done.stderr
    assert "tailrace.yaml:1" in done.stderr
