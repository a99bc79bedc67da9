#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <string>

#include "runtime/blocking.h"
#include "runtime/resolver.h"
#include "runtime/tls.h"

namespace pilotlight::runtime {

/// What work on one loop needs of the outside. Made once per loop, outlives its coroutines.
/// Thread: its loop's, except blocking().
class Services {
  public:
    struct Options {
        Resolver::Options resolver;
        /// Body bytes that a probe reads of an answer unless its options say otherwise.
        std::uint64_t body_limit = 10ULL << 20;
    };

    /// `blocking` is shared by the loops and outlives this.
    Services(boost::asio::any_io_executor executor, BlockingPool& blocking);
    Services(boost::asio::any_io_executor executor, BlockingPool& blocking, Options options);
    /// The same services with a say in the addresses of one host; `base` and `rules` outlive this.
    /// Cheap: made for one probe.
    Services(Services& base, AddressRules& rules);
    Services(const Services&) = delete;
    Services& operator=(const Services&) = delete;
    ~Services();

    [[nodiscard]] const boost::asio::any_io_executor& executor() const { return executor_; }
    [[nodiscard]] Resolver& resolver() { return resolver_; }
    [[nodiscard]] TlsContexts& tls_contexts() { return *tls_contexts_; }
    [[nodiscard]] BlockingPool& blocking() { return blocking_; }
    /// Says which address of a host the work goes to, for the rules.
    void note_address(const std::string& host, const IpAddress& address) {
        if (rules_ != nullptr && rules_->are_for(host)) rules_->note(address);
    }
    [[nodiscard]] std::uint64_t body_limit() const { return options_.body_limit; }

  private:
    boost::asio::any_io_executor executor_;
    BlockingPool& blocking_;
    Options options_;
    Resolver resolver_;
    std::shared_ptr<TlsContexts> tls_contexts_;
    AddressRules* rules_ = nullptr;
};

}  // namespace pilotlight::runtime
