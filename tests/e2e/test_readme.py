"""What README and the how-to of S3 tell people to type, typed word for word against the stand-ins."""
import contextlib
import fcntl
import os
import re
import subprocess

import pytest

from project import BIN, ROOT
from test_shop import SHOP

BUCKET = "acme-lake"


def block(path, heading, language):
    """The first fenced block of that language below a heading."""
    text = (ROOT / path).read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.search(rf"```{language}\n(.*?)```", section, re.S)[1]


@pytest.fixture
def alone(standins):
    """The bucket has one name for all workers, and is emptied after each test."""
    with open(standins.folder / f"{BUCKET}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def acme(alone, project, db, aws, fake_athena):
    """The shop's database, the documentation's bucket, and a folder to type in: what it printed."""
    db.server.psql("-f", str(SHOP / "schema.sql"), database=db.name)
    db.server.psql("-v", "orders=1000", "-v", "users=25", "-f", str(SHOP / "data.sql"), database=db.name)
    with contextlib.suppress(aws.s3.exceptions.BucketAlreadyOwnedByYou, aws.s3.exceptions.BucketAlreadyExists):
        aws.s3.create_bucket(Bucket=BUCKET)
    env = project.environment({**fake_athena.env, "AWS_REGION": None, "S3_ENDPOINT": aws.s3_server["endpoint"]})
    env["PATH"] = f"{BIN.parent}{os.pathsep}{env['PATH']}"

    def type_in(commands):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=project.folder, env=env,
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done

    yield type_in
    for page in aws.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for item in page.get("Contents", ()):
            aws.s3.delete_object(Bucket=BUCKET, Key=item["Key"])
    with contextlib.suppress(aws.glue.exceptions.EntityNotFoundException):
        for table in aws.glue.get_tables(DatabaseName=db.name)["TableList"]:
            aws.glue.delete_table(DatabaseName=db.name, Name=table["Name"])
        aws.glue.delete_database(Name=db.name)


def test_to_s3_and_athena_in_five_minutes(acme, project, db, aws):
    commands = block("README.md", "To S3 and Athena in five minutes", "sh")
    done = acme(commands)
    rows = db.query("SELECT count(*) FROM orders")[0][0]
    assert len(re.findall(rf"\b{rows}\b", done.stdout)) >= 2, done.stdout
    assert re.search(r"scanned .* about \$", done.stderr), done.stderr
    assert "s3:PutObject" in (project.folder / "shop/writer.json").read_text()
    assert aws.glue.get_table(DatabaseName=db.name, Name="orders")["Table"]["StorageDescriptor"]["Location"] \
        .startswith(f"s3://{BUCKET}/shop/orders/")


def test_another_s3_server_as_the_how_to_configures_it(acme, project, db):
    project.write("tailrace.yaml", block("docs/how-to/s3.md", "Other S3 servers", "yaml"))
    done = acme("tailrace check; tailrace run; tailrace query --format csv 'SELECT count(*) AS n FROM orders'")
    assert done.stdout.split()[-1] == str(db.query("SELECT count(*) FROM orders")[0][0])
