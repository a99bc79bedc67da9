#include "app/alert_desk.h"

#include <future>
#include <mutex>
#include <utility>

namespace pilotlight::app {
namespace {

namespace api = exporters::alertmanager_api;
using SharedView = std::shared_ptr<const alerting::AlertingView>;

constexpr Duration kPatience{5'000};
/// A hanging disk delays no answer for longer: what was asked holds in memory.
constexpr Duration kCommitPatience{2'000};
/// Readers in between share a view: nobody can make the engine copy itself at will.
constexpr Duration kViewEvery{100};
/// An engine that has not answered is not asked for so long: those who wait meanwhile need not wait
/// one after another.
constexpr Duration kSilentFor{1'000};

/// Told by the journal; waited for on an HTTP thread.
class Commit {
  public:
    AlertCommands::Done done() const {
        return [promise = promise_](const Result<void>&) { promise->set_value(); };
    }
    void wait() { future_.wait_for(kCommitPatience); }

  private:
    std::shared_ptr<std::promise<void>> promise_ = std::make_shared<std::promise<void>>();
    std::future<void> future_ = promise_->get_future();
};

class Desk {
  public:
    Desk(runtime::Loop& loop, std::unique_ptr<Engine>& engine, const std::atomic<bool>& runs)
        : loop_(loop), engine_(engine), runs_(runs) {}

    SharedView view() {
        const std::scoped_lock lock(mutex_);
        const std::uint64_t changes = changes_;
        const SteadyTime now = steady_now();
        const Duration fresh = view_ == nullptr ? kSilentFor : kViewEvery;
        if (seen_ == changes && now - asked_at_ < fresh) return view_;
        view_ = ask([this] { return engine_->alerts().view(wall_now()); }).value_or(nullptr);
        seen_ = changes;
        asked_at_ = steady_now();
        return view_;
    }

    /// `change(commands, now, done)` on the engine's loop; `is_done` says of its answer whether
    /// the journal was asked to write.
    template <class Change, class IsDone>
    auto change(Change change, IsDone is_done) {
        Commit commit;
        auto answer = ask([this, change = std::move(change), done = commit.done()]() mutable {
            auto made = change(engine_->alerts(), wall_now(), std::move(done));
            engine_->alerts_changed();
            return made;
        });
        if (answer && is_done(*answer)) commit.wait();
        ++changes_;
        return answer;
    }

  private:
    template <class F>
    std::optional<std::invoke_result_t<F&>> ask(F function) {
        if (!runs_) return std::nullopt;
        return loop_.ask(std::move(function), kPatience);
    }

    runtime::Loop& loop_;
    std::unique_ptr<Engine>& engine_;
    const std::atomic<bool>& runs_;
    /// Counts changes, so that whoever made one sees it.
    std::atomic<std::uint64_t> changes_ = 0;
    std::mutex mutex_;
    SharedView view_;
    std::uint64_t seen_ = 0;
    SteadyTime asked_at_{};
};

}  // namespace

api::AlertDesk make_alert_desk(runtime::Loop& loop, std::unique_ptr<Engine>& engine,
                               const std::atomic<bool>& runs) {
    auto desk = std::make_shared<Desk>(loop, engine, runs);
    const auto was_taken = [](const auto& answer) { return answer.has_value(); };
    api::AlertDesk asks;
    asks.view = [desk] { return desk->view(); };
    asks.put_silence = [desk, was_taken](alerting::Silence wanted, api::Author author) {
        return desk->change(
            [wanted = std::move(wanted), author = std::move(author)](
                AlertCommands& commands, WallTime now, AlertCommands::Done done) mutable {
                return commands.put_silence(std::move(wanted), author, now, std::move(done));
            },
            was_taken);
    };
    asks.expire_silence = [desk, was_taken](std::string id, api::Author author) {
        return desk->change(
            [id = std::move(id), author = std::move(author)](AlertCommands& commands, WallTime now,
                                                             AlertCommands::Done done) {
                return commands.expire_silence(id, author, now, std::move(done));
            },
            was_taken);
    };
    asks.post_alerts = [desk](std::vector<alerting::PostedAlert> posted) {
        return desk->change(
            [posted = std::move(posted)](AlertCommands& commands, WallTime now,
                                         AlertCommands::Done done) {
                return commands.post(posted, now, std::move(done));
            },
            [](const auto&) { return true; });
    };
    return asks;
}

}  // namespace pilotlight::app
