"""What every test starts from: one BLAS thread, no window, the same random examples each time."""

import os

# Read by BLAS and OpenMP when numpy is first imported, so they are set before anything else is.
for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = "1"
os.environ["MPLBACKEND"] = "Agg"

from hypothesis import settings  # noqa: E402 - the thread limits above must come first

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.load_profile("repeatable")
