#include <sys/utsname.h>

#include <cerrno>
#include <cstring>

#include "probes/host_collectors.h"
#include "probes/host_file.h"

namespace pilotlight::probes::host {

Result<void> collect_file_descriptors(const Paths& paths, Findings& out) {
    const std::string path = paths.procfs + "/sys/fs/file-nr";
    const Result<std::string> text = read_kernel_file(path);
    if (!text) return std::unexpected(text.error());
    const std::vector<std::string_view> lines = lines_of(*text);
    const std::vector<std::string_view> words = words_of(lines.empty() ? "" : lines[0]);
    const std::optional<double> allocated = number_of(words.empty() ? "" : words[0]);
    const std::optional<double> maximum = number_of(words.size() < 3 ? "" : words[2]);
    if (!allocated || !maximum) return fail(path + ": not three numbers");
    out.add("node_filefd_allocated", *allocated);
    out.add("node_filefd_maximum", *maximum);
    return {};
}

Result<void> collect_uname(Findings& out) {
    utsname name{};
    if (uname(&name) != 0) return fail(fmt::format("uname: {}", std::strerror(errno)));
    out.add("node_uname_info", 1,
            {{"sysname", name.sysname},
             {"release", name.release},
             {"version", name.version},
             {"machine", name.machine},
             {"nodename", name.nodename},
             {"domainname", name.domainname}});
    return {};
}

}  // namespace pilotlight::probes::host
