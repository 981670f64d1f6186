#!/usr/bin/env python3
"""Compares schema/*.msg with the message tables inside Kafka's own kafka-clients jar.

Per message: key, versions, first flexible version; per field, in the order of the wire: name, type,
versions, nullable versions, tag, default. Prints every difference and exits with 1 if there is any.
"""

import argparse
import json
import re
import sys
import zipfile
from pathlib import Path

from kafka_jars import clients_jar
from ottla_schema.model import NO_VERSION, PRIMITIVES, Versions
from ottla_schema.parser import parse_directory

# Versions that Kafka has dropped and older brokers need: brokers before 2.8 speak nothing else.
OLDER_THAN_KAFKA = {"WriteTxnMarkersRequest": 0, "WriteTxnMarkersResponse": 0}


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def kafka_versions(text, context):
    """Kafka's notation (`3+`, `0-7`, `2`, `none`) inside of a context; None for nothing."""
    if text == "none":
        return None
    low, _, high = text.rstrip("+").partition("-")
    found = Versions(int(low), context.high if text.endswith("+") else int(high or low))
    found = found.within(context)
    return None if found.empty else found


def load(jar, name):
    try:
        raw = jar.read(f"common/message/{name}.json").decode()
    except KeyError:
        return None
    return json.loads(re.sub(r"^\s*//.*$", "", raw, flags=re.M))


class Comparison:
    """Of one message. `unstable`: Kafka's last version is not offered to clients yet."""

    def __init__(self, message, kafka, unstable=False):
        self.message = message
        self.kafka = kafka
        self.unstable = unstable
        self.shared = {s["name"]: s["fields"] for s in kafka.get("commonStructs", [])}
        self.problems = []

    def expect(self, where, what, ours, theirs):
        if ours != theirs:
            self.problems.append(f"{where}: {what} is {ours} here and {theirs} in Kafka")

    def run(self):
        m, name = self.message, self.message.name
        low, _, high = self.kafka["validVersions"].partition("-")
        unstable = 1 if self.unstable else 0
        self.expect(name, "first version", m.versions.low, OLDER_THAN_KAFKA.get(name, int(low)))
        self.expect(name, "last version", m.versions.high, int(high or low) - unstable)
        flexible = self.kafka["flexibleVersions"]
        theirs = NO_VERSION if flexible == "none" else int(flexible.rstrip("+"))
        self.expect(name, "first flexible version", m.first_flexible, theirs)
        self.expect(name, "key", m.key, self.kafka.get("apiKey"))
        self.fields(name, m.root.fields, self.kafka["fields"], m.versions)
        return self.problems

    def fields(self, where, ours, theirs, context):
        theirs = [f for f in theirs if kafka_versions(f["versions"], context)]
        self.expect(where, "list of fields", [f.name for f in ours],
                    [snake(f["name"]) for f in theirs])
        for mine, kafka in zip(ours, theirs):
            self.field(f"{where}.{mine.name}", mine, kafka, context)

    def field(self, where, mine, kafka, context):
        versions = kafka_versions(kafka["versions"], context)
        self.expect(where, "versions", mine.versions, versions)
        nullable = kafka_versions(kafka.get("nullableVersions", "none"), versions)
        self.expect(where, "null", mine.nullable, nullable)
        self.expect(where, "tag", mine.tag, kafka.get("tag"))
        if "tag" in kafka:
            self.expect(where, "tagged versions", mine.versions,
                        kafka_versions(kafka["taggedVersions"], context))
        self.expect(where, "plain", mine.plain, kafka.get("flexibleVersions") == "none")
        self.expect(where, "default", self.default(mine.default),
                    self.default(kafka.get("default")))
        theirs = kafka["type"]
        self.expect(where, "array", mine.array, theirs.startswith("[]"))
        theirs = theirs.removeprefix("[]")
        if theirs in PRIMITIVES:
            self.expect(where, "type", mine.wire_type, theirs)
        elif mine.struct is None:
            self.expect(where, "type", mine.wire_type, theirs)
        else:
            shared = theirs in self.shared
            body = self.shared[theirs] if shared else kafka["fields"]
            around = self.message.versions if shared else mine.versions
            self.fields(where, mine.struct.fields, body, around)

    @staticmethod
    def default(value):
        """As a number where it is one, so that 0x7fffffff and 2147483647 are equal."""
        text = str(value).lower()
        if text in ("none", "", "0", "false"):
            return None
        return int(text, 0) if re.fullmatch(r"-?(0x[0-9a-f]+|\d+)", text) else text


def is_unstable(jar, message):
    """Kafka marks the request only; it counts for the response as well."""
    if message.api is None:
        return False
    return bool(load(jar, f"{message.api}Request").get("latestVersionUnstable"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schema", type=Path, required=True)
    parser.add_argument("--libs", type=Path, required=True, help="folder with kafka-clients-*.jar")
    arguments = parser.parse_args()
    messages = [m for _, found in parse_directory(arguments.schema) for m in found]
    path = clients_jar(arguments.libs)
    problems = []
    with zipfile.ZipFile(path) as jar:
        for message in messages:
            kafka = load(jar, message.name)
            if kafka is None:
                problems.append(f"{message.name}: {path.name} has no such message")
            else:
                problems += Comparison(message, kafka, is_unstable(jar, message)).run()
    print("\n".join(problems + [f"{len(messages)} messages compared with {path.name}, "
                                f"{len(problems)} differences"]))
    sys.exit(1 if problems or not messages else 0)


if __name__ == "__main__":
    main()
