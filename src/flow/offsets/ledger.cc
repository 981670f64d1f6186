#include "flow/offsets/ledger.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <ctime>

namespace ottla::flow {
namespace {

namespace json = boost::json;

constexpr int kSchemaVersion = 1;

struct KindText {
  LossKind kind;
  std::string_view name;
  std::string_view what;     // "<what>: <side> offsets …"
  std::string_view outcome;  // "… <outcome>"
};

constexpr std::array<KindText, 8> kKinds{{
    {LossKind::kRetentionOvertook, "retention-overtook", "retention overtook the mirror",
     "never crossed"},
    {LossKind::kUpstreamTruncated, "upstream-truncated", "the upstream log was truncated",
     "were copied and exist on the target only"},
    {LossKind::kUpstreamRecreated, "upstream-recreated", "the upstream topic was re-created",
     "of the former topic end here"},
    {LossKind::kTargetTruncated, "target-truncated", "the target lost the end of its log",
     "are copied again"},
    {LossKind::kTargetRecreated, "target-recreated", "the target topic was re-created",
     "of the former topic are gone"},
    {LossKind::kForeignWrites, "foreign-writes", "another client wrote into the mirrored topic",
     "are not ours"},
    {LossKind::kRecordTooLarge, "record-too-large", "the target refused records as too large",
     "were skipped"},
    {LossKind::kAmbiguous, "ambiguous", "what stands on the target is not certain",
     "may be missing or repeated"},
}};

const KindText& text_of(LossKind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

std::unexpected<Error> broken(std::string what) {
  return fail(BaseErrc::kCorrupt, "loss ledger: " + std::move(what));
}

Result<json::object> parse_object(std::string_view text, const char* what) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return broken(fmt::format("{} is not a JSON object", what));
  return std::move(value.as_object());
}

// Members, each of its type; the first that is missing or wrong is remembered.
class Members {
 public:
  explicit Members(const json::object& from) : from_(from) {}

  std::string text(std::string_view name) {
    const json::value* v = find(name);
    if (v == nullptr || !v->is_string()) {
      note(name);
      return {};
    }
    return std::string(v->get_string());
  }
  std::int64_t number(std::string_view name) {
    const auto n = number_if(name);
    if (!n) note(name);
    return n.value_or(0);
  }
  std::optional<std::int64_t> number_if(std::string_view name) {
    const json::value* v = find(name);
    if (v == nullptr || v->is_null()) return std::nullopt;
    boost::system::error_code error;
    const auto n = v->to_number<std::int64_t>(error);
    if (error) {
      note(name);
      return std::nullopt;
    }
    return n;
  }
  [[nodiscard]] const std::string& first_bad() const { return bad_; }

 private:
  const json::value* find(std::string_view name) const {
    return from_.if_contains(json::string_view(name.data(), name.size()));
  }
  void note(std::string_view name) {
    if (bad_.empty()) bad_ = name;
  }
  const json::object& from_;
  std::string bad_;
};

json::value number_or_null(const std::optional<std::int64_t>& n) {
  return n ? json::value(*n) : json::value(nullptr);
}

std::string utc(std::int64_t ms) {
  const std::time_t seconds = static_cast<std::time_t>(ms / 1000);
  std::tm parts{};
  if (gmtime_r(&seconds, &parts) == nullptr) return fmt::format("{} ms", ms);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", parts);
}

}  // namespace

std::string_view to_string(LossKind kind) {
  return text_of(kind).name;
}

std::optional<LossKind> loss_kind_of(std::string_view name) {
  for (const KindText& k : kKinds) {
    if (k.name == name) return k.kind;
  }
  return std::nullopt;
}

bool LossEntry::is_on_target() const {
  return kind == LossKind::kTargetTruncated || kind == LossKind::kTargetRecreated ||
         kind == LossKind::kForeignWrites;
}

bool LossEntry::is_loss() const {
  return kind == LossKind::kRetentionOvertook || kind == LossKind::kUpstreamRecreated ||
         kind == LossKind::kRecordTooLarge || kind == LossKind::kAmbiguous;
}

std::string encode_ledger_key(const LossEntry& e) {
  return json::serialize(json::object{{"v", kSchemaVersion},
                                      {"flow", e.flow},
                                      {"topic", e.topic},
                                      {"partition", e.partition.value()},
                                      {"kind", to_string(e.kind)},
                                      {"from", e.from.value()},
                                      {"detectedAt", e.detected_at_ms}});
}

std::string encode_ledger_value(const LossEntry& e) {
  return json::serialize(json::object{{"v", kSchemaVersion},
                                      {"to", e.to.value()},
                                      {"records", number_or_null(e.records)},
                                      {"firstTimestamp", number_or_null(e.first_timestamp_ms)},
                                      {"lastTimestamp", number_or_null(e.last_timestamp_ms)},
                                      {"policy", e.policy},
                                      {"text", e.text}});
}

Result<LossEntry> decode_ledger(std::string_view key, std::string_view value) {
  OTTLA_ASSIGN(const json::object key_object, parse_object(key, "key"));
  OTTLA_ASSIGN(const json::object value_object, parse_object(value, "value"));
  Members k(key_object);
  Members v(value_object);
  if (k.number("v") != kSchemaVersion || v.number("v") != kSchemaVersion) {
    return fail(BaseErrc::kUnsupported,
                fmt::format("loss ledger: schema version of {} is not {}", key, kSchemaVersion));
  }
  LossEntry e;
  const std::string kind_name = k.text("kind");
  e.flow = k.text("flow");
  e.topic = k.text("topic");
  const std::int64_t partition = k.number("partition");
  e.partition = PartitionId(static_cast<std::int32_t>(partition));
  e.from = Offset(k.number("from"));
  e.detected_at_ms = k.number("detectedAt");
  e.to = Offset(v.number("to"));
  e.records = v.number_if("records");
  e.first_timestamp_ms = v.number_if("firstTimestamp");
  e.last_timestamp_ms = v.number_if("lastTimestamp");
  e.policy = v.text("policy");
  e.text = v.text("text");
  if (!k.first_bad().empty()) return broken("key member \"" + k.first_bad() + "\" can't be read");
  if (!v.first_bad().empty()) {
    return broken(fmt::format("value member \"{}\" of {} can't be read", v.first_bad(), key));
  }
  const auto kind = loss_kind_of(kind_name);
  if (!kind) return broken(fmt::format("kind \"{}\" is not known", kind_name));
  if (partition < 0 || partition > INT32_MAX) return broken("partition is out of range");
  e.kind = *kind;
  return e;
}

std::string render(const LossEntry& e) {
  std::string range = e.to.value() - 1 > e.from.value()
                          ? fmt::format("offsets {} to {}", e.from, e.to.value() - 1)
                          : fmt::format("offset {}", e.from);
  if (e.to <= e.from) range = fmt::format("offsets from {} on", e.from);
  std::string out = fmt::format("{} {} {}-{}: {}: {} {} ({}) {}", utc(e.detected_at_ms), e.flow,
                                e.topic, e.partition, text_of(e.kind).what,
                                e.is_on_target() ? "target" : "upstream", range,
                                e.records ? fmt::format("{} records", *e.records)
                                          : std::string("number of records not known"),
                                text_of(e.kind).outcome);
  if (e.first_timestamp_ms && e.last_timestamp_ms) {
    out += fmt::format(", written between {} and {}", utc(*e.first_timestamp_ms),
                       utc(*e.last_timestamp_ms));
  }
  if (!e.policy.empty()) out += fmt::format("; policy: {}", e.policy);
  if (!e.text.empty()) out += ". " + e.text;
  return out;
}

}  // namespace ottla::flow
