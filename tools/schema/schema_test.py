#!/usr/bin/env python3
"""Tests of the schema's parser and of the comparison with Kafka's tables."""

import copy
import tempfile
import unittest
from pathlib import Path

from check_against_kafka import Comparison
from ottla_schema.model import Versions
from ottla_schema.parser import SchemaError, parse_file

TEXT = """\
# Doc.
api Sample
  key 7
  versions 1-4
  flexible 3+

request
  struct Shared
    name: string
  # Two of them.
  topics: [Shared], 2+, null 3+
  owner: Owner, 3+, tag 0
    leader: BrokerId, default -1

response
  error_code: ErrorCode
"""
KAFKA = {
    "apiKey": 7,
    "validVersions": "1-4",
    "flexibleVersions": "3+",
    "fields": [
        {"name": "Topics", "type": "[]Common", "versions": "2+", "nullableVersions": "3+"},
        {"name": "Owner", "type": "Holder", "versions": "3+", "tag": 0, "taggedVersions": "3+",
         "fields": [{"name": "Leader", "type": "int32", "versions": "3+", "default": "-1"}]},
        {"name": "Gone", "type": "int8", "versions": "0"},
    ],
    "commonStructs": [
        {"name": "Common", "fields": [{"name": "Name", "type": "string", "versions": "0+"}]}],
}


def parse(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "07_sample.msg"
        path.write_text(text)
        return parse_file(path)


class ParserTest(unittest.TestCase):
    def test_reads_fields_with_their_attributes(self):
        request, response = parse(TEXT)
        topics, owner = request.root.fields
        self.assertEqual(topics.versions, Versions(2, 4))
        self.assertEqual(topics.nullable, Versions(3, 4))
        self.assertEqual(topics.struct.qualified, "SampleRequest::Shared")
        self.assertEqual(topics.doc, ["Two of them."])
        self.assertEqual(owner.tag, 0)
        self.assertEqual(owner.struct.fields[0].default, "-1")
        self.assertEqual(owner.struct.fields[0].context, Versions(3, 4))
        self.assertEqual(request.peer, response.name)

    def expect_error(self, before, after, words):
        with self.assertRaises(SchemaError) as caught:
            parse(TEXT.replace(before, after))
        self.assertIn(words, str(caught.exception))

    def test_names_the_line_of_an_error(self):
        self.expect_error("tag 0", "tagged", "07_sample.msg:12: unknown attribute 'tagged'")

    def test_refuses_versions_outside_of_the_struct_around(self):
        self.expect_error("leader: BrokerId,", "leader: BrokerId, 1+,", "not inside 3-4")

    def test_refuses_types_that_do_not_exist(self):
        self.expect_error("[Shared]", "[Other]", "no type or struct Other")

    def test_refuses_a_struct_that_is_declared_twice(self):
        self.expect_error("owner: Owner", "owner: Shared", "Shared exists already")


class ComparisonTest(unittest.TestCase):
    def problems(self, change):
        kafka = copy.deepcopy(KAFKA)
        change(kafka)
        return Comparison(parse(TEXT)[0], kafka).run()

    def test_finds_nothing_where_all_is_equal(self):
        self.assertEqual(self.problems(lambda kafka: None), [])

    def test_finds_every_kind_of_difference(self):
        changes = {
            "key": lambda k: k.update(apiKey=8),
            "last version": lambda k: k.update(validVersions="1-5"),
            "first flexible": lambda k: k.update(flexibleVersions="2+"),
            "versions": lambda k: k["fields"][0].update(versions="1+"),
            "null": lambda k: k["fields"][0].update(nullableVersions="2+"),
            "tag": lambda k: k["fields"][1].update(tag=1),
            "default": lambda k: k["fields"][1]["fields"][0].update(default="1"),
            "type": lambda k: k["fields"][1]["fields"][0].update(type="int64"),
            "array": lambda k: k["fields"][0].update(type="Common"),
            "list of fields": lambda k: k["fields"].pop(0),
        }
        for words, change in changes.items():
            with self.subTest(words):
                self.assertTrue(any(words in p for p in self.problems(change)))


if __name__ == "__main__":
    unittest.main()
