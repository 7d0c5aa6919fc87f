"""Datasets that read published datasets: order, versions, failures, and the values."""
import json
import re
import signal

import pytest

import s3_lake
from lake_reader import Published, assert_published

ENRICHED = {"order_id": {"type": "int", "not_null": True}, "name": "string", "country": "string",
            "amount": {"type": "double", "not_null": True}, "created_at": {"type": "timestamp", "not_null": True}}
DAILY = {"day": {"type": "date", "not_null": True}, "country": "string", "orders": {"type": "bigint", "not_null": True},
         "total": {"type": "double", "not_null": True}}
ENRICHED_SQL = "SELECT order_id, name, country, amount, created_at FROM o JOIN u USING (user_id)"
DAILY_SQL = """SELECT CAST(created_at AS DATE) AS day, country, count(*) AS orders, sum(amount) AS total
               FROM enriched_orders GROUP BY ALL"""
POSTGRES_DAILY = """SELECT created_at::date AS day, country, count(*) AS orders, sum(amount) AS total
                    FROM orders JOIN users USING (user_id) GROUP BY 1, 2"""


def shop(db):
    db.execute("""
        CREATE TABLE users (user_id int PRIMARY KEY, name text NOT NULL, country text);
        CREATE TABLE orders (order_id int PRIMARY KEY, user_id int, amount float8 NOT NULL, created_at timestamp NOT NULL);
        INSERT INTO users SELECT i, 'user ' || i, (ARRAY['DE', 'FR', NULL])[1 + i % 3] FROM generate_series(1, 50) i;
        INSERT INTO orders SELECT i, 1 + i % 60, i * 0.25, timestamp '2024-01-01' + i * interval '1 hour'
            FROM generate_series(1, 2000) i;
        ANALYZE""")


def graph(project, more=None, **enriched):
    project.write("enriched.sql", ENRICHED_SQL)
    project.write("daily.sql", DAILY_SQL)
    project.write("best.sql", "SELECT country, max(total) AS best FROM daily GROUP BY country")
    datasets = {
        # In the file's order each stands before what it reads.
        "best_days": {"from": ["daily"], "sql": "best.sql", "columns": {"country": "string", "best": "double"}},
        "daily": {"from": ["enriched_orders"], "sql": "daily.sql", "columns": DAILY},
        "enriched_orders": {"inputs": {"o": "orders", "u": "users"}, "sql": "enriched.sql", "columns": ENRICHED,
                            **enriched},
        **(more or {})}
    project.config({"datasets": datasets})


def report(done):
    return {d["dataset"]: d for d in json.loads(done.stdout)["datasets"]}


def test_three_levels_are_made_in_order_from_the_versions_of_the_same_run(project, db):
    shop(db)
    graph(project)
    for version in (1, 2):
        made = report(project.run("run", "--json", check=0))
        assert list(made) == ["enriched_orders", "daily", "best_days"]
        assert all(d["published"] and d["version"] == version for d in made.values())
        assert made["daily"]["from"] == [{"dataset": "enriched_orders", "version": version,
                                          "rows": made["enriched_orders"]["rows_out"],
                                          "bytes": made["enriched_orders"]["bytes_out"]}]
        assert_published(project.lake, "daily", db, POSTGRES_DAILY)
        assert_published(project.lake, "best_days", db,
                         f"SELECT country, max(total) AS best FROM ({POSTGRES_DAILY}) d GROUP BY 1")
        daily, enriched = (Published(project.lake, name).manifest for name in ("daily", "enriched_orders"))
        assert daily["sources"] == [{"dataset": "enriched_orders", "version": version}]
        assert daily["snapshot"] == enriched["snapshot"]
        db.execute("UPDATE orders SET amount = amount + 1 WHERE order_id % 7 = 0")
    assert not list((project.lake / "_tailrace").glob("*/runs/*"))


def test_a_dataset_named_alone_reads_the_newest_version_without_postgres(project, db):
    shop(db)
    graph(project)
    project.run("run", "enriched_orders", check=0)
    snapshot = Published(project.lake, "enriched_orders").manifest["snapshot"]
    nowhere = {"DATABASE_URL": None}
    done = project.run("run", "daily", env=nowhere, check=0)
    assert "daily read enriched_orders version 1 (" in done.stdout and "Postgres was not read" in done.stdout
    assert_published(project.lake, "daily", db, POSTGRES_DAILY)
    assert Published(project.lake, "daily").manifest["snapshot"] == snapshot
    checked = project.run("check", "daily", env=nowhere, check=0).stdout
    assert re.search(r"enriched_orders +\| the lake, version 1 +\| +3 of 5 +\| +1,670 .* read from its files", checked)
    assert "all of it from the lake" in checked and "never" not in checked


def test_check_knows_the_types_before_anything_is_published(project, db):
    shop(db)
    graph(project, partition_by=["country", "day(created_at)"])
    plan = json.loads(project.run("check", "--json", check=0).stdout)
    daily = plan["datasets"][1]
    assert daily["from"] == [{"dataset": "enriched_orders", "columns": ["amount", "created_at", "country"], "scans": 1,
                              "of_this_run": True, "version": None, "rows": None, "bytes": None}]
    assert daily["connections"] == 0
    done = project.run("check", "daily", env={"DATABASE_URL": None}, check=0)
    assert "`enriched_orders` is not published yet" in done.stderr
    assert not project.lake.exists()
    done = project.run("run", "daily", check=2)
    assert "`daily` reads `enriched_orders`, which is not published" in done.stderr
    assert "tailrace run enriched_orders daily" in done.stderr


def test_a_contract_that_the_upstream_does_not_meet_stops_planning(project, db):
    shop(db)
    graph(project)
    project.write("daily.sql", "SELECT created_at AS day, country, orders, 1.0::DOUBLE AS total FROM enriched_orders")
    done = project.run("check", check=2)
    assert "daily.sql" in done.stderr and "orders" in done.stderr
    project.write("daily.sql", "SELECT created_at AS day, country, 1::BIGINT AS orders, amount AS total FROM enriched_orders")
    done = project.run("check", check=2)
    assert "column `day` is TIMESTAMP, the contract says date" in done.stderr
    assert "CAST(day AS DATE)" in done.stderr


def test_what_reads_a_failed_dataset_is_not_run_and_the_others_are(project, db):
    shop(db)
    project.write("users.sql", "SELECT country, count(*) AS n FROM people GROUP BY country")
    graph(project, {
        "people": {"inputs": {"u": "users"}},
        "countries": {"from": ["people"], "sql": "users.sql", "columns": {"country": "string", "n": "bigint"}}},
        checks=["amount > 1"])
    done = project.run("run", "--json", check=5)
    made = report(done)
    assert [name for name, d in made.items() if d["published"]] == ["people", "countries"]
    assert "`daily` was not run: `enriched_orders`, which it reads, was not published" in done.stderr
    assert "`best_days` was not run: `daily`, which it reads, was not published" in done.stderr
    assert "tailrace run daily" in done.stderr
    assert project.published_version("daily") == 0
    done = project.run("run", "enriched_orders", "daily", check=4)
    assert "`daily` was not run" in done.stderr


@pytest.mark.threads
@pytest.mark.parametrize("limits", [{}, {"threads": 1}, {"memory": "128MiB"}])
def test_branches_that_read_the_same_version_run_side_by_side(project, db, limits):
    shop(db)
    branches = {}
    for i in range(5):
        project.write(f"b{i}.sql", f"SELECT country, day(created_at) AS d, sum(amount) AS total, {i} AS branch "
                                   "FROM enriched_orders GROUP BY ALL")
        branches[f"branch_{i}"] = {
            "from": ["enriched_orders"], "sql": f"b{i}.sql", "partition_by": ["country"],
            "unique": [["d", "country"]], "checks": [f"branch = {i}"],
            "columns": {"d": "bigint", "total": "double", "branch": "int", "country": "string"}}
    project.write("all.sql", " UNION ALL ".join(f"SELECT * FROM branch_{i}" for i in range(5)))
    branches["together"] = {"from": list(branches), "sql": "all.sql", "columns": branches["branch_0"]["columns"]}
    graph(project, branches)
    config = json.loads((project.folder / "tailrace.yaml").read_text())
    project.config({"datasets": config["datasets"], "limits": limits})
    project.run("run", check=0)
    assert_published(project.lake, "together", db, """
        SELECT extract(day FROM created_at)::bigint AS d, sum(amount) AS total, branch::int, country
        FROM orders JOIN users USING (user_id), generate_series(0, 4) branch GROUP BY 1, 3, 4""")
    assert not list(project.temp.iterdir())


def test_partition_columns_of_the_upstream_are_read_with_their_types(project, db):
    shop(db)
    project.write("p.sql", "SELECT order_id, country, created_at_month AS month, k FROM enriched WHERE k > 7")
    project.write("enriched.sql", "SELECT order_id, country, created_at, order_id % 10 AS k FROM o JOIN u USING (user_id)")
    project.config({"datasets": {
        "enriched": {"inputs": {"o": "orders", "u": "users"}, "sql": "enriched.sql",
                     "partition_by": ["k", "month(created_at)", "country"],
                     "columns": {"order_id": "int", "country": "string", "created_at": "timestamp", "k": "int"}},
        "p": {"from": ["enriched"], "sql": "p.sql",
              "columns": {"order_id": "int", "country": "string", "month": "string", "k": "int"}}}})
    wanted = """SELECT order_id, country, to_char(created_at, 'YYYY-MM') AS month, order_id % 10 AS k
                FROM orders JOIN users USING (user_id) WHERE order_id % 10 > 7"""
    for arguments in (["run"], ["run", "p"]):
        project.run(*arguments, check=0)
        assert_published(project.lake, "p", db, wanted)


def test_an_empty_dataset_is_read_as_no_rows(project, db):
    shop(db)
    db.execute("TRUNCATE orders")
    graph(project)
    project.run("run", check=0)
    assert Published(project.lake, "daily").manifest["rows"] == 0
    assert Published(project.lake, "enriched_orders").files == []


def test_postgres_and_the_lake_are_joined_in_one_statement(project, db):
    shop(db)
    project.write("mixed.sql", """SELECT u.user_id, u.name, d.best FROM u LEFT JOIN best_days d
                                  ON u.country IS NOT DISTINCT FROM d.country""")
    graph(project, {"mixed": {"inputs": {"u": "users"}, "from": ["best_days"], "sql": "mixed.sql",
                              "columns": {"user_id": "int", "name": "string", "best": "double"}}})
    made = report(project.run("run", "--json", check=0))
    assert list(made) == ["enriched_orders", "daily", "best_days", "mixed"]
    assert_published(project.lake, "mixed", db, f"""
        SELECT user_id, name, best FROM users u LEFT JOIN (
            SELECT country, max(total) AS best FROM ({POSTGRES_DAILY}) d GROUP BY 1) b
        ON u.country IS NOT DISTINCT FROM b.country""")


@pytest.mark.parametrize("rows", [None, "daily JOIN enriched_orders USING (country)"])
def test_typed_c_reads_published_datasets(project, db, rows):
    shop(db)
    project.write("c.c", """
        #include "gen/big.h"
        enum tr_verdict big(%s const struct in_enriched_orders *e, const struct big_params *params,
                struct out_big *out, struct tr_ctx *ctx)
        {
            (void)ctx; (void)params; %s
            if (e->order_id %% 2)
                return TR_SKIP;
            out->order_id = e->order_id;
            out->country = e->country;
            out->twice = e->amount * 2;
            return TR_EMIT;
        }
        """ % (("const struct in_daily *d,", "(void)d;") if rows else ("", "")))
    columns = {"order_id": {"type": "int", "not_null": True}, "country": "string",
               "twice": {"type": "double", "not_null": True}}
    big = {"from": ["daily", "enriched_orders"] if rows else ["enriched_orders"],
           "c": "c.c", "columns": columns}
    if rows:
        big["rows"] = rows
    graph(project, {"big": big})
    project.run("gen", check=0)
    project.run("run", check=0)
    wanted = "SELECT order_id, country, amount * 2 AS twice FROM orders JOIN users USING (user_id) WHERE order_id % 2 = 0"
    if rows:
        wanted = f"""SELECT e.order_id, e.country, e.twice FROM ({wanted}) e JOIN ({POSTGRES_DAILY}) d
                     USING (country)"""
    assert_published(project.lake, "big", db, wanted)


def test_typed_c_refuses_an_outer_join_with_the_lake(project, db):
    shop(db)
    graph(project, {"big": {"inputs": {"o": "orders"}, "from": ["daily"], "c": "c.c", "rows": "o LEFT JOIN daily ON true",
                            "columns": {"order_id": "int"}}})
    done = project.run("check", check=2)
    assert "typed C sees no outer join with a dataset of `from`" in done.stderr


def test_unknown_datasets_are_named_with_the_closest(project, db):
    shop(db)
    graph(project, {"more": {"from": ["enriched_order"], "sql": "daily.sql", "columns": DAILY}})
    done = project.run("check", check=2)
    assert "there is no dataset `enriched_order`" in done.stderr and "did you mean `enriched_orders`?" in done.stderr
    assert re.search(r'tailrace.yaml:\d+:\d+', done.stderr) and "^" in done.stderr
    graph(project)
    project.run("run", check=0)
    project.write("t.sql", "SELECT * FROM daily")
    project.config({"datasets": {"copy": {"from": ["daily"], "sql": "t.sql", "columns": DAILY}}})
    project.run("run", check=0)
    assert_published(project.lake, "copy", db, POSTGRES_DAILY)
    project.config({"datasets": {"copy": {"from": ["dayly"], "sql": "t.sql", "columns": DAILY}}})
    assert "did you mean `daily`?" in project.run("check", check=2).stderr


def test_a_straight_copy_without_columns_must_be_there_to_be_read(project, db):
    shop(db)
    project.write("t.sql", "SELECT country, count(*) AS n FROM people GROUP BY ALL")
    project.config({"datasets": {"people": {"inputs": {"u": "users"}},
                                 "t": {"from": ["people"], "sql": "t.sql", "columns": {"country": "string", "n": "bigint"}}}})
    done = project.run("check", "t", check=2)
    assert "`people` is not published yet, and its columns are not declared" in done.stderr
    project.run("check", check=0)
    project.run("run", check=0)
    project.run("check", "t", check=0)


def test_datasets_and_status_say_what_each_was_made_of(project, db):
    shop(db)
    graph(project)
    project.run("run", "enriched_orders", check=0)
    project.run("run", "daily", check=0)
    made_of = [{"dataset": "enriched_orders", "version": 1}]
    listed = json.loads(project.run("datasets", "--json", check=0).stdout)
    assert {d["dataset"]: d.get("from") for d in listed} == {"best_days": None, "daily": made_of, "enriched_orders": []}
    assert re.search(r"daily .* enriched_orders v1 +\| published", project.run("datasets", check=0).stdout)
    state = json.loads(project.run("status", "--json", check=0).stdout)
    assert {d["dataset"]: d["from"] for d in state} == {"daily": made_of, "enriched_orders": []}
    project.run("run", "enriched_orders", check=0)
    assert re.search(r"daily .*\| enriched_orders has v2", project.run("status", check=0).stdout)


def test_a_rollback_keeps_what_the_version_was_made_of(project, db):
    shop(db)
    graph(project)
    project.run("run", check=0)
    project.run("run", check=0)
    project.run("rollback", "daily", "--to", "1", check=0)
    assert Published(project.lake, "daily").manifest["sources"] == [{"dataset": "enriched_orders", "version": 1}]


@pytest.mark.threads
def test_an_interrupt_ends_all_branches_at_work(project, db):
    shop(db)
    heavy = {"from": ["enriched_orders"], "sql": "heavy.sql", "columns": {"n": "bigint"}}
    project.write("heavy.sql", "SELECT count(*) AS n FROM enriched_orders a, enriched_orders b, enriched_orders c "
                               "WHERE a.amount + b.amount * c.amount > 1")
    graph(project, {"heavy_0": heavy, "heavy_1": heavy})
    project.run("run", "enriched_orders", check=0)
    process = project.spawn("run", "heavy_0", "heavy_1")
    started = set()
    while len(started) < 2:
        line = process.stderr.readline()
        assert line, "it ended by itself"
        started |= set(re.findall(r"(heavy_\d): extract", line))
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert project.published_version("heavy_0") == project.published_version("heavy_1") == 0
    assert not list(project.temp.iterdir())
    assert not list((project.lake / "_tailrace").glob("*/runs/*"))


def test_a_graph_is_published_to_s3_and_glue(project, db, aws, tmp_path):
    shop(db)
    graph(project, partition_by=["day(created_at)"])
    config = json.loads((project.folder / "tailrace.yaml").read_text())
    for i in range(2):
        project.write(f"b{i}.sql", f"SELECT order_id, created_at_day, {i} AS branch FROM enriched_orders")
        config["datasets"][f"branch_{i}"] = {
            "from": ["enriched_orders"], "sql": f"b{i}.sql", "unique": ["order_id"],
            "columns": {"order_id": "int", "created_at_day": "string", "branch": "int"}}
    project.config({"lake": s3_lake.lake(aws), "s3": {"path_style": True}, "datasets": config["datasets"]})
    for version in (1, 2):
        made = report(project.run("run", "--json", env=aws.env, check=0))
        assert {d["version"] for d in made.values()} == {version}
        for name in made:
            table = aws.glue.get_table(DatabaseName=aws.database, Name=name)["Table"]
            assert table["Parameters"]["tailrace.version"] == str(version)
    folder = s3_lake.mirror(aws, tmp_path / "mirror")
    assert_published(folder, "daily", db, POSTGRES_DAILY)
    for i in range(2):
        assert_published(folder, f"branch_{i}", db, f"""
            SELECT order_id, to_char(created_at, 'YYYY-MM-DD') AS created_at_day, {i}::int AS branch
            FROM orders JOIN users USING (user_id)""")
    project.run("run", "branch_0", env={**aws.env, "DATABASE_URL": None}, check=0)
    assert not [key for key in aws.keys() if "/runs/" in key]


def test_where_postgres_is_down_what_needs_only_the_lake_is_published(project, db):
    shop(db)
    project.config({"datasets": {"people": {"inputs": {"u": "users"}}}})
    project.run("run", check=0)
    project.write("countries.sql", "SELECT country, count(*) AS n FROM people GROUP BY country")
    # `people` is another configuration's: here it is only read.
    graph(project, {"countries": {"from": ["people"], "sql": "countries.sql",
                                  "columns": {"country": "string", "n": "bigint"}}})
    down = {"DATABASE_URL": f"host={project.temp} user=nobody dbname=shop"}
    done = project.run("run", "--json", env=down, check=5)
    made = report(done)
    assert {name for name, d in made.items() if d["published"]} == {"countries"} and len(made) == 4
    assert made["enriched_orders"]["error"] in done.stderr and str(project.temp) in done.stderr
    assert "`daily` was not run: `enriched_orders`, which it reads, was not published" in done.stderr
    assert "`best_days` was not run: `daily`, which it reads, was not published" in done.stderr
    assert_published(project.lake, "countries", db, "SELECT country, count(*) AS n FROM users GROUP BY 1")
    # Nothing remains: the error alone, and nothing is begun.
    done = project.run("run", "enriched_orders", "daily", env=down, check=3)
    assert str(project.temp) in done.stderr and "daily" not in done.stderr + done.stdout
    # It shows the whole plan, or why not.
    assert project.run("check", env=down).returncode == 3
    assert project.published_version("countries") == 1
