"""Who does independent pieces of work."""

from __future__ import annotations

import numpy as np
import pytest

from loyaltysem.core.errors import IncompatibleRequestError
from loyaltysem.core.parallel import checked_jobs, in_parallel


def test_results_come_in_the_order_of_the_keys() -> None:
    assert list(in_parallel(abs, [-3, 2, -1], "absolute values", 1)) == [3, 2, 1]


@pytest.mark.parametrize("n_jobs", [0, 2.0, False, "two"])
def test_what_is_no_number_of_workers_is_refused_before_the_first_result(n_jobs: object) -> None:
    with pytest.raises(IncompatibleRequestError) as caught:
        in_parallel(abs, [1], "absolute values", n_jobs)  # type: ignore[arg-type]
    assert caught.value.code == "request.n_jobs" and repr(n_jobs) in str(caught.value)


def test_numbers_of_workers_are_read() -> None:
    assert [checked_jobs(n) for n in (None, 1, -1, np.int64(2))] == [None, 1, -1, 2]
