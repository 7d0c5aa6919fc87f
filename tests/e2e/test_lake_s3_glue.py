"""A lake in S3 with Glue's tables, read by others: boto3, awswrangler, pyarrow, and Trino."""
import datetime
import json
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import trino_reader
from glue_lake import GlueLake, version
from held_run import add_gate, race
from lake_reader import Published, canonical, assert_published, assert_same_rows
from s3_lake import lake, mirror

TYPES = {
    "bool": ["true", "false"],
    "int2": ["-32768", "0", "32767"],
    "int4": ["-2147483648", "-1", "2147483647"],
    "int8": ["-9223372036854775808", "9223372036854775807"],
    "oid": ["0", "4294967295"],
    "float4": ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "3.4028235e38", "1e-45"],
    "float8": ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "1.7976931348623157e308", "5e-324", "0.1"],
    "numeric(9,4)": ["-99999.9999", "1.25"],
    "numeric(18,2)": ["0", "-9999999999999999.99", "9999999999999999.99"],
    "numeric(38,0)": ["99999999999999999999999999999999999999", "-1"],
    "numeric(38,38)": ["0.99999999999999999999999999999999999999", "1e-38"],
    "text": ["''", "'naïve ☃ 😀 \u0301'", "E'\\\\ \\n\\t\\u0001'", "repeat('äöü', 20000)"],
    "varchar(20)": ["'x  '", "'日本語'"],
    "char(5)": ["'ab'"],
    "bytea": ["''", "'\\x00ff'", "decode(repeat('00ff', 5000), 'hex')"],
    "date": ["'2000-01-01'", "'1969-12-31'", "'0001-01-01'", "'9999-12-31'"],
    "timestamp": ["'2000-01-01'", "'1969-12-31 23:59:59.999999'", "'0001-01-01'", "'9999-12-31 23:59:59.999999'"],
    "timestamptz": ["'2024-03-31 02:30:00.123456+02'", "'1900-01-01 00:00+00'", "'2024-10-27 00:59:59.999999+00'"],
    "uuid": ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
    "json": ["'{\"a\" :  [1,2 ]}'", "'null'"],
    "jsonb": ["'{\"b\": 1, \"a\": 2}'"],
    "time": ["'00:00'", "'23:59:59.999999'"],
    "mood": ["'sad'", "'ök'"],
}
# As it is published: a time is text there.
ALL = "SELECT id, " + ", ".join(f"c{i}{'::text' if kind == 'time' else ''} AS c{i}"
                                for i, kind in enumerate(TYPES)) + ", country, day FROM v"


def load_types(db):
    """A table `v` with a column for each type, each value once and a null, days and countries."""
    db.execute("CREATE TYPE mood AS ENUM ('sad', 'ök')")
    columns = {f"c{i}": kind for i, kind in enumerate(TYPES)}
    definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    db.execute(f"CREATE TABLE v (id int PRIMARY KEY, {definition}, country text NOT NULL, day date NOT NULL)")
    for row in range(max(map(len, TYPES.values())) + 1):
        values = [f"({values[row]})::{kind}" if row < len(values) else "NULL" for kind, values in TYPES.items()]
        db.execute(f"INSERT INTO v VALUES ({row}, {', '.join(values)}, '{'de' if row % 2 else 'at'}', "
                   f"date '2024-02-28' + {row % 3})")


def publish(project, aws, datasets, check=0, **more):
    project.config({"lake": lake(aws), "datasets": datasets, **more})
    return project.run("run", env=aws.env, check=check)


def assert_published_on_s3(project, aws, dataset, db, sql):
    """By pyarrow and DuckDB, from the files that S3 gave."""
    return assert_published(mirror(aws, project.folder / "mirror"), dataset, db, sql)


def assert_trino_equals(aws, trino, dataset, db, sql):
    assert_same_rows(trino_reader.canonical(trino, f"{aws.trino_catalog}.{aws.database}.{dataset}"),
                     db.canonical(sql))


def read_by_awswrangler(aws, table):
    """The table's rows, found through Glue alone, as pandas sees them."""
    import awswrangler as wr
    import boto3
    keys = {"aws_access_key_id": aws.env["AWS_ACCESS_KEY_ID"], "aws_secret_access_key":
            aws.env["AWS_SECRET_ACCESS_KEY"], "region_name": aws.region}
    wr.config.s3_endpoint_url = aws.env["AWS_ENDPOINT_URL_S3"]
    wr.config.glue_endpoint_url = aws.env["AWS_ENDPOINT_URL_GLUE"]
    wr.config.sts_endpoint_url = aws.env["AWS_ENDPOINT_URL_STS"]
    try:
        return wr.s3.read_parquet_table(database=aws.database, table=table, boto3_session=boto3.Session(**keys))
    finally:
        for name in ("s3_endpoint_url", "glue_endpoint_url", "sts_endpoint_url"):
            wr.config.reset(name)


@pytest.mark.filterwarnings("ignore:Series.values")  # awswrangler's
def test_in_each_stand_in_a_run_is_found_through_glue_and_its_files_equal_postgres(project, db, any_aws):
    load_types(db)
    publish(project, any_aws, {"v": {"inputs": {"v": "public.v"}}})
    version = assert_published_on_s3(project, any_aws, "v", db, ALL)
    table = any_aws.glue.get_table(DatabaseName=any_aws.database, Name="v")["Table"]
    assert table["StorageDescriptor"]["Location"] == f"{any_aws.location}/v/{version.manifest['run_id']}/"
    assert [c["Name"] for c in table["StorageDescriptor"]["Columns"]] == db.canonical(ALL)[0]
    frame = read_by_awswrangler(any_aws, "v")
    assert sorted(frame["id"]) == [row[0] for row in db.query("SELECT id FROM v ORDER BY id")]
    assert any_aws.unfinished_uploads() == []


@pytest.mark.parametrize("stand_in", ["aws", "aws_fake"])
def test_trino_reads_every_type_as_postgres_has_it(project, db, trino, request, stand_in):
    aws = request.getfixturevalue(stand_in)
    load_types(db)
    publish(project, aws, {"v": {"inputs": {"v": "public.v"}}})
    assert_trino_equals(aws, trino, "v", db, ALL)


# --- partitions ----------------------------------------------------------------------------

BY_COUNTRY_AND_DAY = ("SELECT id, c5, c6, c8, c11, c17, day, country, to_char(day, 'YYYY-MM-DD') AS day_day FROM v")


def projection(aws, dataset):
    """How Glue's table names its partitions: the projection's parameters, without their prefix."""
    parameters = aws.glue.get_table(DatabaseName=aws.database, Name=dataset)["Table"]["Parameters"]
    return {key.removeprefix("projection."): value for key, value in parameters.items()
            if key.startswith("projection.")}


def registered(aws, dataset):
    pages = aws.glue.get_paginator("get_partitions").paginate(DatabaseName=aws.database, TableName=dataset)
    return {tuple(p["Values"]): p["StorageDescriptor"]["Location"] for page in pages for p in page["Partitions"]}


@pytest.mark.parametrize("stand_in, partitions", [
    ("aws", "projection"), ("aws_fake", "projection"), ("aws_fake", "registered")])
def test_trino_reads_partitions_as_they_come_and_go(project, db, trino, request, stand_in, partitions):
    aws = request.getfixturevalue(stand_in)
    load_types(db)
    columns = {"id": {"type": "int"}, "c5": {"type": "float"}, "c6": {"type": "double"},
               "c8": {"type": "decimal(18,2)"}, "c11": {"type": "string"}, "c17": {"type": "timestamptz(6)"},
               "country": {"type": "string", "not_null": True}, "day": {"type": "date", "not_null": True}}
    datasets = {"d": {"inputs": {"v": "public.v"}, "columns": columns, "partition_by": ["country", "day(day)"],
                      "partitions": partitions}}

    def assert_equal():
        publish(project, aws, datasets)
        assert_trino_equals(aws, trino, "d", db, BY_COUNTRY_AND_DAY)
        version = Published(mirror(aws, project.folder / "mirror"), "d")
        assert_same_rows(canonical(version.table()), db.canonical(BY_COUNTRY_AND_DAY))
        found = {tuple(row) for row in db.query("SELECT DISTINCT country, day::text FROM v")}
        if partitions == "registered":
            assert set(registered(aws, "d")) == found
            assert all(version.manifest["run_id"] in location for location in registered(aws, "d").values())
        else:
            assert projection(aws, "d")["enabled"] == "true"
        day = max(day for _, day in found)
        name = f"{aws.trino_catalog}.{aws.database}.d"
        assert trino.rows(f"SELECT count(*) FROM {name} WHERE day_day = '{day}' AND country = 'at'") == \
            db.query("SELECT count(*) FROM v WHERE day = %s AND country = 'at'", [day])

    assert_equal()
    db.execute("DELETE FROM v WHERE country = 'de' AND day = '2024-02-29'")
    db.execute("INSERT INTO v (id, c8, country, day) VALUES (100, 1.5, 'ch', '2024-12-31'), (101, 2, 'at', '2024-03-01')")
    assert_equal()


@pytest.mark.parametrize("unit, hours, form", [("day", 24, "%Y-%m-%d"), ("hour", 1, "%Y-%m-%d-%H")])
def test_trino_reads_more_days_and_hours_than_can_be_listed_as_a_range(native, tmp_path, aws, trino, unit, hours, form):
    """Five thousand files and more in the manifest; in S3 only those that are asked for."""
    start = datetime.datetime(2016, 2, 20)
    values = [(start + datetime.timedelta(hours=n * hours)).strftime(form) for n in range(5300) if n % 20 != 7]
    key = [f"created_at_{unit}", "created_at", "string", unit]
    files = GlueLake(native, tmp_path, aws)
    with files.process(dataset="orders") as process:
        process.commit(version(keys=[key], files=[[value] for value in values]))
        assert process.heard == ""
    assert projection(aws, "orders")[f"{key[0]}.type"] == "date"
    paths = {file["partition"][0]: file["path"] for file in files.manifest(1)["files"]}
    asked = [values[0], values[9], values[-1]]
    for value in asked:
        rows = pa.table({"id": pa.array([values.index(value)], pa.int64()),
                         "created_at": pa.array([None], pa.timestamp("us"))})
        with aws.filesystem.open_output_stream(f"{aws.bucket}/{aws.prefix}/{paths[value]}") as out:
            pq.write_table(rows, out)
    table = f"hive.{aws.database}.orders"
    for value in asked:
        assert trino.rows(f"SELECT id, {key[0]} FROM {table} WHERE {key[0]} = '{value}'") == \
            [(values.index(value), value)]
    gap = (start + datetime.timedelta(hours=7 * hours)).strftime(form)
    assert trino.rows(f"SELECT id FROM {table} WHERE {key[0]} BETWEEN '{values[5]}' AND '{values[9]}'") == [(9,)]
    assert trino.rows(f"SELECT count(*) FROM {table} WHERE {key[0]} = '{gap}'") == [(0,)]


UNNAMED = "partition projection can't name the partitions of `t`"


@pytest.mark.parametrize("values, what, why, hint", [
    (["plain", "a b"], UNNAMED, "`key` has the value `a b`", "partitions: registered"),
    (["a,b"], UNNAMED, "`a,b`", "partitions: registered"),
    (["ü"], UNNAMED, "`ü`", "partitions: registered"),
    (["a/b"], UNNAMED, "`a/b`", "partitions: registered"),
    ([""], "the partition column `key` of `t` has the value ``", "engines read as null", "put another text"),
])
def test_values_that_projection_cannot_carry_stop_the_run_before_its_commit(project, db, aws, values, what, why, hint):
    db.execute("CREATE TABLE t (id int, key text NOT NULL)")
    for i, value in enumerate(values):
        db.execute("INSERT INTO t VALUES (%s, %s)", [i, value])
    done = publish(project, aws, {"t": {"inputs": {"t": "public.t"}, "partition_by": ["key"]}}, check=4)
    said, _, advice = done.stderr.partition("hint: ")
    assert what in said and why in said and hint in advice
    assert aws.keys() == [], "neither files nor a lease stay"
    with pytest.raises(aws.glue.exceptions.EntityNotFoundException):
        aws.glue.get_table(DatabaseName=aws.database, Name="t")


def test_a_location_that_a_template_would_be_mistaken_in_is_not_projected(project, db, aws_fake):
    aws = aws_fake
    db.execute("CREATE TABLE t AS SELECT i AS id, chr(96 + i) AS key FROM generate_series(1, 3) i;"
               "ALTER TABLE t ALTER key SET NOT NULL")
    here = {**lake(aws), "location": f"{aws.location}/a$${{key}}b"}  # `$${` is YAML's `${`
    split = {"inputs": {"t": "public.t"}, "partition_by": ["key"]}
    project.config({"lake": here, "datasets": {"d": split}})
    for command in ("check", "run"):
        done = project.run(command, env=aws.env, check=2)
        assert "lake.location: `${` in it would be taken for a key of the partitions of `d`" in done.stderr
        assert "--> tailrace.yaml:" in done.stderr and "partitions: registered" in done.stderr.partition("hint: ")[2]
    assert not aws.keys()
    # Where there is no template, it is a location as any.
    project.config({"lake": here, "datasets": {"d": {**split, "partitions": "registered"}, "e": {"inputs": {"t": "public.t"}}}})
    project.run("run", env=aws.env, check=0)
    assert shown(aws, "e")[1].startswith(f"{aws.location}/a${{key}}b/")
    assert all(location.startswith(f"{aws.location}/a${{key}}b/") for location in registered(aws, "d").values())


# --- a lake that was emptied -----------------------------------------------------------------

def empty(aws):
    for key in aws.keys(aws.prefix + "/"):
        aws.s3.delete_object(Bucket=aws.bucket, Key=key)


def state_of(project, aws):
    """What `status` says of the one dataset's table; `check` says the same."""
    status = json.loads(project.run("status", "--json", env=aws.env, check=0).stdout)[0]
    checked = json.loads(project.run("check", "--json", env=aws.env, check=0).stdout)["datasets"][0]
    assert checked["glue_shows"] == status["view"]
    assert project.run("status", env=aws.env, check=0).stdout.rstrip().endswith(
        status["view"] if status["view_behind"] else "ok")
    return status["view_behind"], status["view"]


def test_a_table_that_is_ahead_of_an_emptied_lake_is_told_and_mended_by_dropping_it(project, db, aws):
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    for _ in range(3):
        publish(project, aws, {"d": {"inputs": {"t": "t"}}})
    assert state_of(project, aws) == (False, "Glue shows version 3")
    empty(aws)
    warning = publish(project, aws, {"d": {"inputs": {"t": "t"}}}).stderr
    assert "shows version 3, but the newest in" in warning and "was the lake emptied" in warning
    assert "drop the table in Glue (no file is lost); then the next run or rollback repairs it" in warning
    assert state_of(project, aws) == (True, "Glue shows version 3, the newest is 1: drop the table or set "
                                            "`adopt: true`, then run")
    aws.glue.delete_table(DatabaseName=aws.database, Name="d")
    assert "warning" not in publish(project, aws, {"d": {"inputs": {"t": "t"}}}).stderr
    assert_glue_shows(aws, 2)
    assert state_of(project, aws) == (False, "Glue shows version 2")


def test_a_table_of_the_same_number_but_another_run_is_told_and_mended_by_the_next_run(project, db, aws):
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    datasets = {"d": {"inputs": {"t": "t"}}}
    publish(project, aws, datasets)
    empty(aws)
    project.config({"lake": {"location": aws.location}, "datasets": datasets})
    project.run("run", env=aws.env, check=0)
    project.config({"lake": lake(aws), "datasets": datasets})
    assert state_of(project, aws) == (True, "Glue shows version 1 of another run than the lake's: run again")
    project.run("run", env=aws.env, check=0)
    assert_glue_shows(aws, 2)
    assert state_of(project, aws) == (False, "Glue shows version 2")


# --- gc ------------------------------------------------------------------------------------

def test_gc_that_does_not_ask_the_database_of_a_table_is_refused(project, db, aws):
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    datasets = {"d": {"inputs": {"t": "t"}}}
    mark = f"{aws.prefix}/_tailrace/d/glue/{aws.database}"
    publish(project, aws, datasets)
    assert mark in aws.keys()
    for _ in range(2):
        project.config({"lake": {"location": aws.location}, "datasets": datasets})
        project.run("run", env=aws.env, check=0)
    before = aws.keys()
    another = {"location": aws.location, "catalog": "glue", "database": "another"}
    for options, config in (["--lake", aws.location], {"location": aws.location}), (["-n"], {"location": aws.location}), \
            (["d"], another):
        project.config({"lake": config, "datasets": datasets})
        done = project.run("gc", "--keep", "1", "--days", "0", *options, env=aws.env, check=2)
        assert f"dataset `d` has a Glue table in the database `{aws.database}`, which is not asked here" in done.stderr
        assert f"`catalog: glue` and `database: {aws.database}`" in done.stderr and "--forget-glue" in done.stderr
        assert aws.keys() == before, "not even a version expires"
    project.config({"lake": lake(aws), "datasets": datasets})
    assert "d: 0 files" in project.run("gc", "--keep", "1", "--days", "0", env=aws.env, check=0).stdout
    project.config({"lake": {"location": aws.location}, "datasets": datasets})
    project.run("gc", "-n", "--forget-glue", env=aws.env, check=0)
    assert mark in aws.keys()
    project.run("gc", "--forget-glue", env=aws.env, check=0)
    assert mark not in aws.keys()
    project.run("gc", env=aws.env, check=0)
    # The next version that Glue shows marks it again.
    publish(project, aws, datasets)
    project.run("gc", "--lake", aws.location, env=aws.env, check=2)


# --- writers against each other, and readers -----------------------------------------------

def shown(aws, dataset="d"):
    """(version, location) that Glue shows."""
    table = aws.glue.get_table(DatabaseName=aws.database, Name=dataset)["Table"]
    return int(table["Parameters"]["tailrace.version"]), table["StorageDescriptor"]["Location"]


def manifest(aws, version, dataset="d"):
    return json.loads(aws.read(f"{aws.prefix}/_tailrace/{dataset}/manifests/{version:020d}.json"))


def assert_glue_shows(aws, version):
    newest = [key for key in aws.keys(f"{aws.prefix}/_tailrace/d/manifests/") if key.endswith(".json")]
    assert len(newest) == version
    assert shown(aws) == (version, f"{aws.location}/d/{manifest(aws, version)['run_id']}/")


GATED = {"d": {"inputs": {"t": "gated"}}}
PATIENT = {"stall_timeout": "10min"}  # a held call is not given up


@pytest.mark.slow
def test_of_two_runs_against_each_other_one_wins_a_hundred_times_and_glue_agrees(project, db, aws):
    add_gate(db)
    project.config({"lake": lake(aws), "datasets": GATED})
    race(project, db, lambda: shown(aws)[0], aws.env)
    assert_glue_shows(aws, 100)


@pytest.mark.parametrize("stand_in", ["aws", "aws_fake"])
@pytest.mark.parametrize("place", ["between commit and Glue", "before the table is made", "before the table moves"])
def test_a_paused_writer_does_not_move_glue_back(project, db, fault_proxy, request, stand_in, place):
    aws = request.getfixturevalue(stand_in)
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    project.config({"lake": lake(aws), "aws": PATIENT, "datasets": {"d": {"inputs": {"t": "public.t"}}}})
    before = 0
    if place == "before the table moves":
        project.run("run", env=aws.env, check=0)
        before = 1
    proxy = fault_proxy(aws)
    if place == "between commit and Glue":
        held = proxy.hold("s3:PutObject", path=r"/manifests/\d+\.json$", after=True)
    else:
        held = proxy.hold("glue:UpdateTable" if before else "glue:CreateTable")
    paused = project.spawn("run", env=proxy.env)
    held.wait()
    project.run("run", env=aws.env, check=0)
    assert_glue_shows(aws, before + 2)
    held.release()
    text = paused.communicate()[1]
    assert paused.returncode == 0, text
    assert_glue_shows(aws, before + 2)


def test_a_writer_paused_while_it_registers_does_not_bring_its_partitions_back(project, db, fault_proxy, aws_fake):
    aws = aws_fake
    db.execute("CREATE TABLE t AS SELECT i AS id, chr(96 + i) AS key FROM generate_series(1, 5) i")
    project.config({"lake": lake(aws), "aws": PATIENT, "datasets": {
        "d": {"inputs": {"t": "public.t"}, "partition_by": ["key"], "partitions": "registered"}}})
    project.run("run", env=aws.env, check=0)
    db.execute("UPDATE t SET key = chr(98 + id)")
    proxy = fault_proxy(aws)
    held = proxy.hold("glue:Batch(Create|Update|Delete)Partition")
    paused = project.spawn("run", env=proxy.env)
    held.wait()
    db.execute("UPDATE t SET key = chr(99 + id)")
    project.run("run", env=aws.env, check=0)
    held.release()
    text = paused.communicate()[1]
    assert paused.returncode == 0, text
    assert shown(aws)[0] == 3
    assert set(registered(aws, "d")) == {(key,) for key in "defgh"}
    run_id = manifest(aws, 3)["run_id"]
    assert [location for location in registered(aws, "d").values() if run_id not in location] == []


def test_the_next_run_repairs_glue_after_a_crash_behind_the_commit(project, db, fault_proxy, aws):
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    project.config({"lake": lake(aws), "datasets": {"d": {"inputs": {"t": "public.t"}}}})
    project.run("run", env=aws.env, check=0)
    proxy = fault_proxy(aws)
    held = proxy.hold("s3:PutObject", path=r"/manifests/\d+\.json$", after=True)
    killed = project.spawn("run", env=proxy.env)
    held.wait()
    killed.kill()
    killed.communicate()
    held.release()
    assert shown(aws)[0] == 1 and manifest(aws, 2)["version"] == 2
    project.run("run", env=aws.env, check=0)
    assert_glue_shows(aws, 3)


class Reader(threading.Thread):
    """Asks Trino again and again until it is told to stop; what it was answered."""

    def __init__(self, trino, sql):
        super().__init__(daemon=True)
        self.trino, self.sql = trino, sql
        self.answers, self.error = [], None
        self.stopped = threading.Event()

    def run(self):
        try:
            while not self.stopped.is_set():
                self.answers += self.trino.rows(self.sql)
        except Exception as e:  # noqa: BLE001 - shown by the test
            self.error = e

    def versions(self):
        return {answer[0] for answer in self.answers}

    def stop(self):
        self.stopped.set()
        self.join(120)
        if self.error:
            raise self.error


@pytest.mark.parametrize("partition_by", [[], ["day(day)", "country", "round"]], ids=["unpartitioned", "projected"])
def test_in_every_answer_a_trino_reader_sees_exactly_one_version(project, db, aws, trino, partition_by):
    db.execute("CREATE TABLE t (id int NOT NULL, round int NOT NULL, day date NOT NULL, country text NOT NULL)")
    datasets = {"t": {"inputs": {"t": "public.t"}, "partition_by": partition_by}}
    expected = {}

    def publish_round(round):
        # Other rows, another number of them, in other partitions: half a version is never a version.
        db.execute(f"TRUNCATE t; INSERT INTO t SELECT i, {round}, date '2024-06-17' + (i * {round}) % 4,"
                   f" CASE WHEN (i + {round}) % 2 = 0 THEN 'de' ELSE 'at' END"
                   f" FROM generate_series(1, {100 + 7 * round}) i")
        expected[round] = db.query("SELECT min(round), max(round), count(*), sum(id * (day - date '2024-01-01'))::int8,"
                                   " count(*) FILTER (WHERE country = 'de') FROM t")[0]
        publish(project, aws, datasets)

    publish_round(1)
    table = f"{aws.trino_catalog}.{aws.database}.t"
    reader = Reader(trino, "SELECT min(round), max(round), count(*), sum(id * date_diff('day', DATE '2024-01-01', day)),"
                           f" count(*) FILTER (WHERE country = 'de') FROM {table}")
    reader.start()
    round = 1
    try:
        # Until the reader has seen several versions, and a version was replaced under many of its queries.
        while reader.is_alive() and (len(reader.versions()) < 6 or round < 12) and round < 200:
            round += 1
            publish_round(round)
    finally:
        reader.stop()
    assert len(reader.versions()) >= 6
    assert [answer for answer in reader.answers if answer != expected[answer[0]]] == []
    assert trino.rows(f"SELECT DISTINCT round FROM {table}") == [(round,)]
