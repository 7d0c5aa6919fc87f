"""Faults put between tailrace and its files: tests/native/fault.c."""
import os

from project import BUILD

LIBRARY = BUILD / "tests" / "native" / "libtrfault.so"


def environment(path, fault=None, at=None, count=None):
    """Variables for Project.run: fault "kill" or "enospc" at the at-th change below path."""
    assert LIBRARY.exists(), f"{LIBRARY} is not built: ninja -C {BUILD} tests/native/libtrfault.so"
    # A sanitizer's runtime need not come first in the list: the library intercepts nothing it does.
    options = os.environ.get("ASAN_OPTIONS", "")
    return {"LD_PRELOAD": LIBRARY, "TR_FAULT_PATH": path, "TR_FAULT": fault, "TR_FAULT_AT": at,
            "TR_FAULT_COUNT": count, "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0"}
