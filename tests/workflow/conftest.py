"""One whole run on tiny data, which the tests of this folder share."""

from collections.abc import Iterator

import pytest

from checkout import Copy


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    made = Copy(tmp_path_factory.mktemp("dag"))
    made.result = made.run()  # type: ignore[attr-defined]
    yield made
