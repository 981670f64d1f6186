// byte_relay SOURCE_PORT SINK_PORT SECONDS: reads from one socket and writes to another, nothing
// else: the floor under every relay on this machine. Prints bytes, CPU seconds and seconds as JSON.

#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <vector>

#include "bench/raw_socket.h"

namespace ottla::bench {
namespace {

constexpr std::size_t kBufferBytes = 256 << 10;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int relay(std::uint16_t source_port, std::uint16_t sink_port, double seconds_max) {
  const RawSocket source = connect_raw(source_port);
  const RawSocket sink = connect_raw(sink_port);
  std::vector<std::byte> buffer(kBufferBytes);
  const auto begun = std::chrono::steady_clock::now();
  const double cpu_begun = cpu_seconds();
  std::uint64_t bytes = 0;
  double seconds = 0;
  while (seconds < seconds_max) {
    const std::size_t n = source.receive(buffer);
    if (n == 0 || !sink.send_all(Bytes(buffer).first(n))) return EXIT_FAILURE;
    bytes += n;
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  }
  fmt::print("{{\"bytes\":{},\"cpu_seconds\":{:.4f},\"seconds\":{:.4f}}}\n", bytes,
             cpu_seconds() - cpu_begun, seconds);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace ottla::bench

int main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "usage: byte_relay SOURCE_PORT SINK_PORT SECONDS\n");
    return 2;
  }
  return ottla::bench::relay(static_cast<std::uint16_t>(std::atoi(argv[1])),
                             static_cast<std::uint16_t>(std::atoi(argv[2])), std::atof(argv[3]));
}
