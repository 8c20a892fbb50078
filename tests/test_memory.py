"""What does not fit into memory is said before it is asked for."""

import numpy as np
import pytest

from wganlab import exact
from wganlab.exact import memory


def test_the_system_tells_what_it_has(tmp_path, monkeypatch):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9 kB\nMemAvailable:     1000 kB\n")
    monkeypatch.setattr(memory, "MEMINFO", meminfo)
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available() == 1_024_000
    (tmp_path / "memory.max").write_text("5000")
    (tmp_path / "memory.current").write_text("1000")
    assert memory.available() == 4000
    (tmp_path / "memory.max").write_text("max")
    assert memory.available() == 1_024_000
    meminfo.unlink()
    assert memory.available() > 1e8


@pytest.mark.parametrize(
    "call",
    [
        lambda x: exact.wasserstein(x, x, p=3),
        lambda x: exact.sinkhorn(x, x, epsilon=1.0),
        lambda x: exact.distances(x, x),
        lambda x: exact.wasserstein(None, None, metric=np.broadcast_to(1.0, (3000, 3000))),
        lambda x: exact.primal(np.ones((2000, 2000)), *np.full((2, 2000), 1 / 2000)),
    ],
)
def test_what_does_not_fit_is_refused_with_advice(monkeypatch, call):
    monkeypatch.setattr(memory, "available", lambda: 6.0e7)
    monkeypatch.setattr("wganlab.exact.solvers.available", lambda: 6.0e7)
    with pytest.raises(
        MemoryError, match=r"takes about .* GB, and 0.06 GB are available: take few"
    ):
        call(np.arange(6000.0).reshape(3000, 2))


def test_the_lazy_solver_is_not_begun_where_it_would_end_the_process(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 1e9)
    x = np.random.default_rng(0).random((60_000, 2))
    with pytest.raises(MemoryError, match="GB are available: take fewer points"):
        exact.emd(x, x[::-1] + 2)
