#include "app/spare_memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace pilotlight::app {
namespace {

/// Of the program or one of its libraries: the code, which no relocation writes to.
int give_back_code(dl_phdr_info* object, std::size_t, void*) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (int i = 0; i < object->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = object->dlpi_phdr[i];
        const bool is_code = segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0 &&
                             (segment.p_flags & PF_W) == 0;
        if (!is_code) continue;
        const std::uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) / page * page;
        const std::uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_filesz;
        // The kernel's own page has no file to come back from.
        const std::uintptr_t kernel_page = ::getauxval(AT_SYSINFO_EHDR);
        if (begin <= kernel_page && kernel_page < end) continue;
        // Advice: that it is not taken is no failure.
        (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    }
    return 0;
}

}  // namespace

void give_back_spare_memory() {
    ::malloc_trim(0);
    ::dl_iterate_phdr(give_back_code, nullptr);
}

}  // namespace pilotlight::app
