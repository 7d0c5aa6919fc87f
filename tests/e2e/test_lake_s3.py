"""A lake in S3, with its tables in Glue: every command that knew a folder knows it too."""
import csv
import io
import json
import signal
import subprocess

import pytest

from project import BUILD
from s3_lake import lake, mirror
from test_embed import EMBED
from test_shop import assert_shop_is_published, load_shop


@pytest.fixture
def shop(project, db, aws):
    """The example shop with its lake in S3."""
    load_shop(project, db, 2_000)
    text = (project.folder / "tailrace.yaml").read_text()
    text = text.replace("  location: ./lake ", f"  location: {aws.location}\n  catalog: glue\n"
                                               f"  database: {aws.database} ")
    assert aws.location in text
    project.config(text)
    return project


def rows(project, aws, sql, *more):
    done = project.run("query", "--format", "csv", sql, *more, env=aws.env, check=0)
    return list(csv.reader(io.StringIO(done.stdout)))[1:]


@pytest.mark.slow
def test_the_shop_is_published_to_s3_and_glue_and_read_back(shop, db, aws):
    shop.run("run", env=aws.env, check=0)
    shop.lake = mirror(aws, shop.folder / "mirror")
    assert_shop_is_published(shop, db)
    tables = {t["Name"]: t for t in aws.glue.get_tables(DatabaseName=aws.database)["TableList"]}
    assert set(tables) == {"orders", "users", "enriched_orders", "enriched_orders_c", "country_revenue"}
    assert rows(shop, aws, "SELECT count(*), sum(order_id) FROM enriched_orders") == \
        [[str(v) for v in db.query("SELECT count(*), sum(order_id) FROM orders JOIN users USING (user_id)")[0]]]
    shop.run("verify", env=aws.env, check=0)


@pytest.fixture
def numbers(project, db, aws):
    """A dataset of eight partitions in S3, configured and published once; numbers(n) publishes n rows."""
    def publish(n, version):
        db.execute(f"""
            DROP TABLE IF EXISTS numbers;
            CREATE TABLE numbers AS SELECT i AS id, 'k' || i % 8 AS key, md5(i::text) AS text,
                                           {version} AS version FROM generate_series(1, {n}) i;
            ALTER TABLE numbers ALTER key SET NOT NULL""")
        project.run("run", env=aws.env, check=0)

    project.config({"lake": lake(aws), "limits": {"threads": 1},
                    "datasets": {"numbers": {"inputs": {"n": "numbers"}, "partition_by": ["key"]}}})
    return publish


def test_versions_in_s3_are_listed_verified_and_gone_back_to(project, aws, numbers):
    numbers(1000, 1)
    numbers(500, 2)
    history = json.loads(project.run("history", "numbers", "--json", env=aws.env, check=0).stdout)
    assert [item["version"] for item in history] == [2, 1]
    assert "numbers" in project.run("datasets", env=aws.env, check=0).stdout
    assert "numbers" in project.run("status", env=aws.env, check=0).stdout
    project.run("verify", env=aws.env, check=0)
    assert rows(project, aws, "SELECT count(*) FROM numbers") == [["500"]]
    assert rows(project, aws, 'SELECT count(*), min(version) FROM "numbers@1"') == [["1000", "1"]]

    project.run("rollback", "numbers", env=aws.env, check=0)
    assert rows(project, aws, "SELECT count(*), max(version) FROM numbers") == [["1000", "1"]]
    table = aws.glue.get_table(DatabaseName=aws.database, Name="numbers")["Table"]
    assert table["Parameters"]["tailrace.version"] == "3"

    victim = next(key for key in aws.keys(f"{aws.prefix}/numbers/") if "key=k3" in key)
    aws.s3.put_object(Bucket=aws.bucket, Key=victim, Body=b"not what was written")
    assert "key=k3" in project.run("verify", env=aws.env, check=4).stderr


def test_gc_removes_from_s3_what_no_version_needs_and_no_more(project, aws, numbers):
    numbers(100, 1)
    numbers(100, 2)
    versions = aws.keys(f"{aws.prefix}/numbers/")
    dead = f"{aws.prefix}/numbers/20200101t000000000000z-0123456789ab/part-00000.parquet"
    aws.s3.put_object(Bucket=aws.bucket, Key=dead, Body=b"of a run that was killed")
    aws.s3.create_multipart_upload(Bucket=aws.bucket, Key=dead.replace("00000", "00001"))
    project.run("gc", "--keep", "1", "--days", "0", "--dry-run", env=aws.env, check=0)
    assert dead in aws.keys() and aws.unfinished_uploads()
    done = json.loads(project.run("gc", "--keep", "1", "--days", "0", "--json", env=aws.env, check=0).stdout)
    assert aws.keys(f"{aws.prefix}/numbers/") == versions, "what has just left retention stays for a day"
    assert done
    assert not aws.unfinished_uploads()
    project.run("verify", env=aws.env, check=0)


def test_a_lake_in_s3_is_read_without_a_configuration(project, aws, numbers, tmp_path):
    numbers(100, 1)
    (project.folder / "tailrace.yaml").unlink()
    done = project.run("query", "--lake", aws.location, "--format", "csv", "SELECT sum(id) AS s FROM numbers",
                       env=aws.env, check=0)
    assert done.stdout.split() == ["s", "5050"]
    assert "numbers" in project.run("datasets", "--lake", aws.location, env=aws.env, check=0).stdout


def test_only_the_columns_and_partitions_asked_for_are_read(project, db, aws, fault_proxy):
    db.execute("""
        CREATE TABLE wide AS SELECT i AS id, (i % 4)::int AS part, md5(i::text) || md5(i::text || 'x') AS a,
                                    md5(i::text || 'y') AS b FROM generate_series(1, 80000) i;
        ALTER TABLE wide ALTER part SET NOT NULL""")
    project.config({"lake": {"location": aws.location}, "limits": {"threads": 1},
                    "datasets": {"wide": {"inputs": {"w": "wide"}, "partition_by": ["part"]}}})
    project.run("run", env=aws.env, check=0)
    sizes = {key: aws.s3.head_object(Bucket=aws.bucket, Key=key)["ContentLength"]
             for key in aws.keys(f"{aws.prefix}/wide/")}
    total = sum(sizes.values())
    assert total > 4_000_000
    proxy = fault_proxy(aws)

    def read(sql):
        proxy.clear()
        done = project.run("query", "--format", "csv", sql, env=proxy.env, check=0)
        calls = [call for call in proxy.calls if call.operation == "s3:GetObject" and "/wide/2" in call.path]
        return done.stdout.split()[1], sum(call.answer_bytes for call in calls), {call.path for call in calls}

    answer, bytes_read, files = read("SELECT sum(id) AS s FROM wide")
    assert answer == str(80_000 * 80_001 // 2) and bytes_read < total / 5 and len(files) == 4
    answer, one_partition, files = read("SELECT sum(id) AS s FROM wide WHERE part = 3")
    assert answer == str(sum(range(3, 80_001, 4))) and len(files) <= 2 and one_partition < bytes_read / 2
    answer, everything, _ = read("SELECT count(DISTINCT a || b) AS s FROM wide")
    assert answer == "80000" and everything > total / 2


def test_a_check_reads_the_staged_files_in_s3_and_leaves_none_that_break_it(project, db, aws):
    db.execute("CREATE TABLE t AS SELECT i AS id, i % 10 AS k FROM generate_series(1, 100) i")
    config = {"lake": lake(aws), "datasets": {"t": {"inputs": {"t": "t"}, "checks": ["k < 9"]}}}
    project.config(config)
    done = project.run("run", env=aws.env, check=4)
    assert "`k < 9` in 10 rows" in done.stderr and "id=9" in done.stderr
    assert not aws.keys(f"{aws.prefix}/t/") and not aws.keys(f"{aws.prefix}/_tailrace/t/manifests/")
    assert not aws.unfinished_uploads()
    config["datasets"]["t"]["checks"] = ["k < 10"]
    config["datasets"]["t"]["unique"] = ["id"]
    project.config(config)
    project.run("run", env=aws.env, check=0)
    assert rows(project, aws, "SELECT count(*) FROM t") == [["100"]]


def test_a_dataset_of_no_rows_in_s3_answers_none(project, db, aws):
    db.execute("CREATE TABLE nothing (id int, name text)")
    project.config({"lake": lake(aws), "datasets": {"nothing": {"inputs": {"n": "nothing"}}}})
    project.run("run", env=aws.env, check=0)
    assert rows(project, aws, "SELECT count(*), max(name) FROM nothing") == [["0", ""]]


def test_a_program_that_embeds_the_library_publishes_to_s3_and_reads_it(project, db, aws):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i")
    project.config({"lake": lake(aws), "datasets": {"a": {"inputs": {"t": "t"}}}})
    done = subprocess.run([EMBED, "tailrace.yaml", "SELECT sum(id)::BIGINT FROM a"], cwd=project.folder,
                          env=project.environment({**aws.env, "TAILRACE_LIBDIR": BUILD}),
                          capture_output=True, text=True, timeout=120)
    assert done.stderr == "" and done.returncode == 0, done
    assert done.stdout.splitlines()[0] == "row 500500"


def test_init_for_a_lake_in_s3_writes_what_runs_as_it_is(project, db, aws):
    db.execute("CREATE TABLE orders (id int PRIMARY KEY, placed_at timestamptz NOT NULL, noon time, tag uuid);"
               "INSERT INTO orders SELECT i, now(), '12:00', gen_random_uuid() FROM generate_series(1, 10) i")
    project.run("init", db.url, "--lake", aws.location, env={**aws.env, "DATABASE_URL": None}, check=0)
    text = (project.folder / "tailrace.yaml").read_text()
    assert f"location: {aws.location} " in text and "catalog: glue" in text and f"database: {db.name} " in text
    (project.folder / "tailrace.yaml").write_text(text.replace(f"database: {db.name} ", f"database: {aws.database} "))
    project.run("check", env=aws.env, check=0)
    project.run("run", env=aws.env, check=0)
    assert rows(project, aws, "SELECT count(*), min(noon) FROM orders") == [["10", "12:00:00"]]
    assert aws.glue.get_table(DatabaseName=aws.database, Name="orders")["Table"]["Parameters"]["tailrace.version"] == "1"


@pytest.mark.parametrize("wrong", ["s3://b", "gs://bucket/x", "s3://bucket/a/../b"])
def test_init_refuses_a_place_that_is_none(project, db, wrong):
    done = project.run("init", db.url, "--lake", wrong, check=2)
    assert wrong in done.stderr and "s3://bucket/prefix" in done.stderr


# ---- what goes wrong ----

@pytest.fixture
def one(project, db, aws):
    """A dataset of one row, configured for S3 and Glue."""
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    project.config({"lake": lake(aws), "aws": {"attempts": 1}, "datasets": {"t": {"inputs": {"t": "t"}}}})
    return project


def fails(project, command, env, code, *said):
    done = project.run(*command, env=env, check=code)
    for text in said:
        assert text in done.stderr, done.stderr
    assert "hint:" in done.stderr
    for secret in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        assert env.get(secret, "\0") not in done.stderr + done.stdout
    return done.stderr


COMMANDS = [["run"], ["datasets"], ["query", "SELECT * FROM t"], ["gc"], ["verify"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_a_bucket_that_is_not_there_is_named(one, aws, command):
    text = (one.folder / "tailrace.yaml").read_text()
    (one.folder / "tailrace.yaml").write_text(text.replace(aws.bucket, "no-such-bucket-here"))
    fails(one, command, aws.env, 2, "no-such-bucket-here")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c[0])
def test_a_wrong_secret_is_said_without_it(one, aws, command):
    fails(one, command, {**aws.env, "AWS_SECRET_ACCESS_KEY": "not-the-secret-word"}, 2, "AWS_SECRET_ACCESS_KEY")


def test_no_credentials_at_all_says_what_was_tried(one, aws):
    env = {key: value for key, value in aws.env.items() if key not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    fails(one, ["datasets"], env, 2, "AWS_ACCESS_KEY_ID")


def test_no_region_says_where_it_may_stand(one, aws):
    fails(one, ["datasets"], {**aws.env, "AWS_REGION": None}, 2, "aws.region")


def test_a_profile_may_name_keys_region_and_endpoints(one, aws):
    one.write(".home/.aws/config", f"""
        [profile dev]
        services = local
        region = {aws.env["AWS_REGION"]}
        aws_access_key_id = {aws.env["AWS_ACCESS_KEY_ID"]}
        aws_secret_access_key = {aws.env["AWS_SECRET_ACCESS_KEY"]}
        endpoint_url = http://127.0.0.1:9
        [services local]
        s3 =
          endpoint_url = {aws.env["AWS_ENDPOINT_URL_S3"]}
        """)
    one.run("run", env=aws.env, check=0)
    dev = {"AWS_PROFILE": "dev"}
    done = one.run("query", "--lake", aws.location, "--format", "csv", "FROM t", env=dev, check=0)
    assert done.stdout == "id\n1\n"
    assert "127.0.0.1:9" in one.run("run", env=dev, check=3).stderr  # Glue: the profile's own


def test_a_server_that_is_not_there_is_a_transient_failure(one, aws):
    env = {**aws.env, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
    for command in COMMANDS:
        fails(one, command, env, 3, "127.0.0.1:9")


def test_a_dataset_in_s3_is_built_on_others_that_are_there(project, db, aws):
    db.execute("CREATE TABLE t AS SELECT i AS id, i % 7 AS k FROM generate_series(1, 700) i")
    project.write("by_k.sql", "SELECT k, sum(id)::BIGINT AS total FROM base GROUP BY k")
    datasets = {"base": {"inputs": {"t": "t"}},
                "by_k": {"from": ["base"], "sql": "by_k.sql", "columns": {"k": "int", "total": "bigint"}}}
    project.config({"lake": lake(aws), "datasets": datasets})
    project.run("run", env=aws.env, check=0)
    assert rows(project, aws, "SELECT * FROM by_k ORDER BY k") == \
        [[str(k), str(sum(range(k or 7, 701, 7)))] for k in range(7)]
    # Alone, it needs no Postgres: what it reads is in the lake.
    done = project.run("run", "by_k", env={**aws.env, "DATABASE_URL": None}, check=0)
    assert "version 2" in done.stdout + done.stderr


def test_a_first_commit_that_may_still_arrive_leaves_files_that_gc_finds(project, db, aws, fault_proxy):
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    project.config({"lake": lake(aws), "aws": {"attempts": 1}, "datasets": {"t": {"inputs": {"t": "t"}}}})
    proxy = fault_proxy(aws)
    rule = proxy.fail("reset_before", "s3:PutObject", path="/manifests/", times=None)
    done = project.run("run", env=proxy.env)
    assert done.returncode == 3, done.stderr
    assert rule.fired
    files = aws.keys(f"{aws.prefix}/t/")
    assert len(files) == 1, "its manifest may be on its way"
    assert not [key for key in aws.keys() if "/manifests/" in key]
    for names in ([], ["t"]):
        assert "t: 0 files (0 B) removed, 0 versions expired; 1 live run spared" in \
            project.run("gc", *names, env=aws.env, check=0).stdout
    assert aws.keys(f"{aws.prefix}/t/") == files


def test_a_commit_that_another_run_won_takes_its_files_back(project, db, aws, fault_proxy):
    db.execute("CREATE TABLE t AS SELECT 1 AS id")
    project.config({"lake": lake(aws), "datasets": {"t": {"inputs": {"t": "t"}}}})
    proxy = fault_proxy(aws)
    held = proxy.hold("s3:PutObject", path="/manifests/")
    late = project.spawn("run", env=proxy.env)
    held.wait()
    project.run("run", env=aws.env, check=0)
    held.release()
    out, error = late.communicate(timeout=120)
    assert late.returncode == 3 and "version 1 was published meanwhile" in error, (out, error)
    assert not aws.keys(f"{aws.prefix}/_tailrace/t/runs/")
    manifests = aws.keys(f"{aws.prefix}/_tailrace/t/manifests/")
    assert len(manifests) == 1
    files = [f"{aws.prefix}/{file['path']}" for file in json.loads(aws.read(manifests[0]))["files"]]
    assert aws.keys(f"{aws.prefix}/t/") == files


def test_ctrl_c_takes_back_what_was_uploaded(project, db, aws, fault_proxy):
    """While a part is on its way: the upload is aborted, the lease removed, though all else has ended."""
    db.execute("CREATE TABLE noise AS SELECT g AS a, decode(md5(g::text) || md5((-g)::text), 'hex') AS b"
               " FROM generate_series(1, 400000) g")
    project.config({"lake": lake(aws), "s3": {"part_size": "5MiB", "uploads": 1},
                    "datasets": {"noise": {"inputs": {"n": "noise"}}}})
    proxy = fault_proxy(aws)
    held = proxy.hold("s3:UploadPart")
    process = project.spawn("run", env=proxy.env)
    held.wait()
    assert aws.unfinished_uploads() and aws.keys(f"{aws.prefix}/_tailrace/noise/runs/")
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 130, (out, error)
    assert aws.unfinished_uploads() == [] and aws.keys() == []
    held.release()
