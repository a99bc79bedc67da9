#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>

#include "core/time.h"
#include "exporters/connection.h"

namespace pilotlight::exporters {

/// The connections that threads serve at present, and which of them only wait for a next request:
/// those can be closed at any moment. Thread: any.
class OpenConnections {
  public:
    /// An entry for as long as it lives.
    class Entry {
      public:
        Entry(OpenConnections& all, Connection& connection);
        Entry(const Entry&) = delete;
        Entry& operator=(const Entry&) = delete;
        ~Entry();

        /// False when it shall be closed instead.
        [[nodiscard]] bool begin_idle();
        void end_idle();

      private:
        OpenConnections& all_;
        Connection& connection_;
    };

    /// Shuts down the one that has been idle for longest, if any is.
    void close_an_idle_one();

    /// Shuts down all idle ones, lets the others finish for `patience`, shuts down the rest. From
    /// then on none becomes idle.
    void close_all(Duration patience);

    [[nodiscard]] bool is_closing() const;

  private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    /// With the time since when it is idle; max() while it is not.
    std::map<Connection*, SteadyTime> connections_;
    bool closing_ = false;
};

}  // namespace pilotlight::exporters
