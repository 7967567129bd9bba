"""Batches that were sent are remembered."""

from pathlib import Path

from ordercast.imports.sent_batches import SentBatches


def test_a_batch_that_was_sent_is_remembered_by_the_next_run(tmp_path: Path) -> None:
    sent = SentBatches(tmp_path / "sent")
    sent.add("one")
    assert "one" in sent
    again = SentBatches(tmp_path / "sent")
    assert "one" in again
    assert "two" not in again
