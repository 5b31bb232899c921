#!/usr/bin/env python3
"""Publishes events to your partner topic, partner.<party>.

One event a line of --file (or the sample beside this folder), as a JSON object with the fields of
schemas/avro/PartnerEvent.avsc. Two things are spelled more comfortably than in Avro:
  - times are ISO 8601 with a zone ("2026-03-02T07:15:00.000+01:00");
  - event_time_zone_offset may be left out: the zone of event_time is taken.

Exit code 0: every event was written (the broker said so). 1: at least one was not. 2: a line is no event.
What is refused later comes back on partner.<party>.rejects: see read_rejects.py.
"""

import argparse
import io
import json
import sys
from datetime import datetime
from pathlib import Path

import fastavro
from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient, record_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

EXAMPLES = Path(__file__).resolve().parent.parent
SCHEMA = EXAMPLES.parent / "avro" / "PartnerEvent.avsc"


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--brokers", default="127.0.0.1:8400", help="default: %(default)s")
    parser.add_argument(
        "--registry", default="http://127.0.0.1:8402/apis/ccompat/v7", help="default: %(default)s"
    )
    parser.add_argument("--party", required=True, help="your GLN or name: the topic is partner.<party>")
    parser.add_argument("--file", type=Path, default=EXAMPLES / "events.ndjson", help="default: the sample")
    parser.add_argument("--schema", type=Path, default=SCHEMA, help="default: %(default)s")
    parser.add_argument(
        "--compression", default="zstd", choices=["none", "gzip", "snappy", "lz4", "zstd"]
    )
    parser.add_argument(
        "--record-time", help="only to import old events into a deployment in replay clock: ISO 8601"
    )
    return parser.parse_args()


def time(text):
    """A time with a zone; Python 3.11's parser takes every ISO 8601 spelling, also a Z."""
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return parsed


def offset(parsed):
    """+01:00 of a time."""
    return parsed.isoformat()[-6:]


def event(line):
    """The record a line stands for."""
    record = json.loads(line)
    record["event_time"] = time(record["event_time"])
    record.setdefault("event_time_zone_offset", offset(record["event_time"]))
    if record.get("error_declaration"):
        declared = record["error_declaration"]
        declared["declaration_time"] = time(declared["declaration_time"])
    return record


def read(path, schema):
    """The events of a file; ends the program at the first line that is none, before anything is sent."""
    events = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = event(line)
                # Strict, so that a misspelled field is found here: encoders drop what they do not know.
                fastavro.schemaless_writer(io.BytesIO(), schema, record, strict_allow_default=True)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                print(f"{path}:{number}: no event: {type(error).__name__}: {error}", file=sys.stderr)
                sys.exit(2)
            events.append(record)
    return events


def main():
    given = arguments()
    topic = f"partner.{given.party}"
    text = given.schema.read_text(encoding="utf-8")
    events = read(given.file, fastavro.parse_schema(json.loads(text)))

    serializer = AvroSerializer(
        SchemaRegistryClient({"url": given.registry}),
        text,
        conf={
            # The schema is registered by the deployment; a partner only looks its id up.
            "auto.register.schemas": False,
            # Compared as schema, not as text: blanks do not matter.
            "normalize.schemas": True,
            # The subject is io.serialtrail.PartnerEvent whatever the topic.
            "subject.name.strategy": record_subject_name_strategy,
        },
    )
    producer = Producer(
        {
            "bootstrap.servers": given.brokers,
            "enable.idempotence": True,  # acks=all, and no doubles when a send is repeated
            "compression.type": given.compression,
            "message.max.bytes": 8 * 1024 * 1024,
        }
    )

    failed = []
    written = {}

    def delivered(error, message):
        if error is not None:
            failed.append(error)
            print(f"not written: {error}", file=sys.stderr)
        else:
            written[message.partition()] = written.get(message.partition(), 0) + 1

    headers = [("Serialtrail-Record-Time", given.record_time)] if given.record_time else None
    context = SerializationContext(topic, MessageField.VALUE)
    try:
        values = [serializer(record, context) for record in events]
    except Exception as error:  # the registry's client has a dozen kinds
        print(f"the schema's id is not known, nothing was sent: {error}", file=sys.stderr)
        return 1
    for record, value in zip(events, values):
        # Any key will do, none too: the default partitioner spreads them.
        key = record.get("event_id")
        while True:
            try:
                producer.produce(topic, key=key, value=value, headers=headers, on_delivery=delivered)
                break
            except BufferError:  # the client's queue is full: some must be delivered first
                producer.poll(1)
        producer.poll(0)
    left = producer.flush(30)
    if left:
        print(f"{left} not answered in 30 s", file=sys.stderr)
    for partition in sorted(written):
        print(f"{topic}/{partition}: {written[partition]} written")
    print(f"{sum(written.values())} of {len(events)} events written to {topic}")
    return 1 if failed or left else 0


if __name__ == "__main__":
    sys.exit(main())
