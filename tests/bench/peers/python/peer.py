"""Runs a Python library over one task of the bench and prints what it took and what came out, as JSON.

usage: peer.py LIBRARY TASK INPUT SECONDS REPEAT [VECTORS]
"""

import importlib.metadata
import json
import logging
import os
import platform
import sys
import time

GS = "\x1d"


def schema_file(vectors):
    with open(os.path.join(vectors, "gs1-epcis", "EPCIS-JSON-Schema.json"), encoding="utf-8") as file:
        return json.load(file)


def fastjsonschema_json_ld(vectors):
    import fastjsonschema

    check = fastjsonschema.compile(schema_file(vectors))

    def one(text):
        check(json.loads(text))
        return "ok"

    return one


def jsonschema_rs_json_ld(vectors):
    import jsonschema_rs

    validator = jsonschema_rs.validator_for(schema_file(vectors), validate_formats=True)

    def one(text):
        return "ok" if validator.is_valid(json.loads(text)) else ""

    return one


def lxml_xml(vectors):
    from lxml import etree

    file = os.path.join(vectors, "gs1-epcis", "XSD", "EPCglobal-epcis-2_0.xsd")
    schema = etree.XMLSchema(etree.parse(file))
    parser = etree.XMLParser(resolve_entities=False, no_network=True)

    def one(text):
        return "ok" if schema.validate(etree.fromstring(text, parser)) else ""

    return one


def hash_document(_):
    from epcis_event_hash_generator import hash_generator, json_to_py

    def one(text):
        events = json_to_py.event_list_from_epcis_document_str(text)
        return hash_generator.epcis_hashes_from_events(events)

    return one


def hash_parsed(_):
    from epcis_event_hash_generator import hash_generator

    return hash_generator.epcis_hashes_from_events


def prepare_hash(texts):
    from epcis_event_hash_generator import json_to_py

    return [json_to_py.event_list_from_epcis_document_str(text) for text in texts]


def biip_element_strings(_):
    from biip.gs1_messages import GS1Message

    def one(text):
        return GS1Message.parse(text[3:])

    return one


def biip_digital_links(_):
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI

    return GS1DigitalLinkURI.parse


def bracketed(message):
    return "".join(f"({e.ai.ai}){e.value}" for e in message.element_strings)


def pyepc_tags(_):
    import pyepc

    def one(text):
        return pyepc.decode(text).pure_identity_uri

    return one


# library, task: how to read one text; what to make of the texts before; what to show of a result
KNOWN = {
    ("fastjsonschema", "json-ld"): (fastjsonschema_json_ld, None, None),
    ("jsonschema-rs", "json-ld"): (jsonschema_rs_json_ld, None, None),
    ("lxml", "xml"): (lxml_xml, lambda texts: [text.encode() for text in texts], None),
    ("epcis-event-hash-generator", "hash"): (hash_parsed, prepare_hash, None),
    ("epcis-event-hash-generator", "hash-document"): (hash_document, None, None),
    ("biip", "element-strings"): (biip_element_strings, None, bracketed),
    ("biip", "digital-links"): (biip_digital_links, None, bracketed),
    ("pyepc", "tags"): (pyepc_tags, None, None),
}


def main():
    library, task, file, seconds, repeat = sys.argv[1:6]
    vectors = sys.argv[6] if len(sys.argv) > 6 else None
    logging.disable(logging.CRITICAL)
    make, prepare, show = KNOWN[library, task]
    with open(file, encoding="utf-8") as opened:
        given = json.load(opened)
    one = make(vectors)
    prepare = prepare or (lambda texts: texts)
    valid = prepare(given["valid"])

    def results(texts):
        out = []
        for text in texts:
            try:
                result = one(text)
            except Exception:  # noqa: BLE001  what a library raises, refuses
                result = ""
            if result and show:
                result = show(result)
            out.extend(result if isinstance(result, list) else [result])
        return out

    of_valid = results(valid)  # warms up, too
    hashes = task.startswith("hash")
    of_refused = [] if hashes else results(prepare(given["refused"]))
    passes = []
    for _ in range(int(repeat)):
        begin, count = time.process_time(), 0
        while True:
            for text in valid:
                try:
                    one(text)
                except Exception:  # noqa: BLE001
                    pass
            count += 1
            took = time.process_time() - begin
            if took >= float(seconds):
                passes.append(took / count)
                break
    version = f"{importlib.metadata.version(library)} (Python {platform.python_version()})"
    print(
        json.dumps(
            {"version": version, "seconds_per_pass": passes, "valid": of_valid, "refused": of_refused}
        )
    )


main()
