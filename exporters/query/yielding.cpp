#include "exporters/query/yielding.h"

#include <sys/resource.h>

#include <exception>
#include <system_error>
#include <thread>

namespace pilotlight::query {

void run_yielding(const std::function<void()>& work) {
    constexpr int kNiceness = 15;
    std::exception_ptr thrown;
    std::thread thread;
    try {
        thread = std::thread([&] {
            // On Linux each thread has its own; back to 0 needs a privilege, hence the own thread.
            ::setpriority(PRIO_PROCESS, 0, kNiceness);
            try {
                work();
            } catch (...) {
                thrown = std::current_exception();
            }
        });
    } catch (const std::system_error&) {
        return work();
    }
    thread.join();
    if (thrown) std::rethrow_exception(thrown);
}

}  // namespace pilotlight::query
