#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <vector>

#include "alerting/gate.h"
#include "alerting/journal.h"
#include "alerting/notification.h"
#include "core/time.h"

namespace pilotlight::alerting {

/// What is to be on disk before the outbox goes on: it goes on when the journal has answered, or
/// after `patience`, since a disk that hangs delays no page, nor does one that takes nothing.
class Commits {
  public:
    using Take = std::function<void(std::vector<Notification>)>;

    /// `journal` outlives this; `executor` and `gate` are the loop's.
    Commits(Journal& journal, boost::asio::any_io_executor executor, Duration patience,
            std::shared_ptr<Gate> gate)
        : journal_(journal),
          executor_(std::move(executor)),
          patience_(patience),
          gate_(std::move(gate)) {}

    /// Puts them into the outbox and gives them to `take` on the loop, once. Thread: any.
    void record(std::vector<Notification> notifications, const Take& take);
    /// `asked` is called once the journal has been asked, and before anything is waited for.
    /// Thread: the loop's.
    [[nodiscard]] boost::asio::awaitable<void> settle(Settlement settlement,
                                                      std::function<void()> asked);

  private:
    Journal& journal_;
    boost::asio::any_io_executor executor_;
    Duration patience_;
    std::shared_ptr<Gate> gate_;
};

}  // namespace pilotlight::alerting
