#include "probes/ask.h"

#include <exception>
#include <new>
#include <string>

#include "runtime/wait.h"

namespace asio = boost::asio;

namespace pilotlight::probes {

asio::awaitable<Report> ask(Prober& prober, runtime::Services& services,
                            runtime::Deadline deadline) {
    std::string escaped;
    try {
        Report report = co_await prober.run(services, deadline);
        co_return report;
    } catch (const std::bad_alloc&) {
        co_return Report{Outcome::unknown("prober", "no_memory", "there is no memory left")};
    } catch (const std::exception& error) {
        if (runtime::is_cancellation()) throw;
        escaped = error.what();
    }
    co_return Report{Outcome::unknown("prober", "exception", "the prober threw: " + escaped)};
}

}  // namespace pilotlight::probes
