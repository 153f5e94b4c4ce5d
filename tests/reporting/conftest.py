import pytest

from loyaltysem.study.analysis import Analysis
from tests.reporting.samples import make_analysis


@pytest.fixture(scope="session")
def analysis() -> Analysis:
    return make_analysis()
