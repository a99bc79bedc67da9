// The entry points that libFuzzer calls. PILOTLIGHT_FUZZ_TARGET names the target, so that libFuzzer
// has the command line to itself and hands it to the processes it starts.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/targets.h"

namespace {

const pilotlight::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    const char* name = std::getenv("PILOTLIGHT_FUZZ_TARGET");
    chosen = pilotlight::fuzz::find_target(name == nullptr ? "" : name);
    if (chosen != nullptr) return 0;
    std::fputs("PILOTLIGHT_FUZZ_TARGET must be one of:", stderr);
    for (const auto& target : pilotlight::fuzz::targets())
        std::fprintf(stderr, " %s", std::string(target.name).c_str());
    std::fputc('\n', stderr);
    std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chosen->run({reinterpret_cast<const char*>(data), size});
    return 0;
}
