"""What is kept beside incidents for a while, and goes by itself when its time is over."""

from shared.domain.records import BulkChoice, Payload
from shared.store.client import ASCENDING, IndexModel
from shared.store.update import Kind

PAYLOADS: Kind[Payload] = Kind("payload", "payload", "payloads", Payload)
BULK_CHOICES: Kind[BulkChoice] = Kind("bulk_choice", "bulk choice", "bulk_choices", BulkChoice)

PAYLOADS_KEPT_SECONDS = 30 * 86400
CHOICES_KEPT_SECONDS = 86400

INDEXES = {
    PAYLOADS.collection: [
        IndexModel([("created_at", ASCENDING)], name="kept_until", expireAfterSeconds=PAYLOADS_KEPT_SECONDS)
    ],
    BULK_CHOICES.collection: [
        IndexModel([("created_at", ASCENDING)], name="kept_until", expireAfterSeconds=CHOICES_KEPT_SECONDS)
    ],
}
