"""What the doors answer: receipts, and the outcome of a batch as OpenLineage's API says it."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from accounts.journal.canonical.encode import instant
from lineage.events.receive import Batch
from lineage.events.record import Receipt


class ReceiptRow(TypedDict):
    """One receipt; digests in hex."""

    event_id: str
    content_digest: str
    kept_digest: str
    received_at: str
    duplicate: bool


class ReceiptAnswer(TypedDict):
    """The answer to one event."""

    receipt: ReceiptRow


class BatchReceipt(TypedDict):
    """One receipt of a batch, by the index of its event."""

    index: int
    event_id: str
    content_digest: str
    duplicate: bool


class Summary(TypedDict):
    """Counts of a batch."""

    received: int
    successful: int
    failed: int
    retriable: int
    non_retriable: int


class FailedRow(TypedDict):
    """One event that was not kept; `code` and `details` are our own, beside the specification's members."""

    index: int
    reason: str
    retriable: bool
    code: str
    details: NotRequired[Any]


class BatchAnswer(TypedDict):
    """The answer to a batch; `receipts` is our own, beside the specification's members."""

    status: str
    summary: Summary
    failed_events: list[FailedRow]
    receipts: list[BatchReceipt]


def receipt_answer(receipt: Receipt) -> ReceiptRow:
    """Return a receipt as JSON."""
    return {
        "event_id": str(receipt.event_id),
        "content_digest": receipt.content_digest.hex(),
        "kept_digest": receipt.kept_digest.hex(),
        "received_at": instant(receipt.received_at),
        "duplicate": receipt.duplicate,
    }


def batch_answer(batch: Batch, receipts: Sequence[Receipt]) -> BatchAnswer:
    """Return the outcome of a batch; `receipts` are those of `batch.events`, in their order."""
    retriable = sum(failed.error.retryable for failed in batch.failed)
    return {
        "status": "partial_success" if batch.failed else "success",
        "summary": {
            "received": batch.received,
            "successful": len(batch.events),
            "failed": len(batch.failed),
            "retriable": retriable,
            "non_retriable": len(batch.failed) - retriable,
        },
        "failed_events": [
            {
                "index": failed.index,
                "reason": failed.error.message,
                "retriable": failed.error.retryable,
                "code": failed.error.code,
                "details": failed.error.details or {},
            }
            for failed in batch.failed
        ],
        "receipts": [
            {
                "index": index,
                "event_id": str(receipt.event_id),
                "content_digest": receipt.content_digest.hex(),
                "duplicate": receipt.duplicate,
            }
            for (index, _), receipt in zip(batch.events, receipts, strict=True)
        ],
    }
