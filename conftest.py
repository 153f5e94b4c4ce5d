"""Which modules a test run can import: those of an extra only where it is installed."""

from importlib.util import find_spec

# their docstrings are looked through for examples, which imports them
collect_ignore_glob = [
    f"loyaltysem/engine/compiled_{part}.py"
    for part in ("lanes", "linalg", "likelihood", "kernel")
    if find_spec("numba") is None
]
