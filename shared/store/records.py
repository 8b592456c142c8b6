"""What is kept beside incidents for a while, and goes by itself when its time is over."""

from shared.domain.records import CommandTargets, Payload
from shared.store.client import ASCENDING, IndexModel
from shared.store.update import Kind

PAYLOADS: Kind[Payload] = Kind("payload", "payload", "payloads", Payload)
COMMAND_TARGETS: Kind[CommandTargets] = Kind("command_targets", "command's targets", "command_targets", CommandTargets)

PAYLOADS_KEPT_SECONDS = 30 * 86400
TARGETS_KEPT_SECONDS = 86400

INDEXES = {
    PAYLOADS.collection: [
        IndexModel([("created_at", ASCENDING)], name="kept_until", expireAfterSeconds=PAYLOADS_KEPT_SECONDS)
    ],
    COMMAND_TARGETS.collection: [
        IndexModel([("created_at", ASCENDING)], name="kept_until", expireAfterSeconds=TARGETS_KEPT_SECONDS)
    ],
}
