"""Short words for putting values into a log and getting them back."""

from gateway.log import EventLog, Record


async def append(log: EventLog, topic: str, *values: bytes, key: bytes = b"k") -> None:
    for value in values:
        await log.append(topic, Record(key, value))


async def values(log: EventLog, topic: str) -> list[bytes]:
    return [each.record.value async for each in log.scan(topic)]
