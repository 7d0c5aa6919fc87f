"""What happens when a run is killed, or its disk is full, at any point: the published version
stays readable and complete, and the next run needs no manual work."""
import contextlib
import os
import random
import signal
import subprocess

import pytest

import faults
from lake_reader import Published, assert_same_rows, canonical

DATASETS = {
    "plain": {"inputs": {"t": "t"}},
    "split": {"inputs": {"t": "t"}, "partition_by": ["country"]},
}


def fill(db, generation):
    """Every row carries the generation: a mixture of two would show."""
    db.execute(f"""
        DROP TABLE IF EXISTS t;
        CREATE TABLE t (id int PRIMARY KEY, country text NOT NULL, generation int NOT NULL);
        INSERT INTO t SELECT i, (ARRAY['DE', 'FR'])[1 + i % 2], {generation} FROM generate_series(1, 50) i""")


def generation_published(project, dataset):
    """The one generation that a dataset's newest version holds, whole; 0: none is published."""
    if project.published_version(dataset) == 0:
        return 0
    table = Published(project.lake, dataset).table()
    assert table.num_rows == 50
    generations = set(table.column("generation").to_pylist())
    assert len(generations) == 1
    return generations.pop()


def changes_of_a_run(project, dataset, tmp_path):
    count = tmp_path / "count"
    project.run("run", dataset, env=faults.environment(project.lake, count=count), check=0)
    return int(count.read_text())


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_run_killed_before_any_of_its_changes_leaves_a_whole_version(project, db, tmp_path, dataset):
    project.config({"datasets": DATASETS})
    fill(db, 1)
    changes = changes_of_a_run(project, dataset, tmp_path)
    assert changes > 15
    published = 1
    for at in range(1, changes + 1):
        fill(db, at + 1)
        done = project.run("run", dataset, env=faults.environment(project.lake, "kill", at))
        assert done.returncode in (-signal.SIGKILL, 0)
        found = generation_published(project, dataset)
        assert found in (published, at + 1), f"killed before change {at}"
        published = found
        if at % 5 == 0:
            project.run("query", f"SELECT count(*) FROM {dataset} WHERE generation = {found}", check=0)
            project.run("verify", dataset, check=0)
    fill(db, 1000)
    project.run("run", dataset, check=0)
    assert generation_published(project, dataset) == 1000
    project.run("verify", dataset, check=0)


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_disk_that_fills_up_publishes_nothing_and_says_so(project, db, tmp_path, dataset):
    project.config({"datasets": DATASETS})
    fill(db, 1)
    changes = changes_of_a_run(project, dataset, tmp_path)
    fill(db, 2)
    failed = 0
    for at in range(1, changes + 1):
        done = project.run("run", dataset, env=faults.environment(project.lake, "enospc", at))
        if done.returncode == 0:
            # Only what comes behind the commit may fail quietly.
            assert generation_published(project, dataset) == 2
            break
        failed += 1
        assert done.returncode == 1, done.stderr
        assert "No space left on device" in done.stderr and "free space" in done.stderr
        assert generation_published(project, dataset) == 1
    assert failed > 10
    project.run("run", dataset, check=0)
    assert generation_published(project, dataset) == 2


def test_a_full_temporary_folder_stops_a_run_that_spills(project, db):
    db.execute("""CREATE TABLE t AS SELECT i AS id, md5(i::text) AS country, 1 AS generation
                  FROM generate_series(1, 400000) i""")
    project.config({"limits": {"memory": "64MiB", "disk": "4MiB", "connections": 1}, "datasets": {
        "split": {"inputs": {"t": "t"}, "partition_by": ["generation"]}}})
    db.execute("UPDATE t SET generation = id % 500")
    done = project.run("run", check=2)
    assert "limits.disk" in done.stderr
    assert project.published_version("split") == 0


def test_a_run_killed_at_random_points_is_repaired_by_the_next(project, db):
    db.execute("""
        CREATE TABLE users AS SELECT i AS user_id, 'user ' || i AS name FROM generate_series(1, 2000) i;
        CREATE TABLE orders AS SELECT i AS order_id, 1 + i % 2000 AS user_id, i * 1.5::float8 AS amount
            FROM generate_series(1, 300000) i""")
    project.write("e.sql", "SELECT o.order_id, u.name, o.amount FROM o JOIN u USING (user_id)")
    project.config({"datasets": {"enriched": {
        "inputs": {"o": "orders", "u": "users"}, "sql": "e.sql",
        "columns": {"order_id": "int", "name": "string", "amount": "double"}}}})
    expected = db.canonical("SELECT order_id, name, amount FROM orders JOIN users USING (user_id)")
    dice = random.Random(42)
    for _ in range(12):
        process = project.spawn("run")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=dice.uniform(0.01, 0.8))
        process.kill()
        process.communicate()
        if project.published_version("enriched"):
            assert_same_rows(canonical(Published(project.lake, "enriched").own_table()), expected)
    # One without a lock, of a run killed as it made it, is another's for an hour.
    for folder in project.temp.glob("tailrace-spill-*"):
        os.utime(folder, (0, 0))
    project.run("run", check=0)
    assert_same_rows(canonical(Published(project.lake, "enriched").own_table()), expected)
    assert not list(project.temp.glob("tailrace-spill-*")), "folders of killed runs are swept"
