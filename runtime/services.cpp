#include "runtime/services.h"

namespace pilotlight::runtime {

Services::Services(boost::asio::any_io_executor executor, BlockingPool& blocking)
    : Services(std::move(executor), blocking, Options()) {}

Services::Services(boost::asio::any_io_executor executor, BlockingPool& blocking, Options options)
    : executor_(std::move(executor)),
      blocking_(blocking),
      options_(std::move(options)),
      resolver_(executor_, options_.resolver) {}

Services::~Services() = default;

}  // namespace pilotlight::runtime
