// The other end of the benchmark: an HTTP server that costs next to nothing (one thread, epoll,
// answers made beforehand). It is the target that is probed, and the PagerDuty that is paged, so
// that both ends of a delay are stamped by one clock in one process.
//
//   GET  /target/N        200, or 503 while N fails
//   POST /v2/enqueue      202; a trigger that names bench-N is stamped
//   GET  /control/fail/N  N fails from now on       GET /control/heal/N  no more
//   GET  /control/count   how many targets' requests were answered
//   GET  /control/delays  a line "N NANOSECONDS" per failure that was paged: from the first 503
//                         to the page's arrival

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/board.h"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMaxTargets = 100'000;
constexpr std::size_t kMaxRequest = 1 << 20;

struct Target {
    bool fails = false;
    /// When the first 503 of this failure was sent.
    std::optional<Clock::time_point> failed_at;
};

class Targets final : public Board {
  public:
    std::string answer(std::string_view path, std::string_view body) override {
        if (path.starts_with("/target/")) return probe(number_at(path.substr(8), kMaxTargets));
        if (path == "/v2/enqueue") return page(body);
        if (path == "/control/count") return response(200, std::to_string(count_));
        if (path == "/control/delays") return response(200, delays_);
        if (path.starts_with("/control/fail/")) return set(path.substr(14), true);
        if (path.starts_with("/control/heal/")) return set(path.substr(14), false);
        return response(404, "");
    }

  private:
    const std::string& probe(std::optional<std::size_t> number) {
        if (!number) return bad_;
        ++count_;
        Target& target = targets_[*number];
        if (!target.fails) return good_;
        if (!target.failed_at) target.failed_at = Clock::now();
        return failing_;
    }

    std::string page(std::string_view body) {
        const auto now = Clock::now();
        const std::size_t name = body.find("bench-");
        const bool trigger = body.find("\"trigger\"") != body.npos;
        const auto number =
            name == body.npos ? std::nullopt : number_at(body.substr(name + 6), kMaxTargets);
        if (trigger && number && targets_[*number].failed_at) {
            const auto took = now - *targets_[*number].failed_at;
            targets_[*number].failed_at.reset();
            targets_[*number].fails = false;
            delays_ += std::to_string(*number) + ' ' +
                       std::to_string(std::chrono::nanoseconds(took).count()) + '\n';
        }
        return response(202, R"({"status":"success","message":"Event processed"})");
    }

    std::string set(std::string_view text, bool fails) {
        const auto number = number_at(text, kMaxTargets);
        if (!number) return bad_;
        targets_[*number] = Target{.fails = fails, .failed_at = std::nullopt};
        return response(200, "");
    }

    std::vector<Target> targets_{kMaxTargets};
    std::uint64_t count_ = 0;
    std::string delays_;
    const std::string good_ = response(200, R"({"status": "ok", "database": "ok"})");
    const std::string failing_ = response(503, R"({"status": "down"})");
    const std::string bad_ = response(404, "");
};

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: bench_target_server PORT\n";
        return 2;
    }
    bench::Targets targets;
    bench::serve(static_cast<std::uint16_t>(std::atoi(argv[1])), targets, bench::kMaxRequest);
}
