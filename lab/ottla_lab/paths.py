"""Where the lab keeps its things: what it makes is under build/ or in a temporary folder."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAB = ROOT / "lab"
BUILD = ROOT / "build" / "lab"
LIBS = BUILD / "libs"
CLASSES = BUILD / "classes"
LAB_JAR = BUILD / "lab.jar"
ARCHIVE = BUILD / "kafka.jsa"
CERTIFICATES = BUILD / "certificates"
LOG4J = LAB / "log4j2.properties"
LOG4J_TOOLS = LAB / "log4j2-tools.properties"


def ottla() -> pathlib.Path:
    """The program under test: OTTLA_BINARY, else what ./dev build makes."""
    return pathlib.Path(os.environ.get("OTTLA_BINARY") or ROOT / "build" / "release" / "ottla")


def temporary_parent() -> str:
    """Folder for data directories: OTTLA_LAB_TMP (a tmpfs, say), else the system's."""
    return os.environ.get("OTTLA_LAB_TMP") or os.environ.get("TMPDIR") or "/tmp"
