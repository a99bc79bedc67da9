#include "app/series_reader.h"

#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "core/time.h"

namespace pilotlight::app {
namespace {

constexpr auto kSlice = std::chrono::milliseconds(2);
/// Rest after each slice, in multiples of the slice.
constexpr int kRest = 4;

}  // namespace

/// Between two slices the loop is its owner's.
class SeriesReader::Rest {
  public:
    Rest(const boost::asio::any_io_executor& executor, std::function<void()> wake)
        : timer_(executor), wake_(std::move(wake)) {}

    [[nodiscard]] bool is_on() const { return on_; }

    void begin(SteadyTime until) {
        on_ = true;
        timer_.expires_at(until);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (error) return;
            on_ = false;
            wake_();
        });
    }
    void cancel() { timer_.cancel(); }

  private:
    boost::asio::steady_timer timer_;
    std::function<void()> wake_;
    bool on_ = false;
};

SeriesReader::SeriesReader(const boost::asio::any_io_executor& executor, const series::Store& store)
    : store_(store), rest_(std::make_unique<Rest>(executor, [this] { turn(); })) {}

SeriesReader::~SeriesReader() = default;

void SeriesReader::add(std::shared_ptr<query::Reading> reading) {
    waiting_.push_back(std::move(reading));
    if (!rest_->is_on()) turn();
}

void SeriesReader::stop() {
    rest_->cancel();
    waiting_.clear();
}

void SeriesReader::turn() {
    if (waiting_.empty()) return;
    const SteadyTime began = steady_now();
    const auto slice_over = [&] { return steady_now() - began >= kSlice; };
    while (!waiting_.empty() && waiting_.front()->step(store_, slice_over)) {
        waiting_.pop_front();
        if (slice_over()) break;
    }
    const SteadyTime ended = steady_now();
    rest_->begin(ended + kRest * (ended - began));
}

}  // namespace pilotlight::app
