"""Which parser reads which format, and by what a message is known again."""

import json

import pytest

from shared.domain.integrations import Format
from shared.formats import FORMATS, event_id
from tests.formats.support import integration


def test_every_format_is_read() -> None:
    assert set(FORMATS) == set(Format)


@pytest.mark.parametrize("kind", Format)
def test_only_cloud_events_are_known_again(kind: Format) -> None:
    body = json.dumps({"id": "1", "source": "/a"}).encode()
    assert (event_id(integration(kind), {}, body) is None) is (kind is not Format.CLOUDEVENTS)
