"""``sheetgrad batch --dask`` on a cluster of two local workers: the same table, a lost worker survived, nothing computed twice into it."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path

import numpy as np
import pytest

from sheetgrad.engine.batch_outputs import Parts
from sheetgrad.engine.cli import main

from .books import file_of

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("ignore")  # of Dask's own libraries


def test_a_cluster_gives_the_same_table_though_a_worker_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, table = tmp_path / "b.xlsx", tmp_path / "in.npz"
    book.write_bytes(file_of({"s": {"A1": 1, "B1": "=A1^2+1"}}))
    values = np.arange(600.0)
    np.savez(table, x=values)
    saved: list[int] = []
    keep = Parts.save
    lost = threading.Event()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster:

            def save(self: Parts, number: int, block: object) -> None:
                saved.append(number)
                keep(self, number, block)  # type: ignore[arg-type]
                if not lost.is_set():
                    lost.set()
                    next(iter(cluster.workers.values())).process.process._process.kill()

            monkeypatch.setattr(Parts, "save", save)
            out = tmp_path / "out.npz"
            code = main(["batch", str(book), "--inputs", str(table), "--map", "x=s!A1", "--outputs", "s!B1", "-o", str(out),
                         "--block", "20", "--dask", cluster.scheduler_address])  # fmt: skip
    assert code == 0
    assert lost.is_set()
    assert sorted(saved) == list(range(30))
    assert (np.load(out)["s!B1"].ravel() == values**2 + 1).all()


def test_no_scheduler_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    book, table = tmp_path / "b.xlsx", tmp_path / "in.csv"
    book.write_bytes(file_of({"s": {"A1": 1, "B1": "=A1^2+1"}}))
    table.write_text("x\n1\n")
    monkeypatch.setattr("sheetgrad.engine.dask_batches.PATIENCE", 0.5)
    code = main(["batch", str(book), "--inputs", str(table), "--map", "x=s!A1", "--outputs", "s!B1", "-o", str(tmp_path / "o.csv"),
                 "--dask", "tcp://127.0.0.1:9"])  # fmt: skip
    assert code == 2
    assert "no scheduler there" in capsys.readouterr().err
