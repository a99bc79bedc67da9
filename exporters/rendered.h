#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "exporters/http.h"
#include "exporters/snapshot.h"

namespace pilotlight::exporters {

/// Bodies made from the newest snapshot, kept for a second: however many clients ask, and however
/// often, a page costs its making once. Clients that ask for one that is being made wait for it.
/// Thread: any. Holds one body per key; keys are a closed set.
class Rendered {
  public:
    [[nodiscard]] SharedBody get(std::string_view key, const SharedSnapshot& snapshot, WallTime now,
                                 const std::function<SharedBody()>& make);

  private:
    struct Entry {
        std::mutex mutex;
        SharedSnapshot of;
        WallTime made_at{};
        SharedBody body;
    };
    Entry& entry(std::string_view key);

    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries_;
};

}  // namespace pilotlight::exporters
