"""The public header (include/tailrace.h): a pipeline inside another C program."""
import subprocess

from project import BUILD

EMBED = BUILD / "tests" / "native" / "embed"


def embed(project, sql):
    done = subprocess.run([EMBED, "tailrace.yaml", sql], cwd=project.folder, env=project.environment(),
                          capture_output=True, text=True, timeout=60)
    assert done.stderr == "", "the library prints nothing"
    return done.returncode, done.stdout.splitlines()


def test_a_program_runs_and_queries_a_pipeline_through_the_public_header(project, db):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i")
    project.config({"datasets": {"a": {"inputs": {"t": "t"}}, "b": {"inputs": {"t": "t"}}}})
    code, lines = embed(project, "SELECT count(*) FROM a UNION ALL SELECT sum(id)::BIGINT FROM b")
    assert code == 0, lines
    assert sorted(lines[:2]) == ["row 1000", "row 500500"]
    assert lines[2:] == ["dataset a 1 version 1 rows 1000", "dataset b 1 version 1 rows 1000",
                         "done events 2, tailrace 0.1.0"]


def test_an_embedder_gets_every_mistake_with_its_place(project, db):
    project.config({"datasets": {"a": {"inputs": {"t": "nowhere"}}, "b": {"inputs": {"t": "neither"}}}})
    code, lines = embed(project, "SELECT 1::BIGINT")
    assert code == 1
    assert [line.split()[0] for line in lines] == ["mistake", "mistake", "error", "done"]
    assert "nowhere" in lines[0] and "tailrace.yaml:" in lines[0]


def test_datasets_of_datasets_are_made_in_a_program_too(project, db):
    db.execute("CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 1000) i")
    project.write("odd.sql", "SELECT id FROM a WHERE id % 2 = 1")
    project.write("even.sql", "SELECT id FROM a WHERE id % 2 = 0")
    made = {"from": ["a"], "columns": {"id": "int"}}
    project.config({"datasets": {"odd": {**made, "sql": "odd.sql"}, "even": {**made, "sql": "even.sql"},
                                 "a": {"inputs": {"t": "t"}}}})
    code, lines = embed(project, "SELECT sum(id)::BIGINT FROM odd UNION ALL SELECT sum(id)::BIGINT FROM even")
    assert code == 0, lines
    assert sorted(lines[:2]) == ["row 250000", "row 250500"]
    assert lines[2:] == ["dataset a 1 version 1 rows 1000", "dataset odd 1 version 1 rows 500",
                         "dataset even 1 version 1 rows 500", "done events 3, tailrace 0.1.0"]
