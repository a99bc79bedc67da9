// What a probe costs beside the least that any client must pay. The process measures itself: user
// and system time of all its threads by getrusage(), over what it did in the given time.
//
//   bench_probe_limit raw|pilotlight http|https|resumed PORT SECONDS IN_FLIGHT [CA_FILE]
//
// prints "MICROSECONDS_PER_PROBE PROBES FAILURES".

#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "bench/probe_limit/client.h"

namespace {

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace

int main(int argc, char** argv) {
    const std::map<std::string, bench::Protocol> protocols = {
        {"http", bench::Protocol::http},
        {"https", bench::Protocol::https},
        {"resumed", bench::Protocol::https_resumed}};
    if (argc < 6 || !protocols.contains(argv[2])) {
        std::cerr << "usage: bench_probe_limit raw|pilotlight http|https|resumed PORT SECONDS "
                     "IN_FLIGHT [CA_FILE]\n";
        return 2;
    }
    bench::Load load;
    load.protocol = protocols.at(argv[2]);
    load.port = static_cast<std::uint16_t>(std::atoi(argv[3]));
    load.length = std::chrono::milliseconds(static_cast<int>(std::atof(argv[4]) * 1000));
    load.in_flight = static_cast<std::size_t>(std::atoi(argv[5]));
    if (argc > 6) load.ca_file = argv[6];
    const bool raw = std::string(argv[1]) == "raw";
    const double before = cpu_seconds();
    const bench::Tally tally = raw ? bench::run_raw(load) : bench::run_pilotlight(load);
    const double spent = cpu_seconds() - before;
    const auto probes = static_cast<double>(tally.good + tally.bad);
    std::cout << spent / probes * 1e6 << ' ' << tally.good + tally.bad << ' ' << tally.bad << '\n';
    if (tally.bad > 0) std::cerr << tally.trouble << '\n';
}
