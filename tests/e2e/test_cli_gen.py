"""`tailrace gen` and `build`: what they write, say, and hand to a machine without a compiler."""
import json

import pytest

TRANSFORM = """
    #include "gen/doubled.h"
    enum tr_verdict doubled(const struct in_t *t, const struct doubled_params *params, struct out_doubled *out,
        struct tr_ctx *ctx)
    {
        (void)params; (void)ctx;
        out->id = t->id;
        out->twice = 2 * t->id;
        return TR_EMIT;
    }
    """


@pytest.fixture
def doubled(project, db):
    db.execute("CREATE TABLE things (id int PRIMARY KEY); INSERT INTO things VALUES (1), (2)")
    project.write("transforms/doubled.c", TRANSFORM)
    project.config({"datasets": {
        "doubled": {"inputs": {"t": "things"}, "c": "transforms/doubled.c",
                    "columns": {"id": {"type": "int", "not_null": True}, "twice": {"type": "int", "not_null": True}}},
        "things": {"inputs": {"t": "things"}}}})
    return project


def test_gen_writes_once_and_check_tells_what_is_stale(doubled, db):
    stale = doubled.run("gen", "--check", check=2)
    assert stale.stdout == "gen/doubled.h is not current\ngen/tailrace/transform.h is not current\n"
    assert "`tailrace gen`" in stale.stderr and not (doubled.folder / "gen").exists()
    assert doubled.run("gen", check=0).stdout == "gen/doubled.h\ngen/tailrace/transform.h\n"
    again = doubled.run("gen", check=0)
    assert again.stdout == "" and "all headers are current" in again.stderr
    doubled.run("gen", "--check", check=0)
    db.execute("ALTER TABLE things ADD COLUMN more text")
    assert doubled.run("gen", "--check", check=2).stdout == "gen/doubled.h is not current\n"
    assert "no dataset has a C transform" in doubled.run("gen", "things", check=0).stderr


def test_a_built_object_runs_where_there_is_no_compiler(doubled):
    doubled.run("gen", "-q", check=0)
    done = doubled.run("build", "--out", "objects", check=0)
    assert done.stdout == "doubled: objects/doubled.so\n"
    assert (doubled.folder / "objects/doubled.so").stat().st_mode & 0o777 == 0o644
    cached = doubled.run("build", check=0).stdout
    assert cached.startswith(f"doubled: {doubled.home}/.cache/tailrace/")
    bare = {"PATH": "/nowhere", "XDG_CACHE_HOME": doubled.folder / "no-cache"}
    assert doubled.run("run", env=bare).returncode == 2
    doubled.run("run", "--objects", "objects", env=bare, check=0)
    rows = doubled.run("query", "--format", "csv", "FROM doubled ORDER BY id", check=0).stdout
    assert rows == "id,twice\n1,2\n2,4\n"


def test_a_compiler_message_is_shown_at_its_place(doubled):
    doubled.run("gen", "-q", check=0)
    doubled.write("transforms/doubled.c", TRANSFORM.replace("out->twice", "out->twcie"))
    for command in ("build", "run", "check"):
        done = doubled.run(command, check=2)
        assert "--> transforms/doubled.c:8:" in done.stderr and "twcie" in done.stderr
    assert doubled.published_version("things") == 0


def test_gen_and_build_mind_only_the_mistakes_of_typed_transforms(doubled):
    doubled.write("broken.sql", "SELECT FROM")
    config = (doubled.folder / "tailrace.yaml").read_text()
    broken = {"inputs": {"t": "things"}, "sql": "broken.sql", "columns": {"id": "int"}}
    doubled.write("tailrace.yaml", config.replace('"datasets": {', f'"datasets": {{ "broken": {json.dumps(broken)},'))
    assert "gen/doubled.h" in doubled.run("gen", check=0).stdout
    assert doubled.run("build", check=0).stdout.startswith("doubled: ")
    assert "broken.sql" in doubled.run("check", check=2).stderr


def test_a_transform_is_loaded_when_no_connection_is_open(doubled):
    doubled.run("gen", "-q", check=0)
    doubled.write("transforms/doubled.c", TRANSFORM + f"""
    #include <stdio.h>
    #include <string.h>
    #include <sys/socket.h>

    __attribute__((constructor)) static void look(void)
    {{
        FILE *seen = fopen("{doubled.folder}/seen", "a");
        for (int fd = 3; fd < 256; fd++) {{
            struct sockaddr_storage peer;
            socklen_t size = sizeof peer;
            if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
                fprintf(seen, "%d is connected\\n", fd);
        }}
        fprintf(seen, "loaded\\n");
        fclose(seen);
    }}
    """)
    doubled.run("run", check=0)
    assert (doubled.folder / "seen").read_text() == "loaded\n"
