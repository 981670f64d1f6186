"""Where Kafka's own jars are: OTTLA_KAFKA_LIBS, else the folder that is given."""

import os
import sys
from pathlib import Path


def clients_jar(folder):
    """The kafka-clients jar in OTTLA_KAFKA_LIBS or `folder`. Ends the program if there is none."""
    libs = Path(os.environ.get("OTTLA_KAFKA_LIBS") or folder)
    found = sorted(libs.glob("kafka-clients-[0-9]*.jar"))
    found = [jar for jar in found if not jar.stem.endswith(("-test", "-tests", "-sources"))]
    if not found:
        sys.exit(f"no kafka-clients-*.jar in {libs}: run ./dev setup, which fetches Kafka's jars, "
                 "or set OTTLA_KAFKA_LIBS to a folder that has them")
    return found[-1]
