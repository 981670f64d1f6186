#!/usr/bin/env python3
"""Compares our bytes and our error table with Kafka's own Java classes.

Takes the lines "Name version hex" of the program --dump, has Kafka's class decode each and encode
it again, and expects the same bytes. Exits with 1 on any difference.
"""

import argparse
import csv
import subprocess
import sys
from pathlib import Path

from kafka_jars import clients_jar

REFEREE = Path(__file__).parent / "java" / "Recode.java"
# Kafka's classes have dropped these; see check_against_kafka.py.
WITHOUT_JAVA = {("WriteTxnMarkersRequest", "0"), ("WriteTxnMarkersResponse", "0")}
TIMEOUT_S = 110


def referee(jar, arguments, text):
    """Runs the Java program and returns its lines."""
    command = ["java", "-cp", f"{jar.parent}/*", str(REFEREE), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=TIMEOUT_S,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stderr}")
    return done.stdout.splitlines()


def message_problems(jar, dump):
    text = subprocess.run([dump], capture_output=True, text=True, timeout=TIMEOUT_S,
                          check=True).stdout
    ours = text.splitlines()
    theirs = referee(jar, [], text)
    if not ours or len(theirs) != len(ours):
        return [f"{len(ours)} messages went to Java, {len(theirs)} came back"], len(ours)
    problems = []
    for line, answer in zip(ours, theirs):
        name, version, hexadecimal = line.split(" ")
        if answer == "unsupported" and (name, version) in WITHOUT_JAVA:
            continue
        if answer != hexadecimal:
            problems.append(f"{name} v{version}: ours   {hexadecimal}\n  Kafka's answer: {answer}")
    return problems, len(ours)


def error_problems(jar, table):
    columns = ("name", "number", "retriable", "refresh_metadata")
    with open(table, newline="", encoding="utf-8") as file:
        ours = [",".join(row[c] for c in columns) for row in csv.DictReader(file)]
    theirs = referee(jar, ["errors"], "")
    return [f"errors.csv: {line}, Kafka has another row" for line in ours if line not in theirs] + [
        f"errors.csv: lacks {line}" for line in theirs if line not in ours]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--libs", type=Path, required=True, help="folder with kafka-clients-*.jar")
    parser.add_argument("--dump", type=Path, required=True, help="program that prints our messages")
    parser.add_argument("--errors", type=Path, required=True, help="schema/errors.csv")
    arguments = parser.parse_args()
    jar = clients_jar(arguments.libs)
    problems, count = message_problems(jar, arguments.dump)
    problems += error_problems(jar, arguments.errors)
    print("\n".join(problems + [f"{count} messages and the error codes compared with {jar.name}, "
                                f"{len(problems)} differences"]))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
