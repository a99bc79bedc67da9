#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "probes/skips.h"

namespace pilotlight::probes {

/// Lets probes in as far as the limits of those that run at once allow: against one host, of one
/// prober, on one loop. Who finds a limit reached waits, first come first served, and holds nothing
/// that others need meanwhile but its place at the limits before.
/// Thread: any; every probe loop shares it.
class Admission {
  public:
    struct Limits {
        std::size_t per_loop = 2'000;
        std::size_t per_host = 1'000;
        std::size_t per_prober = 10'000;
        /// In place of per_prober, by name.
        std::map<std::string, std::uint64_t, std::less<>> of_prober = {};
    };

    Admission(Limits limits, int loops);
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;
    ~Admission();

    /// The limits that one target's probes pass.
    class Way;
    /// `host` may be empty: then there is no limit of hosts.
    [[nodiscard]] Way way(const std::string& host, const std::string& prober, int loop);

    /// A probe's place: waited for, had, given back by the destructor.
    class Pass;

    /// Forgets hosts that no way leads to any more.
    void forget_unused();

  private:
    struct Gate;
    using News = std::vector<std::function<void()>>;

    mutable std::mutex mutex_;
    Limits limits_;
    std::unordered_map<std::string, std::shared_ptr<Gate>> hosts_;
    std::map<std::string, std::shared_ptr<Gate>, std::less<>> probers_;
    std::vector<std::shared_ptr<Gate>> loops_;
};

class Admission::Way {
  public:
    Way() = default;

  private:
    friend Admission;
    friend Pass;
    /// In the order to pass them; null where there is none. A place at the last one is the dearest.
    std::array<std::shared_ptr<Gate>, 3> gates_;
};

class Admission::Pass {
  public:
    /// Not let in yet: call enter(). Both outlive this.
    Pass(Admission& admission, const Way& way) : admission_(admission), way_(way) {}
    Pass(Admission& admission, Way&& way) = delete;
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass();

    /// Whether there is room at once. If not, nothing has happened: call wait().
    [[nodiscard]] bool enter();
    /// Stands in line, or is let in after all. `moved` is called, on any thread, each time that
    /// waits_for() has changed by others; it may still be called once while this is destroyed.
    void wait(std::function<void()> moved);
    /// The limit that is waited for; nothing once it is let in.
    [[nodiscard]] std::optional<SkipCause> waits_for() const;

  private:
    friend Admission;
    void advance();
    void leave(News& news);

    Admission& admission_;
    const Way& way_;
    /// Gates passed.
    std::size_t passed_ = 0;
    bool waiting_ = false;
    std::list<Pass*>::iterator in_line_;
    std::function<void()> moved_;
};

}  // namespace pilotlight::probes
