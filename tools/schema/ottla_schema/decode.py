"""C++ decoders: one function per struct."""

from .emit import PUT, compact, flexible_line, guarded, range_condition
from .model import ENUM_TYPES, STRONG_TYPES


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
