#pragma once
// MM2's order of precedence: which of the lines of a file counts for a flow and for its clients.
//
// A file has three levels: name=, A.name= and A->B.name=. How they are laid over each other differs
// between connectors, workers and clients, with some surprises (A.consumer.x beats A->B.consumer.x;
// top-level offset.storage.* beats B.offset.storage.*). They are reproduced here, so that a file
// means the same to both programs.

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace ottla::flow {

// One line of the file, after config providers.
struct Setting {
  std::string value;
  std::string key;  // as in the file
  int line = 0;
};
using Settings = std::map<std::string, Setting, std::less<>>;

struct FlowName {
  std::string source;
  std::string target;
  auto operator<=>(const FlowName&) const = default;
  [[nodiscard]] std::string to_string() const { return source + "->" + target; }
};

// The settings whose names start with `prefix`, without it.
Settings with_prefix_stripped(const Settings& settings, std::string_view prefix);

// Connection settings of one cluster: A.*, and what top level adds where A.* is silent.
Settings cluster_layer(const Settings& file, std::string_view alias);
// What MM2's worker for the flow sees: the target cluster's layer, overruled by some names of top
// level. Home of the data producer (producer.*) and of offset.storage.*.
Settings worker_layer(const Settings& file, const FlowName& flow);
// What MM2's connectors for the flow see.
Settings connector_layer(const Settings& file, const FlowName& flow);

enum class ClientSide { kSource, kTarget };
enum class ClientKind { kConsumer, kProducer, kAdmin };

// A client that the connectors make: consumers, admins, and the producer of offset syncs.
Settings client_layer(const Settings& connector, ClientSide side, ClientKind kind);
// The producer of the records.
Settings data_producer_layer(const Settings& worker, const Settings& connector);

// An ottla.* key: A->B.name, else B.name, else A.name, else name. Null if none is given.
const Setting* own_setting(const Settings& file, const FlowName& flow, std::string_view name);

}  // namespace ottla::flow
