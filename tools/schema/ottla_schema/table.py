"""Tests' table of all messages: how to fill each one with values that differ from each other."""

from .emit import guarded, range_condition
from .model import ENUM_TYPES, STRONG_TYPES


def fill_value(field, target):
    if field.struct:
        return f"fill(f, {target}, v);"
    if field.type in ENUM_TYPES:
        return f"{target} = static_cast<{field.type}>(f.int16());"
    wire = "bytes" if field.is_bytes else field.wire_type
    call = f"f.{'boolean' if wire == 'bool' else wire}()"
    strong = field.type in STRONG_TYPES and wire != "uuid"
    return f"{target} = {field.type}({call});" if strong else f"{target} = {call};"


def fill_field(field):
    target = f"m.{field.name}"
    lines = []
    inner = target
    if field.nullable:
        lines.append(f"{target}.emplace();")
        inner = f"(*{target})"
    if field.array:
        lines += [f"{inner}.resize(2);",
                  f"for (auto& e : {inner}) {{ {fill_value(field, 'e')} }}"]
    else:
        lines.append(fill_value(field, inner))
    if not field.nullable:
        return lines
    condition = range_condition(field.nullable, field.versions)
    keep = f"if (f.nulls(){' && ' + condition if condition else ''}) {{"
    return [keep, f"  {target}.reset();", "} else {"] + [f"  {x}" for x in lines] + ["}"]


def fill_function(struct, message):
    lines = [f"void fill([[maybe_unused]] Filler& f, [[maybe_unused]] {struct.qualified}& m, "
             "[[maybe_unused]] std::int16_t v) {"]
    for field in struct.fields:
        condition = range_condition(field.versions, field.context)
        lines += guarded(condition, fill_field(field), "  ")
    if message.ever_flexible:
        lines.append(f"  if (f.tags() && v >= {message.first_flexible}) "
                     "m.unknown_tags = f.unknown_tags();")
    return lines + ["}"]


def table(headers, messages):
    lines = ["// Generated from schema/*.msg.", "", '#include "kafka/protocol/testing/entry.h"']
    lines += [f'#include "kafka/protocol/generated/{name}"' for name in headers]
    lines += ["", "namespace ottla::kafka::testing {", "namespace {"]
    for message in messages:
        for struct in message.all_structs():
            lines += fill_function(struct, message)
    lines += ["}  // namespace", "", "std::span<const MessageEntry> all_messages() {",
              "  static const MessageEntry kEntries[] = {"]
    for message in messages:
        key = message.key if message.key is not None else -1
        request = "true" if message.peer else "false"
        lines.append(f"      entry<{message.name}, &fill>({key}, {request}),")
    return "\n".join(lines + ["  };", "  return kEntries;", "}", "",
                              "}  // namespace ottla::kafka::testing", ""])
