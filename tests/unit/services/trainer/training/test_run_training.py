"""In this process, with a training that does nothing but tell."""

import os
import signal
from multiprocessing import Pipe
from pathlib import Path

import pytest

from ordercast.services.trainer.networks.fit import EpochLosses
from ordercast.services.trainer.training import run_training as module
from tests.support.training_jobs import job, training_set


def test_a_training_that_was_cancelled_ends_without_a_trace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(module, "import_tensorflow", lambda _: None)
    monkeypatch.setattr(module, "_trained", lambda _job, _rows, tell: tell(EpochLosses(1, (1.0,), (1.0,))))
    receiving, sending = Pipe(duplex=False)
    receiving.close()
    with sending, pytest.raises(SystemExit):
        module.run_training(sending, job(tmp_path), training_set(3))
    assert capfd.readouterr() == ("", "")
