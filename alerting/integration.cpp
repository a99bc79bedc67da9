#include "alerting/integration.h"

#include <array>

#include "core/check.h"

namespace pilotlight::alerting {
namespace {

constexpr std::array kReasons{
    Reason::resolve,      Reason::connect,          Reason::tls,
    Reason::timeout,      Reason::connection_lost,  Reason::rate_limited,
    Reason::server_error, Reason::client_error,     Reason::bad_answer,
    Reason::expired,      Reason::receiver_removed,
};

}  // namespace

Message Integration::render_change(const ChangeEvent&) const {
    PILOT_CHECK(false);
}

boost::asio::awaitable<Delivery> Integration::send_change(runtime::Services&, ChangeEvent,
                                                          runtime::Deadline) const {
    PILOT_CHECK(false);
}

std::string_view to_string(Reason reason) {
    switch (reason) {
        case Reason::resolve:
            return "resolve";
        case Reason::connect:
            return "connect";
        case Reason::tls:
            return "tls";
        case Reason::timeout:
            return "timeout";
        case Reason::connection_lost:
            return "connection_lost";
        case Reason::rate_limited:
            return "rate_limited";
        case Reason::server_error:
            return "server_error";
        case Reason::client_error:
            return "client_error";
        case Reason::bad_answer:
            return "bad_answer";
        case Reason::expired:
            return "expired";
        case Reason::receiver_removed:
            return "receiver_removed";
    }
    PILOT_CHECK(false);
}

std::span<const Reason> all_reasons() {
    return kReasons;
}

}  // namespace pilotlight::alerting
