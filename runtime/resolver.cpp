#include "runtime/resolver.h"

#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "runtime/resolver_channel.h"
#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::runtime {

namespace {

// How long the second family may lag behind the first: RFC 8305 gives AAAA 50 ms; slow resolvers
// are common, and a probe has seconds.
constexpr auto kFamilyGrace = std::chrono::milliseconds(150);
// Silence after which the resolver itself is doubted and a witness is asked.
constexpr auto kDoubtAfter = std::chrono::milliseconds(1'000);
constexpr auto kWitnessWait = std::chrono::milliseconds(1'000);
constexpr auto kFilesLookedAtEvery = std::chrono::seconds(5);

/// What stat says of the files that c-ares reads when a channel is opened.
struct FilesStamp {
    std::array<std::int64_t, 6> numbers{};
    bool operator==(const FilesStamp&) const = default;

    static FilesStamp now() {
        FilesStamp stamp;
        std::size_t at = 0;
        for (const char* path : {"/etc/resolv.conf", "/etc/nsswitch.conf"}) {
            struct stat status{};
            if (::stat(path, &status) == 0) {
                stamp.numbers[at] = static_cast<std::int64_t>(status.st_ino);
                stamp.numbers[at + 1] = status.st_mtim.tv_sec;
                stamp.numbers[at + 2] = status.st_mtim.tv_nsec;
            }
            at += 3;
        }
        return stamp;
    }
};

/// Coroutines that wait for news, each by its own timer.
class Waiters {
  public:
    void add(asio::steady_timer* timer) { timers_.insert(timer); }
    void remove(asio::steady_timer* timer) { timers_.erase(timer); }
    void wake() {
        for (asio::steady_timer* timer : timers_)
            timer->cancel();
    }

  private:
    std::set<asio::steady_timer*> timers_;
};

/// A question about one name and family, shared by all who ask it at the same time.
struct Lookup {
    std::optional<DnsAnswer> answer;
    std::vector<IpAddress> addresses;
    Waiters waiters;

    [[nodiscard]] bool has_addresses() const { return answer == DnsAnswer::addresses; }
};

/// `localhost` and what ends in `.localhost`, which no server is to be asked about (RFC 6761, 6.3).
/// c-ares 1.18 would leak a few bytes each time.
bool is_localhost(std::string_view host) {
    static constexpr std::string_view kName = "localhost";
    if (host.ends_with('.')) host.remove_suffix(1);
    if (host.size() < kName.size()) return false;
    const std::string_view end = host.substr(host.size() - kName.size());
    const bool same =
        std::ranges::equal(end, kName, [](char a, char b) { return (a | 0x20) == b; });
    return same && (host.size() == kName.size() || host[host.size() - kName.size() - 1] == '.');
}

std::vector<IpAddress> loopback(IpPreference preference) {
    std::vector<IpAddress> addresses;
    for (const int version : {preference.preferred, preference.preferred == 4 ? 6 : 4}) {
        addresses.push_back(IpAddress::parse(version == 4 ? "127.0.0.1" : "::1").value());
        if (!preference.fallback) break;
    }
    return addresses;
}

Failure failure(std::string reason, std::string detail, bool unknown = false) {
    return {"resolve", std::move(reason), std::move(detail), unknown};
}

}  // namespace

class Resolver::State : public std::enable_shared_from_this<Resolver::State> {
  public:
    State(asio::any_io_executor executor, Options options)
        : executor_(std::move(executor)), options_(std::move(options)) {}

    ~State() {
        for (const auto& channel : channels_)
            channel->close();
    }

    asio::awaitable<Attempt<std::vector<IpAddress>>> resolve(std::string host,
                                                             IpPreference preference,
                                                             Deadline deadline);
    asio::awaitable<Attempt<std::vector<NameRecord>>> records(std::string name, RecordType type,
                                                              Deadline deadline);

  private:
    /// What one resolve() has asked and heard. Registered with every look-up it waits for.
    struct Asking {
        explicit Asking(const asio::any_io_executor& executor) : timer(executor) {}
        Asking(const Asking&) = delete;
        Asking& operator=(const Asking&) = delete;
        ~Asking() {
            for (const auto& lookup : lookups)
                lookup->waiters.remove(&timer);
            if (witness) witness->waiters.remove(&timer);
        }
        void add(std::shared_ptr<Lookup> lookup) {
            lookup->waiters.add(&timer);
            lookups.push_back(std::move(lookup));
        }

        asio::steady_timer timer;
        /// The preferred family's first.
        std::vector<std::shared_ptr<Lookup>> lookups;
        std::shared_ptr<Lookup> witness;
        SteadyTime began = steady_now();
        std::optional<SteadyTime> first_success;
    };

    std::shared_ptr<ResolverChannel> channel();
    std::shared_ptr<Lookup> look_up(const std::string& host, int version);
    std::shared_ptr<Lookup> ask_witness();
    void note_alive(DnsAnswer answer);

    asio::awaitable<void> await_answers(Asking& asking, Deadline deadline);
    static asio::awaitable<void> await_witness(Asking& asking, Deadline deadline);
    [[nodiscard]] bool is_alive(const Asking& asking) const;
    [[nodiscard]] Failure judge(const Asking& asking, const std::string& host) const;

    asio::any_io_executor executor_;
    Options options_;
    /// The newest last; older ones stay until their questions have ended.
    std::vector<std::shared_ptr<ResolverChannel>> channels_;
    FilesStamp stamp_;
    SteadyTime files_looked_at_{};
    std::map<std::pair<std::string, int>, std::shared_ptr<Lookup>> in_flight_;
    std::shared_ptr<Lookup> witness_in_flight_;
    /// When a name server last gave an answer that shows that it works.
    SteadyTime alive_at_{};
};

std::shared_ptr<ResolverChannel> Resolver::State::channel() {
    const SteadyTime now = steady_now();
    if (channels_.empty() || now - files_looked_at_ >= kFilesLookedAtEvery) {
        files_looked_at_ = now;
        const FilesStamp stamp = FilesStamp::now();
        if (channels_.empty() || stamp != stamp_) {
            stamp_ = stamp;
            auto opened = ResolverChannel::open(executor_, options_.servers,
                                                ResolverChannel::ErrorAnswers::ask_next);
            if (opened) channels_.push_back(std::move(opened));
        }
    }
    if (channels_.empty()) return nullptr;
    std::erase_if(channels_, [&](const auto& old) {
        return old != channels_.back() && old->in_flight() == 0;
    });
    return channels_.back();
}

void Resolver::State::note_alive(DnsAnswer answer) {
    if (answer == DnsAnswer::addresses || answer == DnsAnswer::no_addresses ||
        answer == DnsAnswer::no_such_name) {
        alive_at_ = steady_now();
    }
}

std::shared_ptr<Lookup> Resolver::State::look_up(const std::string& host, int version) {
    const std::pair<std::string, int> key(host, version);
    const auto known = in_flight_.find(key);
    if (known != in_flight_.end()) return known->second;
    auto lookup = std::make_shared<Lookup>();
    const std::shared_ptr<ResolverChannel> servers = channel();
    if (!servers) {
        lookup->answer = DnsAnswer::silence;
        return lookup;
    }
    in_flight_[key] = lookup;
    servers->ask(
        host, version,
        [weak = weak_from_this(), lookup, key](DnsAnswer answer, std::vector<IpAddress> addresses) {
            lookup->answer = answer;
            lookup->addresses = std::move(addresses);
            lookup->waiters.wake();
            const auto self = weak.lock();
            if (!self) return;
            self->note_alive(answer);
            self->in_flight_.erase(key);
        });
    return lookup;
}

std::shared_ptr<Lookup> Resolver::State::ask_witness() {
    if (witness_in_flight_) return witness_in_flight_;
    auto witness = std::make_shared<Lookup>();
    // Its own channel: a server that refuses the question is alive all the same.
    const std::shared_ptr<ResolverChannel> servers = ResolverChannel::open(
        executor_, options_.servers, ResolverChannel::ErrorAnswers::are_answers);
    if (!servers) {
        witness->answer = DnsAnswer::silence;
        return witness;
    }
    // Before the newest, which the look-ups use.
    channels_.insert(channels_.begin(), servers);
    witness_in_flight_ = witness;
    servers->ask_root([weak = weak_from_this(), witness](DnsAnswer answer, const auto&) {
        witness->answer = answer;
        witness->waiters.wake();
        if (const auto self = weak.lock()) self->witness_in_flight_.reset();
    });
    return witness;
}

asio::awaitable<void> Resolver::State::await_answers(Asking& asking, Deadline deadline) {
    while (true) {
        const bool all = std::ranges::all_of(
            asking.lookups, [](const auto& lookup) { return lookup->answer.has_value(); });
        const bool any = std::ranges::any_of(
            asking.lookups, [](const auto& lookup) { return lookup->has_addresses(); });
        const SteadyTime now = steady_now();
        if (any && !asking.first_success) asking.first_success = now;
        SteadyTime until = deadline.at;
        if (any) {
            until = std::min(until, *asking.first_success + kFamilyGrace);
        } else if (!asking.witness) {
            until = std::min(until, asking.began + kDoubtAfter);
        }
        if (all || now >= deadline.at || (any && now >= until)) co_return;
        if (now >= until) {
            asking.witness = ask_witness();
            asking.witness->waiters.add(&asking.timer);
            continue;
        }
        asking.timer.expires_at(until);
        co_await asking.timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) throw_cancelled();
    }
}

asio::awaitable<void> Resolver::State::await_witness(Asking& asking, Deadline deadline) {
    const SteadyTime until = std::min(deadline.at, steady_now() + kWitnessWait);
    while (!asking.witness->answer && steady_now() < until) {
        asking.timer.expires_at(until);
        co_await asking.timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) throw_cancelled();
    }
}

bool Resolver::State::is_alive(const Asking& asking) const {
    if (alive_at_ >= asking.began) return true;
    if (!asking.witness || !asking.witness->answer) return false;
    const DnsAnswer witness = *asking.witness->answer;
    return witness != DnsAnswer::silence && witness != DnsAnswer::server_failure;
}

Failure Resolver::State::judge(const Asking& asking, const std::string& host) const {
    const auto heard = [&](DnsAnswer answer) {
        return std::ranges::any_of(asking.lookups,
                                   [&](const auto& lookup) { return lookup->answer == answer; });
    };
    if (heard(DnsAnswer::no_such_name)) return failure("nxdomain", host + " does not exist");
    const bool failed = heard(DnsAnswer::server_failure) || heard(DnsAnswer::refused);
    const bool answered = heard(DnsAnswer::no_addresses);
    const bool silent =
        heard(DnsAnswer::silence) ||
        std::ranges::any_of(asking.lookups, [](const auto& lookup) { return !lookup->answer; });
    if (answered && !failed && !silent) {
        return failure("no_addresses", host + " exists but has no address of the wanted family");
    }
    // A resolver that does not serve us: nothing that the target could help. Of a look-up c-ares
    // does not tell which error all servers answered with.
    const bool serves_nobody = asking.witness && asking.witness->answer == DnsAnswer::refused;
    if (failed && !silent && serves_nobody) {
        return failure("resolver_refuses", "the name servers refuse to look up " + host, true);
    }
    if (!is_alive(asking)) {
        return failure("resolver_unreachable",
                       "no name server answers, so " + host + " cannot be looked up", true);
    }
    if (failed) return failure("server_failure", "the name servers fail to answer for " + host);
    return failure("timeout", "no answer for " + host + " while the resolver answers others");
}

asio::awaitable<Attempt<std::vector<IpAddress>>> Resolver::State::resolve(std::string host,
                                                                          IpPreference preference,
                                                                          Deadline deadline) {
    Asking asking(executor_);
    asking.add(look_up(host, preference.preferred));
    if (preference.fallback) asking.add(look_up(host, preference.preferred == 4 ? 6 : 4));
    co_await await_answers(asking, deadline);
    std::vector<IpAddress> addresses;
    for (const auto& lookup : asking.lookups) {
        addresses.insert(addresses.end(), lookup->addresses.begin(), lookup->addresses.end());
    }
    if (!addresses.empty()) co_return addresses;
    const bool certain = std::ranges::all_of(asking.lookups, [](const auto& lookup) {
        return lookup->answer == DnsAnswer::no_addresses ||
               lookup->answer == DnsAnswer::no_such_name;
    });
    if (!certain && !is_alive(asking)) {
        if (!asking.witness) {
            asking.witness = ask_witness();
            asking.witness->waiters.add(&asking.timer);
        }
        co_await await_witness(asking, deadline);
    }
    co_return std::unexpected(judge(asking, host));
}

asio::awaitable<Attempt<std::vector<NameRecord>>> Resolver::State::records(std::string name,
                                                                           RecordType type,
                                                                           Deadline deadline) {
    struct Heard {
        explicit Heard(const asio::any_io_executor& executor) : timer(executor) {}
        asio::steady_timer timer;
        std::optional<DnsAnswer> answer;
        std::vector<NameRecord> records;
    };
    const auto heard = std::make_shared<Heard>(executor_);
    heard->timer.expires_at(deadline.at);
    const std::shared_ptr<ResolverChannel> servers = channel();
    if (!servers) {
        co_return std::unexpected(
            failure("resolver_unreachable", "no resolver can be set up", true));
    }
    servers->ask_records(name, type, [heard](DnsAnswer answer, std::vector<NameRecord> records) {
        heard->answer = answer;
        heard->records = std::move(records);
        heard->timer.cancel();
    });
    while (!heard->answer && steady_now() < deadline.at) {
        co_await heard->timer.async_wait(asio::as_tuple(asio::use_awaitable));
        const asio::cancellation_state cancellation = co_await asio::this_coro::cancellation_state;
        if (cancellation.cancelled() != asio::cancellation_type::none) throw_cancelled();
    }
    const DnsAnswer answer = heard->answer.value_or(DnsAnswer::silence);
    switch (answer) {
        case DnsAnswer::addresses:
            co_return std::move(heard->records);
        case DnsAnswer::no_addresses:
            co_return std::unexpected(
                failure("no_records", name + " exists but has no record of the wanted type"));
        case DnsAnswer::no_such_name:
            co_return std::unexpected(failure("nxdomain", name + " does not exist"));
        case DnsAnswer::silence:
            co_return std::unexpected(failure("timeout", "no answer for " + name));
        default:
            co_return std::unexpected(
                failure("server_failure", "the name servers fail to answer for " + name));
    }
}

Resolver::Resolver(asio::any_io_executor executor) : Resolver(std::move(executor), Options()) {}

Resolver::Resolver(asio::any_io_executor executor, Options options)
    : state_(std::make_shared<State>(std::move(executor), std::move(options))) {}

Resolver::~Resolver() = default;

Resolver::Resolver(const Resolver& base, const AddressRules* rules)
    : state_(base.state_), rules_(rules) {}

asio::awaitable<Attempt<std::vector<IpAddress>>> Resolver::resolve(std::string host,
                                                                   IpPreference preference,
                                                                   Deadline deadline) {
    const bool ruled = rules_ != nullptr && rules_->are_for(host);
    const std::optional<IpAddress> numeric =
        ruled && rules_->only ? rules_->only : IpAddress::parse(host);
    if (numeric) {
        if (!preference.fallback && numeric->version != preference.preferred) {
            co_return std::unexpected(
                failure("no_addresses", host + " is not of the wanted address family"));
        }
        co_return std::vector<IpAddress>{*numeric};
    }
    Attempt<std::vector<IpAddress>> found;
    if (is_localhost(host)) {
        found = loopback(preference);
    } else {
        const std::shared_ptr<State> state = state_;
        found = co_await state->resolve(std::move(host), preference, deadline);
    }
    if (ruled && found) rules_->sort(*found);
    co_return found;
}

asio::awaitable<Attempt<std::vector<NameRecord>>> Resolver::records(std::string name,
                                                                    RecordType type,
                                                                    Deadline deadline) {
    const std::shared_ptr<State> state = state_;
    Attempt<std::vector<NameRecord>> found =
        co_await state->records(std::move(name), type, deadline);
    co_return found;
}

}  // namespace pilotlight::runtime
