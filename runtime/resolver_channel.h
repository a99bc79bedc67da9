#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/ip_address.h"
#include "runtime/resolver.h"

/// Inside of the resolver: one c-ares channel on asio. Only resolver*.cpp include this.
namespace pilotlight::runtime {

/// What a question to the name servers came to, before it is judged.
enum class DnsAnswer { addresses, no_addresses, no_such_name, server_failure, refused, silence };

/// One configuration of c-ares (servers, search list, hosts order) and its questions in flight.
/// Thread: its executor's.
class ResolverChannel : public std::enable_shared_from_this<ResolverChannel> {
  public:
    /// What an error that a server answers with (SERVFAIL, REFUSED) means: that the next one is to
    /// be asked, as the system's resolver does, or just that.
    enum class ErrorAnswers { ask_next, are_answers };
    using OnAnswer = std::function<void(DnsAnswer, std::vector<IpAddress>)>;
    using OnRecords = std::function<void(DnsAnswer, std::vector<NameRecord>)>;

    /// Null if c-ares cannot be set up (no memory, no descriptors).
    static std::shared_ptr<ResolverChannel> open(boost::asio::any_io_executor executor,
                                                 const std::string& servers,
                                                 ErrorAnswers error_answers);
    virtual ~ResolverChannel() = default;

    /// Addresses of one family (4 or 6). `on_answer` is called once, possibly before this returns.
    virtual void ask(const std::string& host, int version, OnAnswer on_answer) = 0;
    /// Records of one type, by the search list as names of hosts are looked up. `on_records` is
    /// called once, possibly before this returns.
    virtual void ask_records(const std::string& name, RecordType type, OnRecords on_records) = 0;
    /// Asks for the root's name servers, which any living recursive resolver knows: a witness.
    virtual void ask_root(OnAnswer on_answer) = 0;

    [[nodiscard]] virtual std::size_t in_flight() const = 0;
    /// Ends every question unanswered, and all use of the loop.
    virtual void close() = 0;
};

/// What a message from a name server says of the type asked for, hosts without the dot at their
/// end; nothing where it is no such message.
[[nodiscard]] std::optional<std::vector<NameRecord>> parse_records(
    std::span<const unsigned char> message, RecordType type);

}  // namespace pilotlight::runtime
