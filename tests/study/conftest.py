"""The shipped studies, analysed once for all tests of this room."""

import pytest

from loyaltysem.study.definitions import ECSI, LOYALTY_STUDY
from loyaltysem.study.pipeline import run


@pytest.fixture(scope="session")
def ecsi():
    return run(ECSI)


@pytest.fixture(scope="session")
def study():
    return run(LOYALTY_STUDY, command="loyaltysem reproduce")
