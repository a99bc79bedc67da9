#pragma once

#include <boost/test/unit_test.hpp>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

#include "alerting/dispatcher.h"
#include "core/alert.h"
#include "tests/alerting/routing_text.h"

namespace pilotlight::alerting::testing {

/// Alerts come and go in virtual time; what is told is written as lines that read like this:
/// `30s ops/webhook[0] first {job="api"}: +A +B -C`, firing with a plus, ended with a minus.
class Scene {
  public:
    explicit Scene(const std::string& yaml) : routing_(routing(yaml)) {
        dispatcher_ = std::make_unique<Dispatcher>(routing_, "https://pilotlight.example");
    }

    [[nodiscard]] static WallTime at(Duration since_start) {
        return WallTime(std::chrono::hours(500'000)) + since_start;
    }

    static Alert alert(const Labels& labels, Duration fired, std::optional<Duration> ended = {}) {
        Alert alert;
        alert.labels = labels;
        alert.state = ended ? AlertState::resolved : AlertState::firing;
        alert.active_at = at(fired);
        alert.fired_at = at(fired);
        if (ended) alert.resolved_at = at(*ended);
        alert.annotations = Labels{{"summary", labels.get(kAlertName)}};
        return alert;
    }

    /// Lets time pass up to `when`, ticking whenever the dispatcher asks for it.
    Scene& advance(Duration when) {
        while (true) {
            const auto wakeup = dispatcher_->next_wakeup();
            if (!wakeup || *wakeup > at(when)) break;
            BOOST_REQUIRE(*wakeup >= at(now_));
            now_ = *wakeup - at(Duration(0));
            tick();
            BOOST_REQUIRE(!dispatcher_->next_wakeup() || *dispatcher_->next_wakeup() > at(now_));
        }
        now_ = when;
        return *this;
    }

    Scene& fire(Duration when, const Labels& labels) { return put(when, {alert(labels, when)}); }
    Scene& end(Duration when, const Labels& labels) {
        return put(when, {alert(labels, Duration(0), when)});
    }
    Scene& put(Duration when, const std::vector<Alert>& alerts) {
        advance(when);
        dispatcher_->accept(alerts, at(now_));
        tick();
        return *this;
    }

    Scene& replace(Duration when, const std::string& yaml) {
        advance(when);
        routing_ = routing(yaml);
        dispatcher_->replace(routing_, at(now_));
        tick();
        return *this;
    }

    /// As a crash and a start do: the notification log is all that is left.
    Scene& restart(Duration when, const std::string& yaml = "",
                   const std::function<void(Dispatcher&)>& before_restore = {}) {
        advance(when);
        if (!yaml.empty()) routing_ = routing(yaml);
        std::vector<Told> told;
        for (auto& [key, entry] : log_)
            told.push_back(entry);
        dispatcher_ = std::make_unique<Dispatcher>(routing_, "https://pilotlight.example");
        if (before_restore) before_restore(*dispatcher_);
        dispatcher_->restore(told, 1, at(now_));
        tick();
        return *this;
    }

    /// What becomes of notifications from now on. Null: they stay underway.
    std::optional<Settlement::Outcome> outcome = Settlement::Outcome::delivered;
    Duration delivery_takes{};

    void settle(const Notification& notification, Settlement::Outcome result, Duration when) {
        Settlement settlement{notification.sequence,
                              notification.to,
                              notification.group_key,
                              notification.status(),
                              result,
                              at(when),
                              ""};
        Told& told = log_[key_of(notification)];
        told.pending = false;
        told.failed = result == Settlement::Outcome::dead;
        if (result == Settlement::Outcome::delivered) {
            told.delivered_at = at(when);
            told.open = notification.status() == Status::firing;
        }
        dispatcher_->settle(settlement);
        forget();
    }

    [[nodiscard]] std::string told() { return std::exchange(lines_, ""); }
    [[nodiscard]] Dispatcher& dispatcher() { return *dispatcher_; }
    [[nodiscard]] const std::vector<Notification>& sent() const { return sent_; }
    [[nodiscard]] std::size_t log_size() const { return log_.size(); }
    [[nodiscard]] Duration now() const { return now_; }

  private:
    static std::string key_of(const Notification& notification) {
        return notification.to.to_string() + notification.group_key;
    }

    void tick() {
        for (Notification& notification : dispatcher_->tick(at(now_))) {
            std::string line = format_duration(now_) + " " + notification.to.to_string() + " " +
                               std::string(to_string(notification.cause)) + " " +
                               notification.group_labels.to_string() + ":";
            if (notification.only_amends) line += " (amends)";
            for (const NotifiedAlert& alert : notification.alerts) {
                line += alert.status == Status::firing ? " +" : " -";
                line += alert.labels.get(kAlertName);
            }
            lines_ += line + "\n";
            Told& told = log_[key_of(notification)];
            told.last = notification;
            told.pending = true;
            told.failed = false;
            sent_.push_back(notification);
            if (outcome) settle(notification, *outcome, now_ + delivery_takes);
        }
        forget();
    }

    void forget() {
        for (const Told& entry : dispatcher_->take_forgotten())
            log_.erase(key_of(entry.last));
    }

    SharedRouting routing_;
    std::unique_ptr<Dispatcher> dispatcher_;
    std::map<std::string, Told> log_;
    std::vector<Notification> sent_;
    std::string lines_;
    Duration now_{};
};

}  // namespace pilotlight::alerting::testing
