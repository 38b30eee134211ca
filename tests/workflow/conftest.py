"""One whole run on tiny data, which the tests of this folder share."""

from collections.abc import Iterator

import pytest

from checkout import Copy


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    # A name that people give to folders: every rule must cope with it.
    folder = tmp_path_factory.mktemp("dag") / "päth with späces и 'quotes'"
    folder.mkdir()
    made = Copy(folder)
    made.result = made.run()  # type: ignore[attr-defined]
    yield made
