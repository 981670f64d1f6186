"""C++ definitions: encode, decode, comparison and JSON of every struct."""

from .header import default_value, value_type
from .model import ENUM_TYPES, STRONG_TYPES

PUT = {"bool": "boolean", "records": "bytes"}


def guarded(condition, lines, indent):
    """`lines` under `if (condition)`, or bare where there is no condition."""
    if not condition:
        return [indent + line for line in lines]
    return [f"{indent}if ({condition}) {{"] + [f"{indent}  {x}" for x in lines] + [f"{indent}}}"]


def range_condition(versions, context):
    parts = []
    if versions.low > context.low:
        parts.append(f"v >= {versions.low}")
    if versions.high < context.high:
        parts.append(f"v <= {versions.high}")
    return " && ".join(parts)


def flexible_line(message):
    if not message.ever_flexible:
        return "  [[maybe_unused]] constexpr bool flex = false;"
    if message.first_flexible <= message.versions.low:
        return "  [[maybe_unused]] constexpr bool flex = true;"
    return f"  [[maybe_unused]] const bool flex = v >= {message.first_flexible};"


def compact(field):
    return "false" if field.plain else "flex"


# --- encode ---


def put_value(field, expr, sink="w"):
    wire = field.wire_type
    if field.struct:
        return f"put({sink}, {expr}, v);"
    if field.type in ENUM_TYPES:
        expr = f"static_cast<std::int16_t>({expr})"
    elif field.type in STRONG_TYPES and wire != "uuid":
        expr = f"{expr}.value()"
    if wire in ("string", "bytes", "records"):
        return f"{sink}.{PUT.get(wire, wire)}({expr}, {compact(field)});"
    return f"{sink}.{PUT.get(wire, wire)}({expr});"


def put_array(field, expr, sink):
    return [
        f"{sink}.array_length({expr}.size(), flex);",
        f"for (const auto& e : {expr}) {put_value(field, 'e', sink)}",
    ]


def put_null(field, sink):
    """What stands for null where the version knows it, and empty where it doesn't."""
    if field.array or field.is_bytes:
        null, empty = f"{sink}.null_array(flex);", f"{sink}.array_length(0, flex);"
    elif field.wire_type == "string":
        flag = compact(field)
        null = f"{sink}.nullable_string(std::nullopt, {flag});"
        empty = f"{sink}.string({{}}, {flag});"
    else:
        null, empty = f"{sink}.int8(-1);", f"put({sink}, {field.struct.qualified}{{}}, v);"
    condition = range_condition(field.nullable, field.versions)
    return [f"if ({condition}) {null} else {empty}"] if condition else [null]


def put_field(field, sink="w"):
    expr = f"m.{field.name}"
    if not field.nullable:
        return put_array(field, expr, sink) if field.array else [put_value(field, expr, sink)]
    body = []
    if field.struct and not field.array:
        body.append(f"{sink}.int8(1);")
    if field.array:
        body += put_array(field, f"(*{expr})", sink)
    else:
        body.append(put_value(field, f"*{expr}", sink))
    if field.struct and not field.array and field.nullable != field.versions:
        raise NotImplementedError(f"{field.name}: a struct that can be null in some versions only")
    return ([f"if ({expr}) {{"] + [f"  {x}" for x in body] + ["} else {"]
            + [f"  {x}" for x in put_null(field, sink)] + ["}"])


def is_set(field):
    """True where the field differs from its default, so that it must be written."""
    expr = f"m.{field.name}"
    if field.nullable:
        return f"{expr}.has_value()"
    if field.array or field.wire_type == "string":
        return f"!{expr}.empty()"
    if field.type == "bool":
        return expr if default_value(field) is None else f"!{expr}"
    return f"{expr} != {default_value(field) or value_default(field)}"


def value_default(field):
    if field.struct:
        return f"{field.struct.qualified}{{}}"
    text = value_type(field)
    return f"{text}{{}}"


def put_tags(struct):
    tagged = struct.tagged()
    if not tagged:
        return ["if (flex) put_tags(w, m.unknown_tags);"]
    lines, count = ["if (flex) {"], []
    for field in tagged:
        condition = range_condition(field.versions, field.context)
        both = f"{condition} && {is_set(field)}" if condition else is_set(field)
        lines.append(f"  const bool has_{field.name} = {both};")
        count.append(f"(has_{field.name} ? 1U : 0U)")
    lines.append(f"  TagSection tags(m.unknown_tags, {' + '.join(count)}, w);")
    for field in tagged:
        body = " ".join(put_field(field, "s"))
        lines.append(f"  if (has_{field.name}) tags.put(w, {field.tag}, "
                     f"[&](auto& s) {{ {body} }});")
    return lines + ["  tags.finish(w);", "}"]


def put_function(struct, message):
    lines = [
        "template <class W>",
        f"void put(W& w, const {struct.qualified}& m, [[maybe_unused]] std::int16_t v) {{",
        flexible_line(message),
    ]
    if not struct.fields and not message.ever_flexible:
        lines += ["  static_cast<void>(w);", "  static_cast<void>(m);"]
    for field in struct.untagged():
        condition = range_condition(field.versions, field.context)
        lines += guarded(condition, put_field(field), "  ")
    if message.ever_flexible:
        lines += ["  " + line for line in put_tags(struct)]
    return lines + ["}"]


# --- decode ---


def get_value(field, source="r", nullable=False):
    wire = PUT.get(field.wire_type, field.wire_type)
    prefix = "nullable_" if nullable else ""
    if wire in ("string", "bytes"):
        return f"{source}.{prefix}{wire}({compact(field)})"
    call = f"{source}.{wire}()"
    if field.type in ENUM_TYPES:
        return f"static_cast<{field.type}>({call})"
    return f"{field.type}({call})" if field.type in STRONG_TYPES and wire != "uuid" else call


def get_elements(field, expr, source):
    element = (f"get({source}, {expr}.emplace_back(), v);" if field.struct
               else f"{expr}.push_back({get_value(field, source)});")
    return [
        f"{expr}.reserve(wire::Reader::reserve_hint(n));",
        f"for (std::size_t i = 0; i < n && {source}.ok(); ++i) {element}",
    ]


def get_array(field, source):
    expr = f"m.{field.name}"
    if not field.nullable:
        return ([f"const std::size_t n = {source}.array_length(flex);"]
                + get_elements(field, expr, source))
    return ([f"const auto count = {source}.nullable_array_length(flex);",
             f"{expr}.reset();",
             "if (count) {",
             "  const std::size_t n = *count;",
             f"  {expr}.emplace();"]
            + [f"  {x}" for x in get_elements(field, f"(*{expr})", source)]
            + ["}"] + refuse_null(field, source))


def refuse_null(field, source):
    """Fails on null in those versions that don't know it."""
    condition = range_condition(field.nullable, field.versions)
    return [f"if (!m.{field.name} && !({condition})) {source}.fail();"] if condition else []


def get_field(field, source="r"):
    expr = f"m.{field.name}"
    if field.array:
        return ["{"] + [f"  {x}" for x in get_array(field, source)] + ["}"]
    if field.struct and field.nullable:
        return [f"if ({source}.int8() < 0) {{", f"  {expr}.reset();", "} else {",
                f"  get({source}, {expr}.emplace(), v);", "}"]
    if field.struct:
        return [f"get({source}, {expr}, v);"]
    if field.nullable:
        return [f"{expr} = {get_value(field, source, True)};"] + refuse_null(field, source)
    return [f"{expr} = {get_value(field, source)};"]


def get_tags(struct):
    tagged = struct.tagged()
    if not tagged:
        return ["if (flex) m.unknown_tags = r.unknown_tags();"]
    lines = [
        "if (flex) {",
        "  for (std::uint32_t left = r.tag_count(); left > 0 && r.ok(); --left) {",
        "    const wire::Reader::Tag tag = r.tag();",
        "    wire::Reader t(tag.value);",
    ]
    for position, field in enumerate(tagged):
        condition = range_condition(field.versions, field.context)
        both = f"tag.number == {field.tag}" + (f" && {condition}" if condition else "")
        word = "if" if position == 0 else "} else if"
        lines.append(f"    {word} ({both}) {{")
        lines += [f"      {x}" for x in get_field(field, "t")]
        lines.append("      finish_tag(r, t);")
    return lines + ["    } else {", "      keep_unknown(r, tag, m.unknown_tags);", "    }", "  }",
                    "}"]


def get_function(struct, message):
    lines = [
        f"void get(wire::Reader& r, {struct.qualified}& m, [[maybe_unused]] std::int16_t v) "
        "noexcept {",
        flexible_line(message),
    ]
    if not struct.fields and not message.ever_flexible:
        lines += ["  static_cast<void>(r);", "  static_cast<void>(m);"]
    for field in struct.untagged():
        condition = range_condition(field.versions, field.context)
        lines += guarded(condition, get_field(field), "  ")
    if message.ever_flexible:
        lines += ["  " + line for line in get_tags(struct)]
    return lines + ["}"]


# --- JSON and comparison ---


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
