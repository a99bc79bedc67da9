#include <fmt/format.h>

#include <algorithm>

#include "config/sections.h"
#include "config/yaml.h"

namespace pilotlight::config {
namespace {

constexpr Option<ModuleConfig> kOptions[] = {
    option<&ModuleConfig::prober>("prober", "required", "The prober whose section the module has."),
    option<&ModuleConfig::timeout>("timeout", "", "The timeout of targets that give none."),
};

ModuleConfig read_module(const Node::Entry& entry, std::span<const std::string_view> known,
                         Errors& errors) {
    ModuleConfig module;
    module.name = entry.key;
    module.where = entry.key_where;
    // blackbox_exporter lets a module have the sections of other probers too.
    read_options(entry.value, kOptions, module, errors, known);
    const Node* prober = entry.value.find("prober");
    if (prober != nullptr && std::ranges::find(known, module.prober) == known.end()) {
        errors.push_back(prober->error(fmt::format("unknown prober {}, expected one of: {}",
                                                   prober->shown(), fmt::join(known, ", "))));
    }
    if (const Node* options = entry.value.find(module.prober)) module.options = *options;
    return module;
}

}  // namespace

Checked<std::vector<ModuleConfig>> load_modules(const std::string& path,
                                                std::span<const std::string_view> known_probers) {
    const auto root = load_yaml(path);
    if (!root) return std::unexpected(Errors{root.error()});
    Errors errors;
    check_keys(*root, {"modules"}, errors);
    std::vector<ModuleConfig> modules;
    const Node* section = root->find("modules");
    if (section != nullptr && !section->is_null() && !section->is_mapping()) {
        expected_value(*section, "a mapping of module names", errors);
    } else if (section != nullptr) {
        for (const Node::Entry& entry : section->entries) {
            modules.push_back(read_module(entry, known_probers, errors));
        }
    }
    if (!errors.empty()) return std::unexpected(std::move(errors));
    return modules;
}

void read_modules(Reading& reading) {
    for (const std::string& path : expand_globs(reading.config.module_globs)) {
        reading.config.files_read.push_back(path);
        auto modules = load_modules(path, reading.probers);
        if (!modules) {
            reading.errors.insert(reading.errors.end(), modules.error().begin(),
                                  modules.error().end());
            continue;
        }
        for (ModuleConfig& module : *modules) {
            const auto [first, added] = reading.modules->try_emplace(module.name, module);
            if (added) continue;
            reading.errors.emplace_back(fmt::format("a second module \"{}\", the first is in {}",
                                                    module.name, first->second.where.file.str()),
                                        module.where);
        }
    }
}

SectionDocs modules_docs() {
    return {"Module files",
            "The files of `module_files` have blackbox_exporter's format: one key `modules`, a "
            "mapping of names to modules. Besides the keys below, a module has the section of its "
            "prober. What a target says in its own section comes before what its module says.",
            docs_of(kOptions)};
}

}  // namespace pilotlight::config
