"""Keys that are made many at a time are such as are made one by one."""

import datetime
import uuid

from accounts.workspaces.ids import lowest_id, new_ids


def test_many_keys_are_version_7_distinct_ascending_and_of_now() -> None:
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(milliseconds=1)
    packed = new_ids(1_000)
    after = datetime.datetime.now(datetime.UTC) + datetime.timedelta(milliseconds=1)
    keys = [uuid.UUID(bytes=packed[start : start + 16]) for start in range(0, len(packed), 16)]
    assert len(set(keys)) == 1_000
    assert keys == sorted(keys)
    assert {(key.version, key.variant) for key in keys} == {(7, uuid.RFC_4122)}
    assert lowest_id(before) < keys[0]
    assert keys[-1] < lowest_id(after)
    assert new_ids(0) == b""
