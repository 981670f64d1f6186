"""What a schema says: APIs, messages, structs, fields and the versions they exist in."""

from dataclasses import dataclass, field

# C++ type and the wire type it travels as.
STRONG_TYPES = {
    "BrokerId": "int32",
    "PartitionId": "int32",
    "LeaderEpoch": "int32",
    "CorrelationId": "int32",
    "Offset": "int64",
    "ProducerId": "int64",
    "ProducerEpoch": "int16",
    "ErrorCode": "int16",
    "ApiKey": "int16",
    "TopicId": "uuid",
}
ENUM_TYPES = {"ErrorCode", "ApiKey"}
PRIMITIVES = {
    "int8": "std::int8_t",
    "int16": "std::int16_t",
    "int32": "std::int32_t",
    "int64": "std::int64_t",
    "uint16": "std::uint16_t",
    "bool": "bool",
    "float64": "double",
    "uuid": "TopicId",
    "string": "std::string",
    "bytes": "Bytes",
    "records": "Bytes",
}
NO_VERSION = 32767


@dataclass(frozen=True)
class Versions:
    """An inclusive range; empty where low > high."""

    low: int
    high: int

    def __contains__(self, version):
        return self.low <= version <= self.high

    def within(self, other):
        return Versions(max(self.low, other.low), min(self.high, other.high))

    @property
    def empty(self):
        return self.low > self.high


@dataclass
class Field:
    name: str
    type: str
    array: bool
    versions: Versions
    context: Versions  # of the struct around it
    nullable: Versions | None = None
    tag: int | None = None
    default: str | None = None
    plain: bool = False  # the old form of a string in flexible versions too
    doc: list[str] = field(default_factory=list)
    struct: "Struct | None" = None

    @property
    def wire_type(self):
        return STRONG_TYPES.get(self.type, self.type)

    @property
    def is_bytes(self):
        return self.wire_type in ("bytes", "records")


@dataclass
class Struct:
    name: str
    qualified: str  # FetchRequest::Topic
    fields: list[Field] = field(default_factory=list)

    def tagged(self):
        return sorted((f for f in self.fields if f.tag is not None), key=lambda f: f.tag)

    def untagged(self):
        return [f for f in self.fields if f.tag is None]


@dataclass
class Message:
    """A request, a response, or one that stands alone (headers)."""

    name: str
    versions: Versions
    first_flexible: int
    doc: list[str]
    root: Struct
    structs: list[Struct]  # nested ones, each after those it uses
    key: int | None = None
    api: str | None = None
    peer: str | None = None  # a request's response

    @property
    def ever_flexible(self):
        return self.first_flexible <= self.versions.high

    @property
    def structs_outside(self):
        """std::optional of a nested struct with initialisers can't be used inside its enclosing
        class (the struct counts as incomplete there), so such messages have their structs in front
        of them, and aliases inside."""
        return any(f.struct and f.nullable and not f.array
                   for s in self.all_structs() for f in s.fields)

    def all_structs(self):
        return self.structs + [self.root]
