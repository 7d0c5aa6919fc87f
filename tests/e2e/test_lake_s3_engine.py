"""The embedded engine over a lake in S3: what it may reach, with which keys, and what it says."""
import os
import shutil
import socket
import stat
import subprocess
import sys

import pytest

from polling import wait_for
from project import BUILD
from standins import Keeper, installed, REGION, VERSITYGW


@pytest.fixture
def published(project, db, aws):
    """A dataset of four files in the test's bucket."""
    db.execute("CREATE TABLE t AS SELECT i AS id, 'k' || i % 4 AS key FROM generate_series(1, 1000) i;"
               "ALTER TABLE t ALTER key SET NOT NULL")
    project.config({"lake": {"location": aws.location}, "limits": {"threads": 1},
                    "datasets": {"t": {"inputs": {"t": "t"}, "partition_by": ["key"]}}})
    project.run("run", env=aws.env, check=0)
    return project


def refused(project, aws, sql, *said, code=2):
    done = project.run("query", sql, env=aws.env, check=code)
    for text in said:
        assert text in done.stderr, done.stderr
    return done.stderr


def test_a_statement_reaches_nothing_but_its_tables(published, aws):
    other = f"s3://{aws.bucket}/elsewhere/x.csv"
    aws.s3.put_object(Bucket=aws.bucket, Key="elsewhere/x.csv", Body=b"a\n1\n")
    own = f"{aws.location}/_tailrace/t/manifests/00000000000000000001.json"
    for name in (other, own, "/etc/passwd"):
        refused(published, aws, f"SELECT * FROM '{name}'", "can't read from the file")
    for call in (f"read_csv('{other}')", f"read_text('{own}')", "duckdb_secrets()", "duckdb_settings()",
                 "which_secret('s3://x', 's3')", f"glob('{aws.location}/**')"):
        refused(published, aws, f"SELECT * FROM {call}", "can't read from")


def test_a_statement_cannot_read_the_keys(published, aws):
    for sql in ("SELECT current_setting('s3_secret_access_key')",
                "SELECT main.current_setting('s3_access_key_id') FROM t",
                "SELECT list_transform(['s3_session_token'], x -> CURRENT_SETTING(x))",
                "SELECT name.current_setting() FROM (SELECT 's3_secret_access_key' AS name)",
                "WITH a AS (SELECT \"current_setting\"('s3_secret_access_key') AS k) SELECT k FROM a"):
        said = refused(published, aws, sql, "can't call `current_setting(...)`")
        assert aws.env["AWS_SECRET_ACCESS_KEY"] not in said


def test_the_keys_cannot_be_set_by_a_statement(published, aws):
    refused(published, aws, "SET s3_access_key_id = 'x'", "only a SELECT can be run")


def test_a_missing_part_of_the_engine_is_named_with_what_to_do(published, aws):
    done = published.run("query", "SELECT * FROM t", env={**aws.env, "TAILRACE_LIBDIR": published.temp}, check=2)
    assert "the engine's part for S3 is not there: httpfs.duckdb_extension" in done.stderr
    assert str(published.temp) in done.stderr and "TAILRACE_LIBDIR" in done.stderr
    wrong = published.temp / "httpfs.duckdb_extension"
    wrong.write_bytes(b"no extension")
    done = published.run("query", "SELECT * FROM t", env={**aws.env, "TAILRACE_LIBDIR": published.temp}, check=2)
    assert "could not be loaded" in done.stderr and "DuckDB v1.5.5" in done.stderr


def test_an_installed_program_finds_it_in_its_library_folder(published, aws, tmp_path):
    from project import BIN
    for folder in ("bin", "lib/tailrace"):
        (tmp_path / "usr" / folder).mkdir(parents=True)
    program = tmp_path / "usr/bin/tailrace"
    shutil.copy(BIN, program)
    os.symlink(BUILD / "httpfs.duckdb_extension", tmp_path / "usr/lib/tailrace/httpfs.duckdb_extension")
    done = subprocess.run([program, "query", "--format", "csv", "SELECT count(*) AS n FROM t"], cwd=published.folder,
                          env=published.environment(aws.env), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.split() == ["n", "1000"], done.stderr


def test_a_file_that_is_gone_is_said_with_what_to_do(published, aws):
    victim = next(key for key in aws.keys(f"{aws.prefix}/t/") if "key=k2" in key)
    aws.s3.delete_object(Bucket=aws.bucket, Key=victim)
    said = refused(published, aws, "SELECT count(id) FROM t", "the lake in S3 could not be read", "tailrace verify")
    assert "key=k2" in said and "duckdb.org" not in said


# ---- keys that expire ----

EXPIRING = """\
#!{python}
import datetime, json, os, sys
folder = os.path.dirname(os.path.abspath(__file__))
n = len([name for name in os.listdir(folder) if name.startswith("asked-")])
open(os.path.join(folder, f"asked-{{n}}"), "w").close()
expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=8)
print(json.dumps({{"Version": 1, "AccessKeyId": f"AKIAEXAMPLE{{n}}", "SecretAccessKey": f"hidden-word-{{n}}",
                  "SessionToken": f"token-word-{{n}}", "Expiration": expires.isoformat()}}))
"""


def test_keys_are_renewed_while_a_statement_runs(project, db, aws_moto, fault_proxy):
    """moto takes any key: which one signed a call is what the proxy saw. With so little memory one thread
    reads the files, so that most of them come behind the one that is held."""
    aws = aws_moto
    db.execute("CREATE TABLE t AS SELECT i AS id, 'k' || i % 8 AS key FROM generate_series(1, 800) i;"
               "ALTER TABLE t ALTER key SET NOT NULL")
    project.config({"lake": {"location": aws.location}, "limits": {"threads": 1, "memory": "128MiB"},
                    "datasets": {"t": {"inputs": {"t": "t"}, "partition_by": ["key"]}}})
    project.run("run", env=aws.env, check=0)

    asked = project.folder / "keys"
    script = project.write("keys/process", EXPIRING.format(python=sys.executable))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    project.write(".home/.aws/config", f"[profile short]\ncredential_process = {script}\n")
    proxy = fault_proxy(aws)
    env = {key: value for key, value in proxy.env.items() if key not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    # A data file is held until the keys have been renewed.
    held = proxy.hold("s3:GetObject", path="/t/2.*part-", nth=3)
    query = project.spawn("query", "--format", "csv", "SELECT sum(id) AS s FROM t", env={**env, "AWS_PROFILE": "short"})
    held.wait()
    known = len(list(asked.glob("asked-*")))
    # The engine asks for the next keys only when it has taken over those before.
    wait_for(lambda: len(list(asked.glob("asked-*"))) >= known + 2, query, what="the keys were not renewed")
    held.release()
    out, said = query.communicate(timeout=120)
    assert query.returncode == 0, said
    assert out.split() == ["s", str(800 * 801 // 2)]
    keys = [int(call.access_key.removeprefix("AKIAEXAMPLE")) for call in proxy.calls if "/t/2" in call.path]
    assert keys[0] < known <= keys[-1], keys
    assert keys == sorted(keys), "old keys after new ones"
    assert not any(word in out + said for word in ("hidden-word", "token-word"))


# ---- TLS ----

def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def tls_s3(tmp_path, aws):
    """versitygw with a certificate of its own for `localhost`: (endpoint, certificate, aws of it)."""
    folder = tmp_path / "tls"
    for name in ("data", "meta"):
        (folder / name).mkdir(parents=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    keeper = Keeper(folder)
    try:
        port = keeper.spawn("versitygw", lambda port: [
            installed(VERSITYGW, "versitygw"), "--port", f"127.0.0.1:{port}", "--region", REGION, "--cert", certificate,
            "--key", key, "posix", "--sidecar", folder / "meta", folder / "data"],
            listens, lambda _port: {
                "ROOT_ACCESS_KEY": aws.env["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": aws.env["AWS_SECRET_ACCESS_KEY"]})
        (folder / "data" / aws.bucket).mkdir()
        yield f"https://localhost:{port}", certificate
    finally:
        keeper.process.kill()
        keeper.process.wait()


def test_a_server_with_a_certificate_of_its_own_is_trusted_by_the_ca_file_only(project, db, aws, tls_s3):
    endpoint, certificate = tls_s3
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 100) i")
    config = {"lake": {"location": aws.location}, "s3": {"endpoint": endpoint, "path_style": True},
              "aws": {"attempts": 1, "ca_file": str(certificate)}, "datasets": {"t": {"inputs": {"t": "t"}}}}
    project.config(config)
    project.run("run", env=aws.env, check=0)
    done = project.run("query", "--format", "csv", "SELECT count(*) AS n FROM t", env=aws.env, check=0)
    assert done.stdout.split() == ["n", "100"]
    del config["aws"]["ca_file"]
    project.config(config)
    done = project.run("query", "SELECT count(*) AS n FROM t", env=aws.env, check=2)
    assert "certificate" in done.stderr and "hint" in done.stderr
    project.run("query", "SELECT count(*) AS n FROM t", env={**aws.env, "AWS_CA_BUNDLE": certificate}, check=0)
