// Both ends of an alert's way: what is scraped and goes wrong, and the webhook that is told of it,
// in one process, so that one clock stamps both (CLOCK_MONOTONIC, which the driver reads too).
//
//   GET  /metrics              bench_bad{bench="N",shard="N modulo SHARDS"} 0 or 1
//   POST /hook                 200; the first message that names bench="N" is stamped
//   GET  /control/series/COUNT/SHARDS  so many series from now on, all of them 0
//   GET  /control/bad/N        series N is 1 from now on; N "all" for every one
//   GET  /control/clear        forgets every stamp and the number of messages
//   GET  /control/count        "MESSAGES ALERTS LAST": messages that came, different alerts in
//                              them, and when the last new one came, in nanoseconds
//   GET  /control/stamps       a line "N SENT CAME" per alert that came: when the first page said
//                              that N is bad (0: never), and when the first message named N

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "bench/support/board.h"

namespace bench {
namespace {

constexpr std::size_t kMaxSeries = 1'000'000;
constexpr std::size_t kMaxRequest = 64 << 20;
constexpr std::string_view kLabel = R"("bench":")";

std::int64_t now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

struct Series {
    bool bad = false;
    std::int64_t sent = 0;
    std::int64_t came = 0;
};

class Receiver final : public Board {
  public:
    std::string answer(std::string_view path, std::string_view body) override {
        if (path == "/hook") return take(body);
        if (path == "/metrics") return page();
        if (path.starts_with("/control/")) return control(path.substr(9));
        return response(404, "");
    }

  private:
    std::string take(std::string_view body) {
        const std::int64_t came = now();
        ++messages_;
        for (std::size_t at = body.find(kLabel); at != body.npos; at = body.find(kLabel, at)) {
            at += kLabel.size();
            const auto number = number_at(body.substr(at), kMaxSeries);
            if (!number) continue;
            if (*number >= series_.size()) series_.resize(*number + 1);
            Series& series = series_[*number];
            if (series.came != 0) continue;
            series.came = came;
            ++alerts_;
            last_ = came;
        }
        return response(200, "");
    }

    std::string page() {
        if (page_.empty()) {
            for (std::size_t i = 0; i < scraped_; ++i) {
                page_ += "bench_bad{bench=\"" + std::to_string(i) + "\",shard=\"" +
                         std::to_string(i % shards_) + "\"} " + (series_[i].bad ? "1\n" : "0\n");
            }
            page_ = response(200, page_, "text/plain; version=0.0.4");
        }
        const std::int64_t sent = now();
        for (const std::size_t number : unsent_)
            series_[number].sent = sent;
        unsent_.clear();
        return page_;
    }

    std::string control(std::string_view what) {
        if (what == "count") {
            return response(200, std::to_string(messages_) + " " + std::to_string(alerts_) + " " +
                                     std::to_string(last_));
        }
        if (what == "stamps") return response(200, stamps());
        if (what == "clear") return clear();
        if (what.starts_with("series/")) return begin(what.substr(7));
        if (what.starts_with("bad/")) return spoil(what.substr(4));
        return response(404, "");
    }

    std::string clear() {
        for (Series& series : series_)
            series.sent = series.came = 0;
        messages_ = alerts_ = 0;
        last_ = 0;
        return response(200, "");
    }

    std::string begin(std::string_view counts) {
        const auto count = number_at(counts, kMaxSeries);
        const auto shards = number_at(counts.substr(counts.find('/') + 1), kMaxSeries);
        if (!count || !shards || *shards == 0) return response(404, "");
        scraped_ = *count;
        shards_ = *shards;
        series_.assign(scraped_, Series());
        page_.clear();
        return clear();
    }

    std::string spoil(std::string_view which) {
        const bool all = which == "all";
        const auto number = number_at(which, scraped_);
        if (!all && !number) return response(404, "");
        for (std::size_t i = all ? 0 : *number; i < (all ? scraped_ : *number + 1); ++i) {
            series_[i].bad = true;
            unsent_.push_back(i);
        }
        page_.clear();
        return response(200, "");
    }

    std::string stamps() const {
        std::string lines;
        for (std::size_t i = 0; i < series_.size(); ++i) {
            const Series& series = series_[i];
            if (series.came == 0) continue;
            lines += std::to_string(i) + ' ' + std::to_string(series.sent) + ' ' +
                     std::to_string(series.came) + '\n';
        }
        return lines;
    }

    std::size_t scraped_ = 0;
    std::size_t shards_ = 1;
    std::vector<Series> series_;
    std::vector<std::size_t> unsent_;
    /// Ready-made until something changes.
    std::string page_;
    std::uint64_t messages_ = 0;
    std::uint64_t alerts_ = 0;
    std::int64_t last_ = 0;
};

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: bench_alert_receiver PORT\n";
        return 2;
    }
    bench::Receiver receiver;
    bench::serve(static_cast<std::uint16_t>(std::atoi(argv[1])), receiver, bench::kMaxRequest);
}
