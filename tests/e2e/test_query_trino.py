"""`tailrace query --engine trino`: rows, errors and stopping with the real one; authentication, TLS and
misbehaviour with fake_trino.py."""
import base64
import re
import signal
import subprocess
import uuid

import pytest

from fake_trino import COLUMNS, FakeTrino
from polling import wait_for
from project import BIN, BUILD, NOTHING
from terminal import Terminal
from test_query_athena import SETUP, on_glue

PROMPT = r"tailrace> $"
@pytest.fixture
def bare(bare):
    """A project that has published nothing; configure(url, **keys of trino)."""
    bare.configure = lambda url, **keys: bare.config({**NOTHING, "engine": "trino", "trino": {"url": url, **keys}})
    bare.query = lambda *args, check=0, env=None: bare.run("query", *args, env=env, check=check)
    return bare


@pytest.fixture
def tpch(bare, trino):
    bare.configure(trino.endpoint, catalog="tpch", schema="tiny")
    return bare


# --- rows ------------------------------------------------------------------------------------

def test_rows_of_a_lake_are_those_of_the_embedded_engine(project, db, aws, trino):
    db.execute(SETUP)
    config = on_glue(aws, {"everything": {"inputs": {"e": "everything"}}})
    project.config(config | {"engine": "trino", "trino": {"url": trino.endpoint}})
    project.run("run", "-q", env=aws.env, check=0)
    sql = "SELECT * FROM everything ORDER BY id;"
    said = [project.run("query", "--engine", engine, "--format", "csv", sql, env=aws.env, check=0).stdout
            for engine in ("embedded", "trino")]
    assert said[0] == said[1]
    done = project.run("query", "SELECT count(*) FROM evrything", env=aws.env, check=2)
    assert "did you mean `everything`?" in done.stderr
    done = project.run("query", "--max-scan", "10B", sql, env=aws.env, check=2)
    assert "--max-scan allows 10 B" in done.stderr


def test_a_program_queries_trino_through_the_public_header(project, db, aws, trino):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i")
    config = on_glue(aws, {"a": {"inputs": {"t": "t"}}})
    project.config(config | {"engine": "trino", "trino": {"url": trino.endpoint}})
    done = subprocess.run([BUILD / "tests/native/embed", "tailrace.yaml", "SELECT approx_distinct(id) * 0 + count(*) FROM a"],
                          cwd=project.folder, env=project.environment(aws.env), capture_output=True, text=True,
                          timeout=120)
    assert done.returncode == 0 and done.stdout.splitlines()[0] == "row 1000", done.stdout


VALUES = {
    "TINYINT '-128'": -128, "BIGINT '-9223372036854775808'": -(2 ** 63), "true": True, "NULL": None, "''": "",
    "REAL '0.1'": 0.1, "1e-300": 1e-300, "nan()": "NaN", "-infinity()": "-Infinity",
    "DECIMAL '12345678901234567890123456789012345.678'": "12345678901234567890123456789012345.678",
    "U&'a\\+01F600\\00F1'": "a😀ñ", "CAST('ab' AS char(4))": "ab  ", "X'00FF'": "\\x00ff", "DATE '2024-02-29'": "2024-02-29",
    "TIME '09:30:00.123456'": "09:30:00.123456", "TIMESTAMP '2024-06-17 09:30:00.123456'": "2024-06-17T09:30:00.123456",
    "TIMESTAMP '2024-06-17 09:30:00'": "2024-06-17T09:30:00",
    "TIMESTAMP '2024-06-17 09:30:00.123456000000'": "2024-06-17T09:30:00.123456",
    "TIMESTAMP '2024-06-17 09:30:00.5 +05:30'": "2024-06-17T04:00:00.5Z",
    "TIMESTAMP '2024-06-17 09:30:00 Europe/Berlin' AT TIME ZONE 'UTC'": "2024-06-17T07:30:00Z",
    "UUID 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "JSON '{\"a\":[1,2.50]}'": {"a": [1, 2.5]}, "ARRAY[1.5e0, NULL]": [1.5, None], "MAP(ARRAY['k'], ARRAY[1])": {"k": 1},
    "CAST(ROW(1, 'x') AS ROW(a bigint, b varchar))": [1, "x"], "INTERVAL '1' DAY": "1 00:00:00.000",
    "IPADDRESS '::1'": "::1", "TIME '09:30:00+02:00'": "09:30:00+02:00",
}


def test_every_type_arrives_exactly(tpch):
    import json
    items = ", ".join(f"{sql} AS c{i}" for i, sql in enumerate(VALUES))
    tpch.write("q.sql", f"SELECT {items}")
    done = tpch.query("--format", "jsonl", "-f", "q.sql")
    assert list(json.loads(done.stdout).values()) == list(VALUES.values())
    tpch.query("--format", "parquet", "-o", "all.parquet", "-f", "q.sql")


@pytest.mark.parametrize("sql, value", [
    ("TIMESTAMP '2024-06-17 09:30:00.1234567'", "2024-06-17 09:30:00.1234567"),
    ("TIMESTAMP '2024-06-17 09:30:00 Europe/Berlin'", "Europe/Berlin"), ("DATE '-0044-03-15'", "-0044-03-15")])
def test_what_no_column_holds_exactly_is_refused_with_the_cast_to_write(tpch, sql, value):
    done = tpch.query(f"SELECT {sql} AS x", check=4)
    assert "column `x` has a value that" in done.stderr and value in done.stderr
    assert "CAST(x AS varchar)" in done.stderr


def test_large_results_stream_whole(tpch, trino):
    sql = "SELECT custkey, name, acctbal, comment FROM tpch.sf1.customer WHERE custkey <= 100000"
    tpch.query("--format", "csv", "-o", "o.csv", sql)
    want = trino.rows(f"SELECT sum(custkey), sum(cast(acctbal AS decimal(12,2))), sum(length(comment)), count(*) "
                      f"FROM ({sql})")[0]
    import csv
    import decimal
    with open(tpch.folder / "o.csv", newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    got = (sum(int(r["custkey"]) for r in rows), sum(decimal.Decimal(r["acctbal"]) for r in rows),
           sum(len(r["comment"]) for r in rows), len(rows))
    assert got == want and got[3] == 100000


def test_a_bound_on_rows_ends_the_statement_there(tpch, trino):
    mark = uuid.uuid4().hex
    tpch.query("--max-rows", "5", f"SELECT orderkey /* {mark} */ FROM tpch.sf100.lineitem")
    assert running(trino, mark) == []


def test_columns_without_rows(tpch):
    assert tpch.query("--format", "csv", "SELECT name FROM region WHERE false").stdout == "name\n"
    assert "region" in tpch.query("--format", "csv", "SHOW TABLES;").stdout.split()


# --- failures --------------------------------------------------------------------------------

@pytest.mark.parametrize("sql, code, place, message, hint", [
    ("SELECT 'ä',\n  nme FROM region", 2, "2:3", "Column 'nme' cannot be resolved", "DESCRIBE"),
    ("SELECT 'ä', nme FROM region", 2, "1:14", "Column 'nme' cannot be resolved", "DESCRIBE"),
    ("SELECT * FROM nowhere", 2, "1:15", "Table 'tpch.tiny.nowhere' does not exist", "SHOW TABLES"),
    ("SELECT FROM", 2, "1:8", "mismatched input", "Trino's SQL"),
    ("SELECT 1 / (nationkey - 3) FROM nation", 2, None, "Division by zero", "Trino's SQL"),
    ("DROP TABLE region", 2, "1:1", "only a query can be run", "changes nothing"),
])
def test_errors_are_shown_at_trinos_own_position(tpch, sql, code, place, message, hint):
    tpch.write("q.sql", sql)
    done = tpch.query("-f", "q.sql", check=code)
    assert f"error: {message}" in done.stderr and hint in done.stderr
    assert place is None or f"--> q.sql:{place}\n" in done.stderr


def running(trino, mark):
    """Statements with that mark that have not ended, with their states."""
    return trino.rows(f"SELECT query_id, state FROM system.runtime.queries WHERE query LIKE '%{mark}%' "
                      "AND query NOT LIKE '%system.runtime%' AND state NOT IN ('FINISHED', 'FAILED')")


def long_one(mark):
    return f"SELECT count(*) /* {mark} */ FROM tpch.sf1000.lineitem a JOIN tpch.sf1000.orders b ON a.comment = b.comment"


def test_an_interrupt_kills_the_statement_in_trino(tpch, trino):
    mark = uuid.uuid4().hex
    process = tpch.spawn("query", long_one(mark))
    wait_for(lambda: any(state == "RUNNING" for _, state in running(trino, mark)), process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and "error: interrupted" in err
    wait_for(lambda: running(trino, mark) == [])
    assert trino.rows(f"SELECT error_code FROM system.runtime.queries WHERE query LIKE '%{mark}%' AND "
                      "query NOT LIKE '%system.runtime%'") == [("USER_CANCELED",)]


def test_ctrl_c_kills_the_statement_and_not_the_prompt(project, db, trino):
    db.execute("CREATE TABLE t (id int)")
    project.config({"datasets": {"t": {"inputs": {"t": "t"}}}, "engine": "trino",
                    "trino": {"url": trino.endpoint, "catalog": "tpch", "schema": "tiny"}})
    project.run("run", "-q", check=0)
    mark = uuid.uuid4().hex
    with Terminal([BIN, "query"], project.folder, project.environment()) as t:
        t.expect(PROMPT)
        t.send(long_one(mark) + ";\n")
        wait_for(lambda: any(state == "RUNNING" for _, state in running(trino, mark)))
        t.interrupt()
        assert "interrupted" in t.expect(PROMPT)
        wait_for(lambda: running(trino, mark) == [])
        t.send("SELECT name FROM region WHERE regionkey = 2;\n")
        assert "ASIA" in t.expect(PROMPT)
        t.send("\\q\n")
        assert t.wait() == 0


# --- the protocol ----------------------------------------------------------------------------

def test_who_asks_and_how_stands_in_the_headers(bare):
    with FakeTrino() as fake:
        bare.configure(fake.url + "/", catalog="lakehouse", schema="shop", user="me",
                       session={"query_max_run_time": "10m", "hive.x": "a,b =\u00e9"})
        assert bare.query("--format", "csv", "SELECT x FROM t ; ").stdout == "x\n1\n"
        method, path, headers, body = fake.requests[0]
        assert (method, path, body) == ("POST", "/v1/statement", "SELECT x FROM t")
        assert [r[0] for r in fake.requests[1:]] == ["GET", "GET"]
        want = {"X-Trino-User": "me", "X-Trino-Catalog": "lakehouse", "X-Trino-Schema": "shop",
                "X-Trino-Source": "tailrace", "X-Trino-Time-Zone": "UTC",
                "X-Trino-Session": "query_max_run_time=10m,hive.x=a%2Cb%20%3D%C3%A9"}
        assert {name: headers.get(name) for name in want} == want
        assert "Authorization" not in headers
        bare.config({**NOTHING, "engine": "trino", "trino": {"url": fake.url},
                     "lake": {"location": "./lake", "database": "shop"}})
        bare.query("SELECT 1")
        assert fake.requests[-1][2]["X-Trino-Schema"] == "shop" and fake.requests[-1][2]["X-Trino-Catalog"] == "hive"


def test_pages_are_fetched_only_when_rows_are_asked_for(bare):
    pages = [{"columns": COLUMNS}, *({"data": [[i] for i in range(n, n + 10)]} for n in range(0, 50, 10))]
    with FakeTrino(pages) as fake:
        bare.configure(fake.url)
        assert bare.query("--format", "csv", "SELECT x").stdout == "x\n" + "".join(f"{i}\n" for i in range(50))
        fake.requests.clear()
        bare.query("--max-rows", "5", "SELECT x")
        assert [r[0] for r in fake.requests] == ["POST", "GET", "GET", "DELETE"]
        assert fake.requests[-1][1] == "/v1/statement/x/3"


@pytest.mark.parametrize("keys, header", [
    ({"user": "me", "password": "${SECRET}"}, "Basic " + base64.b64encode("me:pä ss:wörd".encode()).decode()),
    ({"token": "${SECRET}"}, "Bearer pä ss:wörd")])
def test_passwords_and_tokens_go_over_tls_only(bare, certificate, keys, header):
    with FakeTrino(tls=certificate) as fake:
        fake.must = {"Authorization": header.encode().decode("latin-1")}
        env = {"SECRET": "pä ss:wörd"}
        bare.configure(fake.url, ca_file=str(certificate[0]), **keys)
        assert bare.query("--format", "csv", "SELECT x", env=env).stdout == "x\n1\n"
        done = bare.query("SELECT x", env={"SECRET": "wrong-secret"}, check=2)
        assert "does not know us (HTTP 401)" in done.stderr and "wrong-secret" not in done.stderr
        # A certificate that nobody told us to trust.
        bare.configure(fake.url, **keys)
        fake.requests.clear()
        done = bare.query("SELECT x", env=env, check=2)
        assert "certificate" in done.stderr and fake.requests == []
    bare.configure("http://trino.example.org:8080", **keys)
    done = bare.query("SELECT x", env=env, check=2)
    assert "would go there unencrypted" in done.stderr


@pytest.fixture
def certificate(tmp_path):
    cert, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
    return cert, key


def test_a_line_break_in_a_secret_is_refused(bare):
    with FakeTrino() as fake:
        bare.configure(fake.url, token="${SECRET}")
        done = bare.query("SELECT x", env={"SECRET": "abcdef\r\nX-Evil: 1"}, check=2)
        assert "control character" in done.stderr and "abcdef" not in done.stderr and fake.requests == []


@pytest.mark.parametrize("n", [0, 1, 2])
@pytest.mark.parametrize("status", [502, 503, 504, 429])
def test_a_busy_server_is_asked_again(bare, n, status):
    with FakeTrino() as fake:
        fake.statuses[n] = (status, "busy")
        bare.configure(fake.url)
        assert bare.query("--format", "csv", "SELECT x").stdout == "x\n1\n"
        assert len(fake.requests) == 4


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["refuse", "reset_before", "reset_after", "truncate", "502_html", "503_slow_down", "429",
                                   "500", "200_garbage", "denied"])
@pytest.mark.parametrize("operation, nth", [("trino:POST .*", 1), ("trino:GET .*", 1), ("trino:GET .*", 2)])
def test_any_fault_of_a_call_ends_in_the_rows_or_in_a_clean_failure(bare, fault_proxy, operation, nth, fault):
    with FakeTrino() as fake:
        proxy = fault_proxy({"trino": fake.url})
        fake.url = proxy.endpoint("trino")  # where it sends clients on to
        bare.configure(fake.url)
        rule = proxy.fail(fault, operation, nth=nth)
        done = bare.run("query", "--format", "csv", "SELECT x")
        assert rule.fired == 1
        if fault in ("500", "200_garbage", "denied"):
            assert done.returncode in (1, 2, 3) and "hint: " in done.stderr
        else:
            assert done.returncode == 0 and done.stdout == "x\n1\n", done.stderr


@pytest.mark.parametrize("status, code, message", [
    (401, 2, "set trino.user and trino.password"), (403, 2, "does not let the user `tailrace` in"),
    (404, 3, "does not know the statement any longer"), (400, 2, "refuses the request (HTTP 400)"),
    (500, 3, "does not serve (HTTP 500)")])
def test_other_answers_say_what_to_do(bare, status, code, message):
    with FakeTrino() as fake:
        fake.statuses[0] = (status, "nope\nmore")
        bare.configure(fake.url)
        done = bare.query("SELECT x", check=code)
        assert message in done.stderr and "nope" in done.stderr and "more\n" not in done.stderr


@pytest.mark.parametrize("uri", ["http://127.0.0.2:1/v1/statement/x/1", "https://localhost/", "file:///etc/passwd"])
def test_a_way_on_to_another_server_is_not_taken(bare, uri):
    with FakeTrino(next_uri=uri) as fake:
        bare.configure(fake.url)
        done = bare.query("SELECT x", check=1)
        assert "sends us on to another server" in done.stderr and "process-forwarded" in done.stderr
        assert len(fake.requests) == 1


@pytest.mark.parametrize("body", ["<html>", "{}", '{"id": "x", "columns": [{}]}', '{"id": "x", "data": 7}', "[" * 3000])
def test_an_answer_that_is_not_trinos_is_an_error(bare, body):
    with FakeTrino() as fake:
        fake.statuses[0] = (200, body)
        bare.configure(fake.url)
        done = bare.query("SELECT x", check=1)
        assert re.search(r"error: the answer is not Trino's: .*\nhint: check that trino.url", done.stderr)


def test_a_server_that_is_not_there_is_transient(bare):
    with FakeTrino() as fake:
        url = fake.url
    bare.configure(url)
    done = bare.query("SELECT x", check=3)
    assert "could not reach" in done.stderr
