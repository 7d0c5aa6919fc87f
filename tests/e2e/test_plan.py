"""What `check --json` plans, and details of a configuration that a run must get right."""
import json

import pyarrow.parquet as pq
import pytest


def plan(project, *datasets, check=0):
    done = project.run("check", "--json", *datasets, check=check)
    return {d["dataset"]: d for d in json.loads(done.stdout)["datasets"]}


def rows(project, dataset):
    """The published rows, as a list of dicts, by the newest manifest."""
    manifests = sorted((project.lake / "_tailrace" / dataset / "manifests").glob("*.json"))
    files = json.loads(manifests[-1].read_text())["files"]
    return [row for f in files for row in pq.ParquetFile(project.lake / f["path"]).read().to_pylist()]


def three(db):
    db.execute("CREATE TABLE a AS SELECT g AS id, g * 2 AS x FROM generate_series(1, 1000) g;"
               "CREATE TABLE b AS SELECT g AS id, g * 3 AS y FROM generate_series(1, 10) g;"
               "CREATE TABLE c AS SELECT g AS id, g * 4 AS z FROM generate_series(1, 100) g; ANALYZE")


JOIN = "SELECT id, x, y, z FROM a JOIN b USING (id) JOIN c USING (id)"
INPUTS = {"a": "public.a", "b": "public.b", "c": "public.c"}
COLUMNS = {"id": "int", "x": "int", "y": "int", "z": "int"}


@pytest.mark.parametrize("connections,loaded", [(3, ""), (2, "b"), (1, "bc")])
def test_the_smallest_inputs_are_loaded_first(project, db, connections, loaded):
    three(db)
    project.write("t.sql", JOIN)
    project.config({"limits": {"connections": connections},
                    "datasets": {"t": {"inputs": INPUTS, "sql": "t.sql", "columns": COLUMNS}}})
    t = plan(project)["t"]
    assert [i["alias"] for i in t["inputs"] if i["preload"]] == list(loaded)
    assert t["connections"] == 3 - len(loaded)
    project.run("run", check=0)
    assert rows(project, "t") and len(rows(project, "t")) == 10


def test_an_input_of_two_datasets_is_read_once(project, db):
    three(db)
    project.config({"datasets": {"one": {"inputs": {"a": "public.a"}}, "two": {"inputs": {"a": "public.a"}},
                                 "filtered": {"inputs": {"a": {"relation": "public.a", "where": "id < 3"}}}}})
    done = project.run("run", check=0)
    assert done.stderr.count("reading public.a once for 2 datasets") == 1
    assert len(rows(project, "one")) == len(rows(project, "two")) == 1000
    assert sorted(r["id"] for r in rows(project, "filtered")) == [1, 2]


def test_a_dataset_that_is_named_twice_runs_once(project, db):
    three(db)
    project.config({"datasets": {"one": {"inputs": {"a": "public.a"}}, "two": {"inputs": {"b": "public.b"}}}})
    report = json.loads(project.run("run", "one", "two", "one", "--json", check=0).stdout)
    assert [d["dataset"] for d in report["datasets"]] == ["one", "two"]
    assert project.published_version("one") == 1


def test_the_contract_orders_the_columns(project, db):
    three(db)
    project.write("t.sql", "SELECT x, id FROM a")
    project.config({"datasets": {"t": {"inputs": {"a": "public.a"}, "sql": "t.sql",
                                       "columns": {"id": "int", "twice": {"type": "bigint", "from": "x"}}}}})
    project.run("run", check=0)
    assert all(list(r) == ["id", "twice"] and r["twice"] == 2 * r["id"] for r in rows(project, "t"))


def test_a_key_that_is_published_twice_names_a_row_once(project, db):
    db.execute("CREATE TABLE k (id int PRIMARY KEY, v int); INSERT INTO k VALUES (7, null)")
    project.config({"datasets": {"k": {"inputs": {"k": "public.k"}, "columns": {
        "id": "int", "id_again": {"type": "int", "from": "id"}, "id_too": {"type": "bigint", "from": "id"},
        "v": {"type": "int", "not_null": True}}}}})
    done = project.run("run", check=4)
    assert "id=7" in done.stderr and "id_again=7" not in done.stderr


def test_names_that_only_quotes_allow(project, db):
    """Aliases that are SQL's own words; columns and tables in capitals."""
    db.execute('CREATE TABLE "Orders" ("userId" int NOT NULL, "select" text NOT NULL);'
               """INSERT INTO "Orders" VALUES (1, 'x')""")
    project.write("t.sql", 'SELECT o."userId" AS user_id, o."select" AS word FROM "order" o')
    project.config({"datasets": {
        "t": {"inputs": {"order": 'public."Orders"'}, "sql": "t.sql", "columns": {"user_id": "int", "word": "string"}},
        "copied": {"inputs": {"group": 'public."Orders"'}}}})
    project.run("run", check=0)
    assert rows(project, "t") == [{"user_id": 1, "word": "x"}]
    assert rows(project, "copied") == [{"user_id": 1, "select": "x"}]


def test_a_dataset_may_be_called_as_its_input(project, db):
    three(db)
    project.write("t.sql", "SELECT id, x FROM a WHERE id <= 5")
    project.config({"datasets": {"a": {"inputs": {"a": "public.a"}, "sql": "t.sql", "unique": ["id"],
                                       "checks": ["x = id * 2"], "columns": {"id": "int", "x": "int"}}}})
    project.run("run", check=0)
    assert len(rows(project, "a")) == 5


def test_many_statements_fit_one_plan(project, db):
    three(db)
    project.write("t.sql", "SELECT id FROM b")
    project.config({"datasets": {f"d{i}": {"inputs": {"b": "public.b"}, "sql": "t.sql", "columns": {"id": "int"}}
                                 for i in range(80)}})
    assert len(plan(project)) == 80


def test_paths_begin_at_the_configuration(project, db):
    three(db)
    project.write("sub/transforms/t.sql", "SELECT id FROM b")
    project.write("sub/transforms/c.c", """
        #include "gen/c.h"
        enum tr_verdict c(const struct in_b *b, const struct c_params *params, struct out_c *out, struct tr_ctx *ctx)
        {
            (void)params; (void)ctx;
            out->id = b->id;
            return TR_EMIT;
        }
        """)
    project.write("sub/tailrace.yaml", json.dumps({
        "source": {"url": "${DATABASE_URL}"}, "lake": {"location": "./lake"}, "datasets": {
            "t": {"inputs": {"b": "public.b"}, "sql": "transforms/t.sql", "columns": {"id": "int"}},
            "c": {"inputs": {"b": "public.b"}, "c": "transforms/c.c", "columns": {"id": {"type": "int"}}}}}))
    project.run("-c", "sub/tailrace.yaml", "gen", check=0)
    assert (project.folder / "sub/gen/c.h").exists()
    project.run("-c", "sub/tailrace.yaml", "run", check=0)
    project.lake = project.folder / "sub/lake"
    assert len(rows(project, "t")) == len(rows(project, "c")) == 10
    assert not (project.folder / "lake").exists() and not (project.folder / "gen").exists()


def test_rows_of_a_c_transform_may_filter_and_use_subqueries(project, db):
    three(db)
    project.write("t.c", """
        #include "gen/t.h"
        enum tr_verdict t(const struct in_a *a, const struct in_b *b, const struct t_params *params,
                struct out_t *out, struct tr_ctx *ctx)
        {
            (void)params; (void)ctx;
            out->id.value = a->id.value;
            out->id.valid = a->id.valid;
            out->y = b->y;
            return TR_EMIT;
        }
        """)
    project.config({"datasets": {"t": {
        "inputs": {"a": "public.a", "b": "public.b"}, "c": "t.c",
        "rows": "a JOIN (SELECT * FROM b WHERE y > 6) b USING (id) WHERE a.id IN (SELECT id FROM b WHERE id < 9)",
        "columns": {"id": "int", "y": "int"}}}})
    project.run("gen", check=0)
    project.run("run", check=0)
    assert sorted((r["id"], r["y"]) for r in rows(project, "t")) == [(i, 3 * i) for i in range(3, 9)]


def test_too_little_memory_for_a_statement_says_how_much_it_needs(project, db):
    three(db)
    project.write("t.sql", JOIN)
    project.config({"limits": {"memory": "64MiB"},
                    "datasets": {"t": {"inputs": INPUTS, "sql": "t.sql", "columns": COLUMNS}}})
    done = project.run("check", check=2)
    assert "128MiB" in done.stderr


def test_a_wide_table_has_one_warning_a_kind(project, db):
    db.execute(f"CREATE TABLE wide ({', '.join(f'c{i} timestamp, z{i} timestamptz' for i in range(6))}, u uuid)")
    project.config({"datasets": {"wide": {"inputs": {"w": "wide"}, "columns": {
        **{f"c{i}": "timestamp" for i in range(6)}, "z0": "timestamptz", "u": "uuid"}}}})
    (d,) = json.loads(project.run("check", "--json", check=0).stdout)["datasets"]
    assert [w.split(":")[0] for w in d["warnings"]] == ["c0, c1, c2, c3 and 2 more columns", "z0", "u"]


def test_rows_of_a_view_and_of_a_condition_are_asked_of_the_server(project, db):
    db.execute("""CREATE TABLE t AS SELECT i AS id, 'text ' || i AS c FROM generate_series(1, 10000) i; ANALYZE t;
                  CREATE VIEW v AS SELECT a.id, b.c FROM t a JOIN t b USING (id)""")
    project.config({"datasets": {"some": {"inputs": {"t": {"relation": "t", "where": "id <= 1000 -- a tenth"}}},
                                 "all": {"inputs": {"v": "v"}}}})
    some, everything = json.loads(project.run("check", "--json", check=0).stdout)["datasets"]
    assert 900 < some["rows"] < 1100 and 9_000 < everything["rows"] < 11_000
    assert 15 * some["rows"] < some["bytes_read"] < 40 * some["rows"]
    assert 15 * everything["rows"] < everything["bytes_read"] < 40 * everything["rows"]


def test_a_guess_beyond_all_numbers_is_told_as_very_many(project, db):
    many = ", ".join(f"generate_series(1, 1000000000) g{i}" for i in range(12))  # 1e108 rows, if ever they came
    db.execute(f"CREATE VIEW v AS SELECT 1 AS id, g1::text AS c FROM {many}")
    project.config({"datasets": {"all": {"inputs": {"v": "v"}}}})
    (d,) = json.loads(project.run("check", "--json", check=0).stdout)["datasets"]
    assert d["rows"] == 1e11 and 1e12 < d["bytes_read"] < 1e14
