#!/usr/bin/env python3
"""Prints what was refused of your events: topic partner.<party>.rejects, one JSON object a line.

Large originals come in parts of 128 KiB; they are put together here. `original` is your record again
where it can be read (Avro or JSON), else `original_hex` has its bytes. Reads everything the topic has and
ends; with --follow it goes on until interrupted. It commits no offsets: nothing is changed by reading.
"""

import argparse
import json
import sys
from datetime import datetime

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

# What tells which refusal; the rest is the same in every part.
SHOWN = (
    "reject_id", "stage", "reason", "message", "place", "event_id", "unit", "path", "capture_id",
    "source_topic", "source_partition", "source_offset", "record_time",
)  # fmt: skip


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--brokers", default="127.0.0.1:8400", help="default: %(default)s")
    parser.add_argument(
        "--registry", default="http://127.0.0.1:8402/apis/ccompat/v7", help="default: %(default)s"
    )
    parser.add_argument("--party", required=True, help="your GLN or name")
    parser.add_argument("--follow", action="store_true", help="go on when the end is reached")
    return parser.parse_args()


class Parts:
    """Puts the parts of originals together. A refusal is complete once all its parts were read; one told
    twice (the same input sent twice) is one."""

    def __init__(self):
        self.open = {}
        self.told = set()

    def add(self, row):
        """The refusal with its whole original, once its last part is there."""
        name = (row["reject_id"], row["capture_id"])
        parts = self.open.setdefault(name, {})
        parts[row["part"]] = row["original"]
        if len(parts) < row["parts"]:
            return None
        del self.open[name]
        if row["reject_id"] in self.told:
            return None
        self.told.add(row["reject_id"])
        return b"".join(parts[number] for number in sorted(parts))


def shown(value):
    """As JSON can say it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def original(data, decode):
    """The bytes as what they are."""
    if data[:1] == b"\0":
        try:
            return {"original": decode(data)}
        except Exception:  # whatever is wrong with them: they were refused
            pass
    try:
        return {"original": json.loads(data)}
    except ValueError:
        return {"original_hex": data.hex()}


def main():
    given = arguments()
    topic = f"partner.{given.party}.rejects"
    deserializer = AvroDeserializer(SchemaRegistryClient({"url": given.registry}))
    consumer = Consumer(
        {
            "bootstrap.servers": given.brokers,
            "group.id": f"{topic}-reader",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            # Rejects are written in transactions: what is not committed is not yet said.
            "isolation.level": "read_committed",
        }
    )
    found = consumer.list_topics(topic, timeout=10).topics[topic]
    if found.error is not None:
        print(f"{topic}: {found.error}", file=sys.stderr)
        return 1
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in found.partitions])
    at_end, parts = set(), Parts()
    try:
        while given.follow or len(at_end) < len(found.partitions):
            message = consumer.poll(1)
            if message is None:
                continue
            if message.error() is not None:
                if message.error().code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(message.error())
                at_end.add(message.partition())
                continue
            context = SerializationContext(topic, MessageField.VALUE)
            row = deserializer(message.value(), context)
            whole = parts.add(row)
            if whole is not None:
                told = {name: row[name] for name in SHOWN}
                told["original_bytes"] = len(whole)
                told |= original(whole, lambda data: deserializer(data, context))
                print(json.dumps(told, default=shown, ensure_ascii=False), flush=True)
    except KeyboardInterrupt:
        pass
    finally:
        consumer.close()
    for name, _ in parts.open:
        print(f"{name}: not all of its parts are in the topic any more", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
