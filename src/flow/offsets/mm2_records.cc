#include "flow/offsets/mm2_records.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <initializer_list>

#include "flow/offsets/codec.h"

namespace ottla::flow {
namespace {

namespace json = boost::json;

constexpr std::int16_t kVersion = 0;
constexpr std::size_t kStringBytesMax = 32767;

Status check_lengths(std::initializer_list<std::string_view> strings, const char* what) {
  for (const std::string_view s : strings) {
    if (s.size() > kStringBytesMax) {
      return fail(BaseErrc::kLimitExceeded,
                  fmt::format("{}: \"{}…\" has {} bytes, the format holds {}", what,
                              s.substr(0, 40), s.size(), kStringBytesMax));
    }
  }
  return {};
}

Status check(const ByteReader& key, const ByteReader& value, const char* what) {
  if (key.finished() && value.ok()) return {};
  return fail(BaseErrc::kCorrupt, fmt::format("{}: {} does not have the format", what,
                                              key.finished() ? "value" : "key"));
}

// As Jackson does: short escapes, \u00XX in capitals for other controls, all else as it is.
std::string quoted(std::string_view s) {
  std::string out = "\"";
  for (const char c : s) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

}  // namespace

Result<Mm2Record> encode(const OffsetSync& sync) {
  OTTLA_TRY(check_lengths({sync.topic}, "offset sync"));
  ByteWriter key;
  key.string(sync.topic);
  key.int32(sync.partition.value());
  ByteWriter value;
  value.int64(sync.upstream.value());
  value.int64(sync.downstream.value());
  return Mm2Record{key.take(), value.take()};
}

Result<Mm2Record> encode(const Checkpoint& c) {
  OTTLA_TRY(check_lengths({c.group, c.topic, c.metadata}, "checkpoint"));
  ByteWriter key;
  key.string(c.group);
  key.string(c.topic);
  key.int32(c.partition.value());
  ByteWriter value;
  value.int16(kVersion);
  value.int64(c.upstream.value());
  value.int64(c.downstream.value());
  value.string(c.metadata);
  return Mm2Record{key.take(), value.take()};
}

Result<Mm2Record> encode(const Heartbeat& h) {
  OTTLA_TRY(check_lengths({h.source_alias, h.target_alias}, "heartbeat"));
  ByteWriter key;
  key.string(h.source_alias);
  key.string(h.target_alias);
  ByteWriter value;
  value.int16(kVersion);
  value.int64(h.timestamp_ms);
  return Mm2Record{key.take(), value.take()};
}

Result<OffsetSync> decode_offset_sync(std::string_view key, std::string_view value) {
  ByteReader k(key);
  ByteReader v(value);
  OffsetSync sync;
  sync.topic = k.string();
  sync.partition = PartitionId(k.int32());
  sync.upstream = Offset(v.int64());
  sync.downstream = Offset(v.int64());
  OTTLA_TRY(check(k, v, "offset sync"));
  return sync;
}

Result<Checkpoint> decode_checkpoint(std::string_view key, std::string_view value) {
  ByteReader k(key);
  ByteReader v(value);
  Checkpoint c;
  c.group = k.string();
  c.topic = k.string();
  c.partition = PartitionId(k.int32());
  (void)v.int16();  // whatever the version says, Java reads version 0
  c.upstream = Offset(v.int64());
  c.downstream = Offset(v.int64());
  c.metadata = v.string();
  OTTLA_TRY(check(k, v, "checkpoint"));
  return c;
}

Result<Heartbeat> decode_heartbeat(std::string_view key, std::string_view value) {
  ByteReader k(key);
  ByteReader v(value);
  Heartbeat h;
  h.source_alias = k.string();
  h.target_alias = k.string();
  (void)v.int16();
  h.timestamp_ms = v.int64();
  OTTLA_TRY(check(k, v, "heartbeat"));
  return h;
}

std::string connect_source_key(std::string_view source_alias, std::string_view topic,
                               PartitionId partition, std::string_view connector) {
  return fmt::format("[{},{{\"cluster\":{},\"partition\":{},\"topic\":{}}}]", quoted(connector),
                     quoted(source_alias), partition, quoted(topic));
}

std::string connect_checkpoint_key(std::string_view group, std::string_view target_topic,
                                   PartitionId partition, std::string_view connector) {
  return fmt::format("[{},{{\"partition\":{},\"topic\":{},\"group\":{}}}]", quoted(connector),
                     partition, quoted(target_topic), quoted(group));
}

std::string connect_heartbeat_key(std::string_view source_alias, std::string_view target_alias,
                                  std::string_view connector) {
  return fmt::format("[{},{{\"sourceClusterAlias\":{},\"targetClusterAlias\":{}}}]",
                     quoted(connector), quoted(source_alias), quoted(target_alias));
}

std::string connect_offset_value(Offset last_replicated) {
  return fmt::format("{{\"offset\":{}}}", last_replicated);
}

Result<ConnectSourceKey> decode_connect_source_key(std::string_view key) {
  boost::system::error_code error;
  const json::value parsed = json::parse(json::string_view(key.data(), key.size()), error);
  const auto bad = [key](const char* what) {
    return fail(BaseErrc::kCorrupt,
                fmt::format("Connect offset key {}: {}", key.substr(0, 200), what));
  };
  if (error || !parsed.is_array() || parsed.get_array().size() != 2) {
    return bad("not [name, {…}]");
  }
  const json::value& name = parsed.get_array()[0];
  const json::value& place = parsed.get_array()[1];
  if (!name.is_string() || !place.is_object()) return bad("not [name, {…}]");
  const json::value* cluster = place.get_object().if_contains("cluster");
  const json::value* topic = place.get_object().if_contains("topic");
  const json::value* partition = place.get_object().if_contains("partition");
  if (cluster == nullptr || !cluster->is_string() || topic == nullptr || !topic->is_string() ||
      partition == nullptr || !partition->is_int64() || partition->get_int64() < 0 ||
      partition->get_int64() > INT32_MAX) {
    return bad("not of a source connector");
  }
  return ConnectSourceKey{std::string(name.get_string()), std::string(cluster->get_string()),
                          std::string(topic->get_string()),
                          PartitionId(static_cast<std::int32_t>(partition->get_int64()))};
}

Result<Offset> decode_connect_offset_value(std::string_view value) {
  boost::system::error_code error;
  const json::value parsed = json::parse(json::string_view(value.data(), value.size()), error);
  if (!error && parsed.is_object()) {
    const json::value* offset = parsed.get_object().if_contains("offset");
    if (offset != nullptr && offset->is_int64()) return Offset(offset->get_int64());
  }
  return fail(BaseErrc::kCorrupt,
              fmt::format("Connect offset value {}: no \"offset\" number", value.substr(0, 200)));
}

}  // namespace ottla::flow
