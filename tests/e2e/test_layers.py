"""scripts/check-layers, on small trees that break one rule each."""
import subprocess
import sys

import pytest

from project import ROOT

BREACHES = {
    "an include of a later layer":
        ({"src/base/a.c": '#include "io/b.h"', "src/io/b.h": ""}, 'src/base/a.c:1: base includes "io/b.h"'),
    "an include cycle":
        ({"src/base/a.h": '#include "base/b.h"', "src/base/b.h": '\n#include "base/a.h"'},
         "include cycle: src/base/a.h -> src/base/b.h -> src/base/a.h"),
    "printing outside cli":
        ({"src/run/a.c": "void f(void)\n{\n\tprintf(\"x\");\n}"}, "src/run/a.c:3: `printf`: only cli prints or exits"),
    "exiting outside cli":
        ({"src/lake/a.c": "void f(void) { exit(1); }"}, "src/lake/a.c:1: `exit`"),
    "a main that knows more than cli":
        ({"src/main.c": '#include "run/run.h"', "src/run/run.h": ""}, 'src/main.c:1: main.c includes "run/run.h"'),
    "libpq outside io":
        ({"src/source/a.c": "#include <libpq-fe.h>"}, "src/source/a.c:1: <libpq-fe.h> belongs to io alone"),
    "a public header that includes a private one":
        ({"include/tailrace/a.h": '#include "base/b.h"', "src/base/b.h": ""}, "include/tailrace/a.h:1: a public header"),
    "an unknown layer":
        ({"src/misc/a.c": ""}, "src/misc/a.c:1: `misc` is not a layer"),
    "an include that is not there":
        ({"src/base/a.c": '#include "base/gone.h"'}, 'src/base/a.c:1: "base/gone.h" is not found'),
}


def check(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return subprocess.run([sys.executable, str(ROOT / "scripts" / "check-layers"), str(folder)],
                          capture_output=True, text=True)


@pytest.mark.parametrize("breach", BREACHES)
def test_the_check_finds(breach, tmp_path):
    files, message = BREACHES[breach]
    done = check(tmp_path, files)
    assert done.returncode == 1
    assert message in done.stderr


def test_the_check_passes_what_keeps_the_order(tmp_path):
    done = check(tmp_path, {
        "src/main.c": '#include "cli/cli.h"',
        "src/cli/cli.h": '#include "io/b.h"',
        "src/cli/cli.c": 'void f(void) { printf("x"); exit(0); }',
        "src/io/b.h": "#include <libpq-fe.h>\n",
        # Words that look like calls: in comments and texts, as members, as other names.
        "src/io/b.c": '/* printf() */\nvoid g(struct s *s) { s->abort(s); s->ops.exit(1); tr_err("exit(1)"); }',
    })
    assert (done.returncode, done.stderr) == (0, "")
