"""What the emitters of C++ code share."""

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
