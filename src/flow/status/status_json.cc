#include "flow/status/status_json.h"

#include <array>
#include <boost/json.hpp>
#include <cmath>
#include <optional>
#include <type_traits>

namespace ottla::flow {
namespace {

namespace json = boost::json;

// Each struct lists its members once; the Writer and the Reader below walk the same list, so that
// the two can't drift apart.
template <class Archive, class S>
void fields(Archive& a, S& s)
  requires std::is_same_v<std::remove_const_t<S>, WindowStats>
{
  a("min", s.min), a("max", s.max), a("avg", s.avg);
}

template <class Archive, class S>
void fields(Archive& a, S& s)
  requires std::is_same_v<std::remove_const_t<S>, PartitionStatus>
{
  a("topic", s.topic), a("partition", s.partition), a("target_topic", s.target_topic);
  a("state", s.state), a("reason", s.reason), a("path", s.path);
  a("upstream_position", s.upstream_position), a("upstream_end", s.upstream_end);
  a("upstream_log_start", s.upstream_log_start), a("downstream_end", s.downstream_end);
  a("records", s.records), a("bytes", s.bytes), a("dropped_records", s.dropped_records);
  a("records_per_second", s.records_per_second), a("bytes_per_second", s.bytes_per_second);
  a("lag_seconds", s.lag_seconds), a("record_age_ms", s.record_age_ms);
  a("replication_latency_ms", s.replication_latency_ms);
  a("record_age_window_ms", s.record_age_window_ms);
  a("replication_latency_window_ms", s.replication_latency_window_ms);
  a("losses", s.losses);
  // For people and scripts; computed, hence not read back.
  a.derived("lag_records", [&] { return s.lag_records(); });
}

template <class Archive, class S>
void fields(Archive& a, S& s)
  requires std::is_same_v<std::remove_const_t<S>, TopicNote>
{
  a("topic", s.topic), a("copied", s.copied), a("target_topic", s.target_topic);
  a("reason", s.reason);
}

template <class Archive, class S>
void fields(Archive& a, S& s)
  requires std::is_same_v<std::remove_const_t<S>, ClusterReach>
{
  a("alias", s.alias), a("cluster_id", s.cluster_id), a("reachable", s.reachable);
  a("detail", s.detail);
}

template <class Archive, class S>
void fields(Archive& a, S& s)
  requires std::is_same_v<std::remove_const_t<S>, GroupStatus>
{
  a("group", s.group), a("target_topic", s.target_topic), a("partition", s.partition);
  a("downstream_offset", s.downstream_offset);
  a("checkpoint_latency_ms", s.checkpoint_latency_ms);
  a("checkpoint_latency_window_ms", s.checkpoint_latency_window_ms);
  a("synced", s.synced), a("reason", s.reason);
}

template <class Archive, class S>
void fields(Archive& a, S& s)
  requires std::is_same_v<std::remove_const_t<S>, FlowStatus>
{
  a.derived("flow", [&] { return std::optional(s.flow()); });
  a("source", s.source), a("target", s.target), a("health", s.health), a("reasons", s.reasons);
  a("paused", s.paused), a("replication_enabled", s.replication_enabled);
  a("checkpoints_enabled", s.checkpoints_enabled), a("heartbeats_enabled", s.heartbeats_enabled);
  a("clusters", s.clusters), a("topics", s.topics), a("partitions", s.partitions);
  a("groups", s.groups), a("ledger", s.ledger), a("ledger_entries", s.ledger_entries);
}

template <class Archive, class S>
void fields(Archive& a, S& s)
  requires std::is_same_v<std::remove_const_t<S>, ProcessStatus>
{
  a("version", s.version), a("pid", s.pid), a("started_at_ms", s.started_at_ms);
  a.derived("health", [&] { return std::optional(std::string(name(health(s)))); });
  a("flows", s.flows), a("configuration_notes", s.configuration_notes);
}

class Writer {
 public:
  template <class T>
  void operator()(std::string_view member, const T& value) {
    object_.emplace(member, write(value));
  }
  template <class F>
  void derived(std::string_view member, F compute) {
    object_.emplace(member, write(compute()));
  }
  json::object take() { return std::move(object_); }

  static json::value write(bool v) { return v; }
  static json::value write(std::int64_t v) { return v; }
  static json::value write(double v) { return std::isfinite(v) ? json::value(v) : json::value(); }
  static json::value write(const std::string& v) { return json::value(v); }
  template <class Tag, class Rep>
  static json::value write(StrongInt<Tag, Rep> v) {
    return std::int64_t{v.value()};
  }
  template <class T>
  static json::value write(const std::optional<T>& v) {
    return v ? write(*v) : json::value();
  }
  template <class T>
  static json::value write(const std::vector<T>& items) {
    json::array array;
    array.reserve(items.size());
    for (const T& item : items) array.push_back(write(item));
    return array;
  }
  template <class T>
  static json::value write(const T& v) {
    if constexpr (std::is_enum_v<T>) {
      return json::value(name(v));
    } else {
      Writer inner;
      fields(inner, v);
      return inner.take();
    }
  }

 private:
  json::object object_;
};

template <class E>
constexpr E last_of() {
  if constexpr (std::is_same_v<E, PartitionState>) return PartitionState::kStopped;
  if constexpr (std::is_same_v<E, CopyPath>) return CopyPath::kReencode;
  if constexpr (std::is_same_v<E, FlowHealth>) return FlowHealth::kLosingData;
}

// Sticky failure: the first wrong member stays, later ones are skipped.
class Reader {
 public:
  Reader(const json::object& object, std::string path, std::optional<std::string>& wrong)
      : object_(object), path_(std::move(path)), wrong_(wrong) {}

  template <class T>
  void operator()(std::string_view member, T& into) {
    const json::value* value = object_.if_contains(member);
    if (wrong_ || value == nullptr || value->is_null()) return;
    const std::string at = path_.empty() ? std::string(member) : path_ + "." + std::string(member);
    if (!read(*value, into, at) && !wrong_) wrong_ = at;
  }
  template <class F>
  void derived(std::string_view, F) {}

 private:
  bool read(const json::value& v, bool& into, const std::string&) {
    if (!v.is_bool()) return false;
    into = v.get_bool();
    return true;
  }
  bool read(const json::value& v, std::string& into, const std::string&) {
    if (!v.is_string()) return false;
    into = std::string(std::string_view(v.get_string()));
    return true;
  }
  template <class Rep>
    requires std::is_arithmetic_v<Rep>
  bool read(const json::value& v, Rep& into, const std::string&) {
    boost::system::error_code ec;
    const Rep number = v.to_number<Rep>(ec);
    if (!ec) into = number;
    return !ec;
  }
  template <class Tag, class Rep>
  bool read(const json::value& v, StrongInt<Tag, Rep>& into, const std::string& at) {
    Rep number{};
    if (!read(v, number, at)) return false;
    into = StrongInt<Tag, Rep>(number);
    return true;
  }
  template <class T>
  bool read(const json::value& v, std::optional<T>& into, const std::string& at) {
    return read(v, into.emplace(), at);
  }
  template <class T>
  bool read(const json::value& v, std::vector<T>& into, const std::string& at) {
    if (!v.is_array()) return false;
    into.reserve(v.get_array().size());
    for (const json::value& item : v.get_array()) {
      if (!read(item, into.emplace_back(), at + "[" + std::to_string(into.size() - 1) + "]")) {
        return false;
      }
    }
    return true;
  }
  template <class T>
    requires std::is_class_v<T>
  bool read(const json::value& v, T& into, const std::string& at) {
    if (!v.is_object()) return false;
    Reader inner(v.get_object(), at, wrong_);
    fields(inner, into);
    return !wrong_;
  }
  template <class E>
    requires std::is_enum_v<E>
  bool read(const json::value& v, E& into, const std::string&) {
    if (!v.is_string()) return false;
    for (int i = 0; i <= static_cast<int>(last_of<E>()); ++i) {
      if (name(static_cast<E>(i)) == std::string_view(v.get_string())) {
        into = static_cast<E>(i);
        return true;
      }
    }
    return false;
  }

  const json::object& object_;
  std::string path_;
  std::optional<std::string>& wrong_;
};

}  // namespace

std::string to_json(const ProcessStatus& status) {
  return json::serialize(Writer::write(status));
}

Result<ProcessStatus> process_status_from_json(std::string_view text) {
  boost::system::error_code ec;
  const json::value parsed = json::parse(text, ec);
  if (ec) return fail(BaseErrc::kCorrupt, "status is not JSON (" + ec.message() + ")");
  if (!parsed.is_object()) return fail(BaseErrc::kCorrupt, "status is not a JSON object");
  ProcessStatus status;
  std::optional<std::string> wrong;
  Reader reader(parsed.get_object(), "", wrong);
  fields(reader, status);
  if (wrong) return fail(BaseErrc::kCorrupt, "status member '" + *wrong + "' has an unknown value");
  return status;
}

std::string ledger_to_json(const ProcessStatus& status) {
  json::array flows;
  for (const FlowStatus& flow : status.flows) {
    flows.push_back(json::object{{"flow", flow.flow()},
                                 {"entries", flow.ledger_entries},
                                 {"newest", Writer::write(flow.ledger)}});
  }
  return json::serialize(json::object{{"flows", std::move(flows)}});
}

}  // namespace ottla::flow
