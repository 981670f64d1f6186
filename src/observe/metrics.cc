#include "observe/metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "flow/status/build_info.h"
#include "flow/status/summary.h"
#include "observe/metrics_text.h"

namespace ottla::observe {
namespace {

using flow::FlowStatus;
using flow::GroupStatus;
using flow::PartitionStatus;
using flow::ProcessStatus;
using flow::WindowStats;
using Type = MetricsText::Type;
using Value = std::optional<double>;

constexpr std::string_view kSource = "kafka_connect_mirror_mirrorsourceconnector_";
constexpr std::string_view kCheckpoint = "kafka_connect_mirror_mirrorcheckpointconnector_";

Value number(std::int64_t n) {
  return static_cast<double>(n);
}
Value number(const std::optional<Offset>& o) {
  return o ? number(o->value()) : std::nullopt;
}
Value number(const std::optional<std::int64_t>& n) {
  return n ? number(*n) : std::nullopt;
}

template <double WindowStats::* member>
Value of(const std::optional<WindowStats>& window) {
  return window ? Value((*window).*member) : std::nullopt;
}

template <class Item>
struct Family {
  std::string_view name;
  Type type;
  std::string_view help;
  Value (*value)(const Item&);
};

using P = PartitionStatus;
constexpr Family<P> kMm2Partition[] = {
    {"record_count", Type::kCounter, "Records replicated since start.",
     [](const P& p) { return number(p.records); }},
    {"record_rate", Type::kGauge, "Records replicated per second.",
     [](const P& p) { return Value(p.records_per_second); }},
    {"byte_count", Type::kCounter, "Bytes of batches replicated since start.",
     [](const P& p) { return number(p.bytes); }},
    {"byte_rate", Type::kGauge, "Bytes replicated per second.",
     [](const P& p) { return Value(p.bytes_per_second); }},
    {"record_age_ms", Type::kGauge, "Age of the last record when it was read.",
     [](const P& p) { return p.record_age_ms; }},
    {"record_age_ms_min", Type::kGauge, "Least age of a record when read, over the window.",
     [](const P& p) { return of<&WindowStats::min>(p.record_age_window_ms); }},
    {"record_age_ms_max", Type::kGauge, "Greatest age of a record when read, over the window.",
     [](const P& p) { return of<&WindowStats::max>(p.record_age_window_ms); }},
    {"record_age_ms_avg", Type::kGauge, "Average age of records when read, over the window.",
     [](const P& p) { return of<&WindowStats::avg>(p.record_age_window_ms); }},
    {"replication_latency_ms", Type::kGauge, "Record timestamp to acknowledgement on the target.",
     [](const P& p) { return p.replication_latency_ms; }},
    {"replication_latency_ms_min", Type::kGauge, "Least replication latency over the window.",
     [](const P& p) { return of<&WindowStats::min>(p.replication_latency_window_ms); }},
    {"replication_latency_ms_max", Type::kGauge, "Greatest replication latency over the window.",
     [](const P& p) { return of<&WindowStats::max>(p.replication_latency_window_ms); }},
    {"replication_latency_ms_avg", Type::kGauge, "Average replication latency over the window.",
     [](const P& p) { return of<&WindowStats::avg>(p.replication_latency_window_ms); }},
};

using G = GroupStatus;
constexpr Family<G> kMm2Group[] = {
    {"checkpoint_latency_ms", Type::kGauge, "Group offset read to checkpoint acknowledged.",
     [](const G& g) { return g.checkpoint_latency_ms; }},
    {"checkpoint_latency_ms_min", Type::kGauge, "Least checkpoint latency over the window.",
     [](const G& g) { return of<&WindowStats::min>(g.checkpoint_latency_window_ms); }},
    {"checkpoint_latency_ms_max", Type::kGauge, "Greatest checkpoint latency over the window.",
     [](const G& g) { return of<&WindowStats::max>(g.checkpoint_latency_window_ms); }},
    {"checkpoint_latency_ms_avg", Type::kGauge, "Average checkpoint latency over the window.",
     [](const G& g) { return of<&WindowStats::avg>(g.checkpoint_latency_window_ms); }},
};

constexpr Family<P> kOwnPartition[] = {
    {"ottla_lag_records", Type::kGauge, "Records upstream that are not on the target yet.",
     [](const P& p) { return number(p.lag_records()); }},
    {"ottla_lag_seconds", Type::kGauge, "Age of the oldest record not yet copied.",
     [](const P& p) { return p.lag_seconds; }},
    {"ottla_upstream_position", Type::kGauge, "Next upstream offset to be copied.",
     [](const P& p) { return number(p.upstream_position.value()); }},
    {"ottla_upstream_end", Type::kGauge, "Last stable offset upstream, as last seen.",
     [](const P& p) { return number(p.upstream_end); }},
    {"ottla_upstream_log_start", Type::kGauge, "First offset that is still upstream.",
     [](const P& p) { return number(p.upstream_log_start); }},
    {"ottla_downstream_end", Type::kGauge, "Offset on the target after the last copied record.",
     [](const P& p) { return number(p.downstream_end); }},
    {"ottla_records_total", Type::kCounter, "Records copied since start.",
     [](const P& p) { return number(p.records); }},
    {"ottla_bytes_total", Type::kCounter, "Bytes of batches written since start.",
     [](const P& p) { return number(p.bytes); }},
    {"ottla_dropped_records_total", Type::kCounter,
     "Control and aborted records, which are not copied by design.",
     [](const P& p) { return number(p.dropped_records); }},
    {"ottla_losses", Type::kGauge, "Entries of this partition in the loss ledger.",
     [](const P& p) { return number(p.losses); }},
};

struct Labelled {
  const PartitionStatus* partition;
  std::string mm2;    // topic as on the target
  std::string ottla;  // topic as on the source
};

std::vector<Labelled> label_partitions(const ProcessStatus& status) {
  std::vector<Labelled> all;
  for (const FlowStatus& f : status.flows) {
    for (const PartitionStatus& p : f.partitions) {
      const std::string id = std::to_string(p.partition.value());
      const auto labels = [&](const std::string& topic) {
        return MetricsText::label_text(
            {{"source", f.source}, {"target", f.target}, {"topic", topic}, {"partition", id}});
      };
      all.push_back({&p, labels(p.target_topic), labels(p.topic)});
    }
  }
  return all;
}

template <std::size_t n>
void partition_families(MetricsText& out, std::string_view prefix, const Family<P> (&families)[n],
                        const std::vector<Labelled>& partitions, std::string Labelled::* labels) {
  for (const Family<P>& family : families) {
    out.family(std::string(prefix) + std::string(family.name), family.type, family.help);
    for (const Labelled& p : partitions) {
      if (const Value value = family.value(*p.partition)) out.sample(p.*labels, *value);
    }
  }
}

void group_families(MetricsText& out, const ProcessStatus& status) {
  for (const Family<G>& family : kMm2Group) {
    out.family(std::string(kCheckpoint) + std::string(family.name), family.type, family.help);
    for (const FlowStatus& f : status.flows) {
      for (const GroupStatus& g : f.groups) {
        const std::string id = std::to_string(g.partition.value());
        const Value value = family.value(g);
        if (!value) continue;
        out.sample({{"source", f.source},
                    {"target", f.target},
                    {"group", g.group},
                    {"topic", g.target_topic},
                    {"partition", id}},
                   *value);
      }
    }
  }
}

void state_families(MetricsText& out, const ProcessStatus& status) {
  const auto each = [&](auto sample) {
    for (const FlowStatus& f : status.flows) {
      for (const PartitionStatus& p : f.partitions)
        sample(f, p, std::to_string(p.partition.value()));
    }
  };
  out.family("ottla_partition_state", Type::kGauge, "1 for the state that the partition is in.");
  each([&](const FlowStatus& f, const P& p, const std::string& id) {
    out.sample({{"source", f.source},
                {"target", f.target},
                {"topic", p.topic},
                {"partition", id},
                {"state", name(p.state)}},
               1);
  });
  out.family("ottla_partition_path", Type::kGauge, "1 for the way that its batches travel.");
  each([&](const FlowStatus& f, const P& p, const std::string& id) {
    out.sample({{"source", f.source},
                {"target", f.target},
                {"topic", p.topic},
                {"partition", id},
                {"path", name(p.path)}},
               1);
  });
}

void flow_families(MetricsText& out, const ProcessStatus& status) {
  out.family("ottla_health", Type::kGauge, "0 OK, 1 DEGRADED, 2 STALLED, 3 LOSING_DATA.");
  for (const FlowStatus& f : status.flows) {
    out.sample({{"source", f.source}, {"target", f.target}}, static_cast<double>(f.health));
  }
  out.family("ottla_paused", Type::kGauge, "1 while the flow is paused on request.");
  for (const FlowStatus& f : status.flows) {
    out.sample({{"source", f.source}, {"target", f.target}}, f.paused ? 1 : 0);
  }
  out.family("ottla_ledger_entries", Type::kGauge, "Entries in the flow's loss ledger.");
  for (const FlowStatus& f : status.flows) {
    out.sample({{"source", f.source}, {"target", f.target}}, static_cast<double>(f.ledger_entries));
  }
  out.family("ottla_partitions", Type::kGauge, "Partitions of the flow by state.");
  for (const FlowStatus& f : status.flows) {
    const flow::FlowSummary sum = flow::summarize(f);
    for (std::size_t i = 0; i < flow::kPartitionStates; ++i) {
      const auto state = static_cast<flow::PartitionState>(i);
      out.sample({{"source", f.source}, {"target", f.target}, {"state", name(state)}},
                 static_cast<double>(sum.in(state)));
    }
  }
  out.family("ottla_cluster_reachable", Type::kGauge, "1 while the cluster can be reached.");
  for (const FlowStatus& f : status.flows) {
    for (const flow::ClusterReach& cluster : f.clusters) {
      out.sample({{"source", f.source}, {"target", f.target}, {"cluster", cluster.alias}},
                 cluster.reachable ? 1 : 0);
    }
  }
}

std::optional<long> resident_pages() {
  std::ifstream statm("/proc/self/statm");
  long total = 0;
  long resident = 0;
  if (!(statm >> total >> resident)) return std::nullopt;
  return resident;
}

std::optional<int> open_descriptors() {
  std::error_code ec;
  int count = 0;
  std::filesystem::directory_iterator at("/proc/self/fd", ec);
  while (!ec && at != std::filesystem::directory_iterator()) {
    ++count;
    at.increment(ec);
  }
  return ec ? std::nullopt : std::optional(count);
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

}  // namespace

std::string metrics_text(const ProcessStatus& status) {
  MetricsText out;
  const std::vector<Labelled> partitions = label_partitions(status);
  partition_families(out, kSource, kMm2Partition, partitions, &Labelled::mm2);
  group_families(out, status);
  partition_families(out, "", kOwnPartition, partitions, &Labelled::ottla);
  state_families(out, status);
  flow_families(out, status);
  out.family("ottla_build_info", Type::kGauge, "1, with the version as a label.");
  out.sample({{"version", status.version}, {"commit", flow::build_commit()}}, 1);
  out.family("process_start_time_seconds", Type::kGauge, "When the process started, Unix time.");
  out.sample(std::string_view(), static_cast<double>(status.started_at_ms) / 1000);
  return out.take();
}

std::string process_metrics_text() {
  MetricsText out;
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    out.family("process_cpu_seconds_total", Type::kCounter, "User and system CPU time.");
    out.sample(std::string_view(), seconds(usage.ru_utime) + seconds(usage.ru_stime));
  }
  if (const auto pages = resident_pages()) {
    out.family("process_resident_memory_bytes", Type::kGauge, "Resident memory.");
    out.sample(std::string_view(),
               static_cast<double>(*pages) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  if (const auto count = open_descriptors()) {
    out.family("process_open_fds", Type::kGauge, "Open file descriptors.");
    out.sample(std::string_view(), static_cast<double>(*count));
  }
  return out.take();
}

}  // namespace ottla::observe
