"""C++ definitions of messages: comparison, JSON, members, and the files they make up."""

from .decode import get_function
from .encode import put_function
from .model import ENUM_TYPES, STRONG_TYPES


def json_value(field, expr):
    if field.struct:
        return f"json(j, {expr});"
    if field.type in ENUM_TYPES:
        expr = f"static_cast<std::int16_t>({expr})"
    elif field.type in STRONG_TYPES and field.wire_type != "uuid":
        expr = f"{expr}.value()"
    return f"j.value({expr});"


def json_field(field):
    expr = f"m.{field.name}"
    lines = [f'j.key("{field.name}");']
    inner = f"(*{expr})" if field.nullable else expr
    if field.array:
        body = (f"{{ j.begin_array(); for (const auto& e : {inner}) {json_value(field, 'e')} "
                "j.end_array(); }")
    else:
        body = json_value(field, inner)
    if field.nullable:
        body = f"if ({expr}) {body} else j.null();"
    return lines + [body]


def json_function(struct):
    lines = [f"void json(JsonText& j, [[maybe_unused]] const {struct.qualified}& m) {{",
             "  j.begin_object();"]
    for field in struct.fields:
        lines += ["  " + line for line in json_field(field)]
    return lines + ["  j.end_object();", "}"]


def equality(struct, message):
    """Views of bytes have no == of their own; a struct without them gets the default."""
    flat = message.structs_outside and struct is not message.root
    owner = message.name + struct.name if flat else struct.qualified
    name = f"bool {owner}::operator==(const {owner}& o) const"
    if not any(f.is_bytes for f in struct.fields):
        return [f"{name.replace('& o)', '&)')} = default;"]
    terms = [f"same_bytes({f.name}, o.{f.name})" if f.is_bytes else f"{f.name} == o.{f.name}"
             for f in struct.fields]
    if message.ever_flexible:
        terms.append("unknown_tags == o.unknown_tags")
    return [f"{name} {{", "  return " + " &&\n         ".join(terms) + ";", "}"]


def members(message):
    n = message.name
    limits = f"{n}::kMinVersion, {n}::kMaxVersion"
    return [
        f"void {n}::encode(wire::Writer& w, std::int16_t version) const {{",
        f"  if (!writable(w, {limits}, version)) return;",
        "  put(w, *this, version);",
        "}",
        f"std::size_t {n}::encoded_size(std::int16_t version) const {{",
        "  wire::SizeCounter counter;",
        "  put(counter, *this, version);",
        "  return counter.size();",
        "}",
        f"Status {n}::decode(wire::Reader& r, std::int16_t version) {{",
        f"  OTTLA_TRY(readable({n}::kName, {limits}, version));",
        f"  *this = {n}{{}};",
        "  get(r, *this, version);",
        f"  return decoded({n}::kName, version, r);",
        "}",
        f"std::string {n}::to_json() const {{",
        "  JsonText j;",
        "  json(j, *this);",
        "  return std::move(j).text();",
        "}",
    ]


def source(headers, messages):
    lines = ["// Generated from schema/*.msg.", "", '#include "kafka/protocol/codec.h"']
    lines += [f'#include "kafka/protocol/generated/{name}"' for name in headers]
    lines += ["", "namespace ottla::kafka {", ""]
    for message in messages:
        for struct in message.all_structs():
            lines += equality(struct, message)
        lines += ["namespace {"]
        for struct in message.all_structs():
            lines += put_function(struct, message)
            lines += get_function(struct, message)
            lines += json_function(struct)
        lines += ["}  // namespace"]
        lines += members(message) + [""]
    return "\n".join(lines + ["}  // namespace ottla::kafka", ""])
