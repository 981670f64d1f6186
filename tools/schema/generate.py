#!/usr/bin/env python3
"""Writes the C++ of Kafka's messages and errors from schema/. Run by CMake at build time."""

import argparse
import sys
from pathlib import Path

from ottla_schema import errors, header, source, table
from ottla_schema.parser import SchemaError, parse_directory

SOURCES = 4  # so that two cores have something to share


def header_name(path):
    """01_fetch.msg -> fetch.h"""
    return path.stem.lstrip("0123456789_") + ".h"


def write(path, text):
    """Leaves a file alone that would not change, so that nothing is rebuilt."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def generate(schema, out):
    files = parse_directory(schema)
    messages = [m for _, found in files for m in found]
    headers = [header_name(path) for path, _ in files]
    protocol = out / "kafka" / "protocol"
    for (path, found), name in zip(files, headers):
        write(protocol / "generated" / name, header.header(path.name, found))
    write(protocol / "generated" / "api_key.h", header.api_keys(messages))
    for part in range(SOURCES):
        some = range(part, len(files), SOURCES)
        text = source.source([headers[i] for i in some], [m for i in some for m in files[i][1]])
        write(protocol / f"messages_{part}.cc", text)
    write(protocol / "message_table.cc", table.table(headers, messages))
    rows = errors.read_errors(schema / "errors.csv")
    write(protocol / "errors.h", errors.errors_header(rows))
    write(protocol / "errors_table.inc", errors.errors_table(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schema", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        generate(arguments.schema, arguments.out)
    except (SchemaError, ValueError, KeyError) as error:
        sys.exit(f"generate.py: {error}")


if __name__ == "__main__":
    main()
