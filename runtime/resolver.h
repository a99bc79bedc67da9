#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

#include "runtime/address_rules.h"
#include "runtime/deadline.h"
#include "runtime/failure.h"
#include "runtime/ip_address.h"

namespace pilotlight::runtime {

enum class RecordType { srv, mx, ns };

/// What a record points to.
struct NameRecord {
    /// Without a dot at its end.
    std::string host;
    /// 0 where the type has none.
    int port = 0;

    auto operator<=>(const NameRecord&) const = default;
};

/// Names to addresses by c-ares on one loop: many look-ups in flight, each with its deadline, each
/// cancellable. Honours /etc/hosts, /etc/resolv.conf (read anew when it changes) and the `hosts`
/// line's order of files and dns. Thread: its executor's only.
class Resolver {
  public:
    struct Options {
        /// Servers to ask instead of those of /etc/resolv.conf: "192.0.2.1:53,[2001:db8::1]:53".
        std::string servers;
    };

    explicit Resolver(boost::asio::any_io_executor executor);
    Resolver(boost::asio::any_io_executor executor, Options options);
    /// The same resolver under `rules`, which outlive this as `base` does; null for none.
    Resolver(const Resolver& base, const AddressRules* rules);
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    /// Look-ups in flight end as cancelled; their coroutines must be joined before.
    ~Resolver();

    /// The addresses of `host`, at least one, in the order to try them; a numeric host is its own
    /// address, localhost is loopback. No answer is kept: each call asks anew. Fails in phase
    /// "resolve": `nxdomain`, `no_addresses` (the name exists), `server_failure`, `timeout` (the
    /// resolver is alive, this name's servers do not answer), or, unknown, `resolver_unreachable`
    /// (nothing answers at all, or nobody gets more than an error) and `resolver_refuses`.
    [[nodiscard]] boost::asio::awaitable<Attempt<std::vector<IpAddress>>> resolve(
        std::string host, IpPreference preference, Deadline deadline);

    /// The records of `name`, at least one, in the server's order. Fails in phase "resolve":
    /// `nxdomain`, `no_records` (the name exists), `server_failure`, `timeout`.
    [[nodiscard]] boost::asio::awaitable<Attempt<std::vector<NameRecord>>> records(
        std::string name, RecordType type, Deadline deadline);

  private:
    class State;
    std::shared_ptr<State> state_;
    const AddressRules* rules_ = nullptr;
};

}  // namespace pilotlight::runtime
