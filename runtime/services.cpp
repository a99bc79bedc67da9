#include "runtime/services.h"

namespace pilotlight::runtime {

Services::Services(boost::asio::any_io_executor executor, BlockingPool& blocking)
    : Services(std::move(executor), blocking, Options()) {}

Services::Services(boost::asio::any_io_executor executor, BlockingPool& blocking, Options options)
    : executor_(std::move(executor)),
      blocking_(blocking),
      options_(std::move(options)),
      resolver_(executor_, options_.resolver),
      tls_contexts_(std::make_shared<TlsContexts>()) {}

Services::Services(Services& base, AddressRules& rules)
    : executor_(base.executor_),
      blocking_(base.blocking_),
      options_(base.options_),
      resolver_(base.resolver_, &rules),
      tls_contexts_(base.tls_contexts_),
      rules_(&rules) {}

Services::~Services() = default;

}  // namespace pilotlight::runtime
