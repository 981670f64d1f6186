"""ErrorCode from schema/errors.csv."""

import csv
from dataclasses import dataclass


@dataclass
class ErrorRow:
    name: str
    number: int
    retriable: bool
    refresh_metadata: bool
    meaning: str


def read_errors(path):
    with open(path, newline="") as file:
        rows = [
            ErrorRow(r["name"], int(r["number"]), r["retriable"] == "yes",
                     r["refresh_metadata"] == "yes", r["meaning"])
            for r in csv.DictReader(file)
        ]
    numbers = [r.number for r in rows]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        raise ValueError(f"{path}: numbers must ascend without a gap")
    return rows


def enumerator(name):
    return "k" + "".join(part.capitalize() for part in name.split("_"))


def errors_header(rows):
    lines = [
        "#pragma once",
        "// Generated from schema/errors.csv: the error codes of Kafka's protocol.",
        "",
        "#include <cstdint>",
        "#include <string_view>",
        "#include <system_error>",
        "",
        "namespace ottla::kafka {",
        "",
        "// What a broker answers. Numbers beyond this list may come from newer brokers.",
        "enum class ErrorCode : std::int16_t {",
    ]
    for row in rows:
        lines += [f"  // {row.meaning}", f"  {enumerator(row.name)} = {row.number},"]
    lines += [
        "};",
        "",
        "// The same request may succeed later. False for unknown codes.",
        "[[nodiscard]] bool is_retriable(ErrorCode code) noexcept;",
        "// What is known about leaders, ids or brokers is out of date. False for unknown codes.",
        "[[nodiscard]] bool refreshes_metadata(ErrorCode code) noexcept;",
        "// Kafka's name, e.g. NOT_LEADER_OR_FOLLOWER; UNKNOWN_CODE for unknown codes.",
        "[[nodiscard]] std::string_view name(ErrorCode code) noexcept;",
        "// What it means and, where it matters, what to do about it.",
        "[[nodiscard]] std::string_view meaning(ErrorCode code) noexcept;",
        "",
        '// Category "kafka"; message() is "NAME (number): meaning".',
        "const std::error_category& error_category() noexcept;",
        "// kNone converts to an error_code that is false.",
        "inline std::error_code make_error_code(ErrorCode code) noexcept {",
        "  return {static_cast<int>(code), error_category()};",
        "}",
        "",
        "}  // namespace ottla::kafka",
        "",
        "template <>",
        "struct std::is_error_code_enum<ottla::kafka::ErrorCode> : std::true_type {};",
        "",
    ]
    return "\n".join(lines)


def errors_table(rows):
    """Rows for errors.cc."""
    lines = ["// Generated from schema/errors.csv.", f"constexpr int kFirstCode = {rows[0].number};",
             "constexpr ErrorRow kErrors[] = {"]
    for row in rows:
        text = row.meaning.replace("\\", "\\\\").replace('"', '\\"')
        flags = f"{row.retriable}, {row.refresh_metadata}".lower()
        lines.append(f'    {{"{row.name}", {flags}, "{text}"}},')
    return "\n".join(lines + ["};", ""])
