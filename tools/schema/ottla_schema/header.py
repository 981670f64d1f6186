"""C++ declarations: one header per schema file."""

from .model import ENUM_TYPES, PRIMITIVES, STRONG_TYPES


def pascal(name):
    return "".join(part.capitalize() for part in name.split("_"))


def value_type(field, message=None):
    """C++ type of one element."""
    if field.struct:
        prefix = message.name if message and message.structs_outside else ""
        return prefix + field.struct.name
    return field.type if field.type in STRONG_TYPES else PRIMITIVES[field.type]


def member_type(field, message):
    text = value_type(field, message)
    if field.array:
        text = f"std::vector<{text}>"
    return f"std::optional<{text}>" if field.nullable else text


def default_value(field):
    """C++ expression, None for the type's own zero, empty or null."""
    text = field.default
    if text in (None, "null") or field.array or field.struct:
        return None
    if field.wire_type == "string":
        return f'"{text}"'
    if text == str(-2**31):
        return "std::numeric_limits<std::int32_t>::min()"
    if text == str(2**63 - 1):
        text = "std::numeric_limits<std::int64_t>::max()"
    if field.type in ENUM_TYPES:
        return f"static_cast<{field.type}>({text})"
    return f"{field.type}({text})" if field.type in STRONG_TYPES else text


def initializer(field):
    """Behind the member's name; never missing, so that designated initialisers may leave it out."""
    value = default_value(field)
    if value is not None:
        return f" = {value}"
    if field.nullable and field.default != "null" and field.type != "records":
        return "{std::in_place}"  # as in Kafka: null only where the schema says so
    if field.nullable or field.array or field.struct:
        return "{}"
    if field.type in PRIMITIVES and PRIMITIVES[field.type].startswith("std::int"):
        return " = 0"
    return " = false" if field.type == "bool" else "{}"


def version_note(field):
    low, high = field.versions.low, field.versions.high
    if field.versions == field.context:
        return ""
    if high == field.context.high:
        return f"  // v{low} and later"
    return f"  // v{low}" if low == high else f"  // v{low} to v{high}"


def struct_body(struct, message, indent):
    lines = []
    for field in struct.fields:
        lines += [f"{indent}// {text}" for text in field.doc]
        lines.append(f"{indent}{member_type(field, message)} {field.name}{initializer(field)};"
                     f"{version_note(field)}")
    if message.ever_flexible:
        lines.append(f"{indent}wire::UnknownTags unknown_tags{{}};")
    return lines


def nested(message, struct, indent):
    outside = message.structs_outside
    name = message.name + struct.name if outside else struct.name
    return ([f"{indent}struct {name} {{"] + struct_body(struct, message, indent + "  ")
            + [f"{indent}  bool operator==(const {name}&) const;", f"{indent}}};", ""])


def declare(message):
    lines = []
    if message.structs_outside:
        for struct in message.structs:
            lines += nested(message, struct, "")
    lines += [f"// {text}" for text in message.doc] if message.peer or not message.api else []
    lines.append(f"struct {message.name} {{")
    if message.api:
        lines.append(f"  static constexpr ApiKey kApiKey = ApiKey::k{message.api};")
    first = message.first_flexible if message.ever_flexible else "kNeverFlexible"
    lines += [
        f"  static constexpr std::int16_t kMinVersion = {message.versions.low};",
        f"  static constexpr std::int16_t kMaxVersion = {message.versions.high};",
        f"  static constexpr std::int16_t kFirstFlexible = {first};",
        f'  static constexpr std::string_view kName = "{message.name}";',
    ]
    if message.peer:
        lines.append(f"  using Response = {message.peer};")
    lines.append("")
    for struct in message.structs:
        if message.structs_outside:
            lines.append(f"  using {struct.name} = {message.name}{struct.name};")
        else:
            lines += nested(message, struct, "  ")
    lines += struct_body(message.root, message, "  ")
    lines += [
        "",
        f"  bool operator==(const {message.name}&) const;",
        "  void encode(wire::Writer& w, std::int16_t version) const;",
        "  [[nodiscard]] std::size_t encoded_size(std::int16_t version) const;",
        "  [[nodiscard]] Status decode(wire::Reader& r, std::int16_t version);",
        "  [[nodiscard]] std::string to_json() const;",
        "};",
        "",
    ]
    return lines


def header(source, messages):
    lines = [
        "#pragma once",
        f"// Generated from schema/{source}. What the members of every message mean: "
        "kafka/protocol/message.h.",
        "",
        '#include "kafka/protocol/message.h"',
        "",
        "namespace ottla::kafka {",
        "",
    ]
    peers = [m.peer for m in messages if m.peer]
    lines += [f"struct {peer};" for peer in peers] + ([""] if peers else [])
    for message in messages:
        lines += declare(message)
    return "\n".join(lines + ["}  // namespace ottla::kafka", ""])


def api_keys(messages):
    """enum ApiKey and the table behind kafka/protocol/api.h."""
    requests = sorted((m for m in messages if m.peer), key=lambda m: m.key)
    lines = [
        "#pragma once",
        "// Generated from schema/*.msg.",
        "",
        "#include <cstdint>",
        "#include <string_view>",
        "",
        "namespace ottla::kafka {",
        "",
        "// Number of an API in Kafka's protocol. Other numbers may come from a broker.",
        "enum class ApiKey : std::int16_t {",
    ]
    lines += [f"  k{m.api} = {m.key}," for m in requests]
    lines += [
        "};",
        "",
        "struct ApiInfo {",
        "  ApiKey key;",
        "  std::string_view name;",
        "  std::int16_t min_version;",
        "  std::int16_t max_version;",
        "  std::int16_t first_flexible;",
        "};",
        "",
        "// In ascending order of the key.",
        "inline constexpr ApiInfo kApis[] = {",
    ]
    lines += [
        f'    {{ApiKey::k{m.api}, "{m.api}", {m.versions.low}, {m.versions.high}, '
        f"{m.first_flexible}}}," for m in requests
    ]
    return "\n".join(lines + ["};", "", "}  // namespace ottla::kafka", ""])
