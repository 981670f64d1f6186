"""Reads schema/*.msg (the notation is described in schema/README.md)."""

import re
from pathlib import Path

from .model import NO_VERSION, PRIMITIVES, STRONG_TYPES, Field, Message, Struct, Versions

INDENT = 2
FIELD = re.compile(r"^([a-z][a-z0-9_]*): (\[)?([A-Za-z][A-Za-z0-9]*)\]?(?:, (.*))?$")


class SchemaError(Exception):
    pass


def parse_versions(text, context):
    """`4-11`, `7` or `12+`, the last up to the end of the context."""
    match = re.fullmatch(r"(\d+)(?:(\+)|-(\d+))?", text)
    if not match:
        raise ValueError(f"'{text}' is no range of versions; write 4-11, 7 or 12+")
    low = int(match[1])
    high = context.high if match[2] else int(match[3] or low)
    found = Versions(low, high)
    if found.empty or found.within(context) != found:
        raise ValueError(f"versions {text} are not inside {context.low}-{context.high}")
    return found


class Line:
    def __init__(self, number, raw):
        self.number = number
        self.text = raw.strip()
        self.depth = (len(raw) - len(raw.lstrip(" "))) // INDENT


class Parser:
    def __init__(self, path):
        self.path = Path(path)
        rows = enumerate(self.path.read_text().splitlines(), 1)
        self.lines = [Line(n, raw) for n, raw in rows if raw.strip()]
        self.at = 0

    def fail(self, line, why):
        raise SchemaError(f"{self.path}:{line.number}: {why}")

    def peek(self):
        return self.lines[self.at] if self.at < len(self.lines) else None

    def take(self):
        self.at += 1
        return self.lines[self.at - 1]

    def comments(self):
        doc = []
        while self.peek() and self.peek().text.startswith("#"):
            doc.append(self.take().text[1:].strip())
        return doc

    def file(self):
        """All messages of the file."""
        found = []
        while self.peek():
            doc = self.comments()
            line = self.take()
            kind, _, name = line.text.partition(" ")
            settings = self.settings()
            if kind == "message":
                found.append(self.message(name, settings, doc))
            elif kind == "api":
                found += self.api(name, settings, doc)
            else:
                self.fail(line, "expected 'api NAME' or 'message NAME'")
        return found

    def settings(self):
        found = {}
        while self.peek() and self.peek().depth == 1:
            match = re.fullmatch(r"(key|versions|flexible) (\S+)", self.peek().text)
            if not match:
                break
            found[match[1]] = match[2]
            self.take()
        return found

    def api(self, name, settings, doc):
        found = []
        for part in ("request", "response"):
            line = self.take()
            if line.text != part or line.depth != 0:
                self.fail(line, f"expected '{part}'")
            message = self.message(name + part.capitalize(), settings, doc)
            message.key = int(settings["key"])
            message.api = name
            found.append(message)
        found[0].peer = found[1].name
        return found

    def message(self, name, settings, doc):
        low, _, high = settings["versions"].partition("-")
        versions = Versions(int(low), int(high or low))
        flexible = settings["flexible"]
        first_flexible = NO_VERSION if flexible == "none" else int(flexible.rstrip("+"))
        root = Struct(name, name)
        message = Message(name, versions, first_flexible, doc, root, [])
        self.named = {}
        self.message_now = message
        while self.peek() and self.peek().depth == 1 and self.peek().text.startswith("struct "):
            self.shared_struct()
        self.fields(root, 1, versions)
        message.structs = self.in_order_of_use(root)
        return message

    def shared_struct(self):
        line = self.take()
        struct = self.new_struct(line, line.text.split()[1])
        self.fields(struct, 2, self.message_now.versions)

    def new_struct(self, line, name):
        if name in self.named or name == self.message_now.name:
            self.fail(line, f"struct {name} exists already in {self.message_now.name}")
        self.named[name] = Struct(name, f"{self.message_now.name}::{name}")
        return self.named[name]

    def fields(self, struct, depth, context):
        while self.peek():
            start = self.at
            doc = self.comments()
            line = self.peek()
            if line is None or line.depth < depth or ":" not in line.text:
                self.at = start
                return
            if line.depth > depth:
                self.fail(line, "is indented too far")
            self.take()
            struct.fields.append(self.field(line, context, doc))

    def field(self, line, context, doc):
        match = FIELD.match(line.text)
        if not match:
            self.fail(line, "expected 'name: type, attributes'")
        found = Field(match[1], match[3], bool(match[2]), context, context, doc=doc)
        try:
            self.attributes(found, [a for a in (match[4] or "").split(", ") if a])
        except ValueError as error:
            self.fail(line, str(error))
        if found.type not in PRIMITIVES and found.type not in STRONG_TYPES:
            has_body = self.peek() and self.peek().depth > line.depth
            if has_body:
                struct = self.new_struct(line, found.type)
                self.fields(struct, line.depth + 1, found.versions)
            found.struct = self.named.get(found.type) or found.type
        return found

    @staticmethod
    def attributes(found, attributes):
        for text in attributes:
            word, _, rest = text.partition(" ")
            if text[0].isdigit():
                found.versions = parse_versions(text, found.context)
            elif word == "null":
                found.nullable = parse_versions(rest, found.versions) if rest else found.versions
            elif word == "tag":
                found.tag = int(rest)
            elif word == "default" and rest:
                found.default = rest
            elif text == "plain":
                found.plain = True
            else:
                raise ValueError(f"unknown attribute '{text}'")

    def in_order_of_use(self, root):
        """Nested structs, each after those it holds; names of shared structs are resolved."""
        order = []

        def visit(struct):
            for f in struct.fields:
                if f.struct is None:
                    continue
                if isinstance(f.struct, str):
                    if f.struct not in self.named:
                        raise SchemaError(f"{self.path}: {struct.qualified}.{f.name}: "
                                          f"no type or struct {f.struct}")
                    f.struct = self.named[f.struct]
                if f.struct not in order:
                    visit(f.struct)
                    order.append(f.struct)

        visit(root)
        return order


def parse_file(path):
    return Parser(path).file()


def parse_directory(directory):
    """(path, messages) of every file, in the order of the file names."""
    return [(path, parse_file(path)) for path in sorted(Path(directory).glob("*.msg"))]
