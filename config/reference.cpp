#include <fmt/format.h>

#include "config/option_table.h"
#include "config/sections.h"

namespace pilotlight::config {
namespace {

constexpr std::string_view kOpening = R"(# Configuration

This page is generated from the tables that read the configuration: `pilotlight docs configuration`.

`pilotlight.yaml` is one YAML document. An unknown key, a wrong type and a key given twice are
errors, told with file, line and column. Relative paths start from the file's own folder.

- `${VAR}` and `${VAR:-default}` in any value stand for the environment's variable; the default is
  taken where the variable is not set or empty, and without one that is an error. `$${` stands for
  `${`. What is no variable's name, such as `${1}`, stays as it is. In flow mappings (`{...}`) such
  a value needs quotes.
- A duration is written as Prometheus does: `1h30m`, `15s`, `100ms`.
- A size is written `512`, `10KB`, `1MB` or `2MiB`; as in Prometheus a KB is 1024 bytes, like a KiB.
- Regular expressions have RE2's syntax.
- A secret is never shown: not in messages, logs, pages or metrics.
)";

/// A cell of a table: no line ends, no bars.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c == '\n' ? ' ' : c;
    }
    return out;
}

/// Values stand as code, words about them do not.
std::string default_cell(std::string_view text) {
    const bool value =
        !text.empty() && !text.contains(' ') && !text.contains('`') && text != "required";
    return value ? fmt::format("`{}`", cell(text)) : cell(text);
}

}  // namespace

std::string option_table(std::span<const OptionDoc> rows) {
    if (rows.empty()) return "";
    std::string out = "\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n";
    for (const OptionDoc& row : rows) {
        out += fmt::format("| `{}` | {} | {} | {} |\n", row.key, cell(row.type),
                           default_cell(row.default_text), cell(row.description));
    }
    return out;
}

namespace {

void append_section(std::string& out, std::string_view level, const SectionDocs& section) {
    out += fmt::format("\n{} {}\n", level, section.title);
    if (!section.intro.empty()) out += fmt::format("\n{}\n", section.intro);
    out += option_table(section.rows);
}

}  // namespace

std::string configuration_reference(std::span<const ProberDocs> probers) {
    std::string out(kOpening);
    append_section(out, "##", root_docs());
    append_section(out, "##", defaults_docs());
    append_section(out, "##", services_docs());
    append_section(out, "##", targets_docs());
    for (const SectionDocs& section : confirmation_docs())
        append_section(out, "###", section);
    append_section(
        out, "##",
        {"Probers", "Each has a section of its own name in its targets and modules.", {}});
    for (const ProberDocs& prober : probers) {
        out += fmt::format("\n### {}\n\n{}\n", prober.name, prober.description);
        out += option_table(prober.options);
    }
    append_section(out, "##", file_sd_docs());
    for (const SectionDocs& section : discovery_docs())
        append_section(out, "##", section);
    append_section(out, "##", relabel_docs());
    append_section(out, "##", modules_docs());
    append_section(out, "##", probe_endpoint_docs());
    for (const SectionDocs& section : alert_policies_docs())
        append_section(out, "##", section);
    for (const SectionDocs& section : receiver_options_docs())
        append_section(out, "##", section);
    append_section(out, "##", dead_man_docs());
    append_section(out, "##", limits_docs());
    append_section(out, "##", promql_docs());
    out +=
        "\n## Not acted on yet\n\nThese keys are read and checked, and each start and reload "
        "warns of every one that is\nused.\n";
    for (const SectionDocs& section : escalations_docs())
        append_section(out, "###", section);
    return out;
}

}  // namespace pilotlight::config
