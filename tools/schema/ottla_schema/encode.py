"""C++ encoders: one function per struct, for any sink."""

from .emit import PUT, compact, flexible_line, guarded, range_condition
from .header import default_value, value_type
from .model import ENUM_TYPES, STRONG_TYPES


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
