#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "config/sections.h"

namespace pilotlight::config {
namespace {

constexpr std::size_t kNameBytesMax = 200;

/// What a target's file says, before module and defaults are filled in.
struct Draft : TargetConfig {
    std::string module;
    std::string target_file;
    std::optional<Duration> own_interval;
    std::optional<Duration> own_timeout;
    Node confirm;
    Node recover;
};

void read_addresses(const Node& node, Draft& draft, Errors& errors) {
    constexpr std::array<std::string_view, 4> kWords{"first", "any", "each", "quorum"};
    constexpr std::array kPolicies{AddressPolicy::first, AddressPolicy::any, AddressPolicy::each,
                                   AddressPolicy::quorum};
    std::string word;
    read_word(node, kWords, word, errors);
    const auto found = std::ranges::find(kWords, word);
    if (found != kWords.end()) draft.addresses = kPolicies.at(found - kWords.begin());
}

constexpr Option<Draft> kAddressOptions[] = {
    option<&Draft::name, Draft>("name", "required",
                                "What everybody calls it: the label `target`. Unique."),
    option<&Draft::target, Draft>("target", "",
                                  "The address: a URL, host:port, path or glob, as the prober has "
                                  "it. It may hold a password, which is never shown. Needed by "
                                  "every prober but `host` and `heartbeat`."),
    option<&Draft::target_file>("target_file", "",
                                "A file that holds the address instead, read anew at each "
                                "reload; line ends at its end are left out."),
};

constexpr Option<Draft> kOptions[] = {
    option<&Draft::prober, Draft>("prober", "",
                                  "How it is asked; see the probers below. The key of the same "
                                  "name holds that prober's options."),
    option<&Draft::module>("module", "",
                           "Instead of `prober`, or beside the same one: a module of the module "
                           "files."),
    option<&Draft::service, Draft>("service", "",
                                   "The service that it belongs to: the label `service`."),
    option<&Draft::own_interval>("interval", "`defaults`", "How often it is asked."),
    option<&Draft::own_timeout>("timeout", "the module's, then `defaults`",
                                "The deadline of one probe, at most the interval."),
    option<&Draft::labels, Draft>("labels", "", "Further labels of all its samples."),
    option<&Draft::reexpose, Draft>("reexpose", "false",
                                    "`scrape`: whether /metrics shows what the target exposes; "
                                    "never what goes round a circle of such (labels "
                                    "`exported_exported_target`)."),
    option<&Draft::confirm>("confirm", "none",
                            "Probes that have to fail too before a failure counts; see below."),
    option<&Draft::recover>("recover", "none",
                            "Probes that have to succeed before it is ok again; see below."),
    option_read_by<Draft>(read_addresses, "addresses", "first, any, each or quorum", "first",
                          "Which of a name's addresses decide: the first that takes a connection, "
                          "or every one is probed, at most 16, and it is ok if one is (`any`), if "
                          "all are (`each`) or more than half (`quorum`). What says nothing of an "
                          "address, such as no route to IPv6 from here, does not count. Not for "
                          "probers without a host, nor through a proxy."),
};

/// The keys of all probers' sections.
std::vector<std::string_view> section_keys(const Reading& reading) {
    return {reading.probers.begin(), reading.probers.end()};
}

const ModuleConfig* find_module(const Node& node, const Reading& reading) {
    const auto found = reading.modules->find(node.scalar);
    if (found != reading.modules->end()) return &found->second;
    std::vector<std::string_view> known;
    for (const auto& [name, module] : *reading.modules)
        known.push_back(name);
    const std::string_view nearest = nearest_key(node.scalar, known);
    reading.errors.push_back(node.error(
        fmt::format("unknown module {}, {}", node.shown(),
                    !nearest.empty() ? fmt::format("did you mean \"{}\"?", nearest)
                    : known.empty()  ? "expected one of module_files, which has none"
                                    : fmt::format("expected one of: {}", fmt::join(known, ", ")))));
    return nullptr;
}

/// Whether there is a prober to act for the target; says so where not.
bool check_prober(const Node& place, const Draft& draft, Reading& reading) {
    const auto among = [&](std::span<const std::string_view> names) {
        return std::ranges::find(names, draft.prober) != names.end();
    };
    if (among(reading.probers)) return true;
    const std::vector<std::string_view> known(reading.probers.begin(), reading.probers.end());
    const std::string_view nearest = nearest_key(draft.prober, known);
    reading.errors.push_back(place.error(
        fmt::format("unknown prober \"{}\", {}expected one of: {}", draft.prober,
                    nearest.empty() ? "" : fmt::format("did you mean \"{}\"? ", nearest),
                    fmt::join(known, ", "))));
    return false;
}

void set_times(const Node& node, const ModuleConfig* module, Draft& draft, Reading& reading) {
    const Config& config = reading.config;
    draft.interval = draft.own_interval.value_or(config.default_interval);
    Duration inherited = config.default_timeout;
    if (module != nullptr && module->timeout) inherited = *module->timeout;
    // What is inherited gives way to a short interval, as Prometheus has it; what is said does not.
    draft.timeout = draft.own_timeout.value_or(std::min(inherited, draft.interval));
    if (draft.own_interval && *draft.own_interval < kShortestInterval) {
        expected_value(*node.find("interval"), "an interval of 10ms or more", reading.errors);
    } else if (draft.own_timeout && *draft.own_timeout <= Duration{0}) {
        expected_value(*node.find("timeout"), "a timeout of more than 0s", reading.errors);
    } else if (draft.timeout > draft.interval) {
        expected_value(
            *node.find("timeout"),
            fmt::format("a timeout of at most the interval, {}", format_duration(draft.interval)),
            reading.errors);
    }
}

void check_labels(const Node& node, Errors& errors) {
    constexpr std::array<std::string_view, 3> kOurs{"target", "prober", "service"};
    const Node* labels = node.find("labels");
    if (labels == nullptr) return;
    for (const Node::Entry& entry : labels->entries) {
        if (std::ranges::find(kOurs, entry.key) != kOurs.end() || entry.key.starts_with("__")) {
            errors.emplace_back(
                fmt::format("the label \"{}\" is set by Pilotlight itself", entry.key),
                entry.key_where);
        }
    }
}

/// Reads `target_file` into `target`.
void read_target_file(const Node& place, Draft& draft, Reading& reading) {
    constexpr std::size_t kBytesMax = 64U << 10;
    const std::string path = reading.resolve(draft.target_file);
    reading.config.files_read.push_back(path);
    std::ifstream in(path, std::ios::binary);
    std::string text(kBytesMax + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!in.is_open() || in.bad()) {
        reading.errors.push_back(place.error(fmt::format("cannot read {}", path)));
        return;
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    text.resize(text.find_last_not_of("\r\n") + 1);
    if (text.empty() || text.size() > kBytesMax) {
        reading.errors.push_back(
            place.error(fmt::format("expected an address of at most 64 KiB in {}", path)));
        return;
    }
    draft.target = Secret(std::move(text));
}

/// Finds the address, where the prober needs one.
void check_address(const Node& node, Draft& draft, Reading& reading) {
    constexpr std::array<std::string_view, 2> kWithoutAddress{"heartbeat", "host"};
    if (!draft.target_file.empty()) {
        const Node& place = *node.find("target_file");
        if (!draft.target.empty()) {
            reading.errors.push_back(place.error("expected target or target_file, not both"));
            return;
        }
        return read_target_file(place, draft, reading);
    }
    const bool needed = std::ranges::find(kWithoutAddress, draft.prober) == kWithoutAddress.end();
    if (!needed || !draft.target.empty()) return;
    const Node* given = node.find("target");
    if (given == nullptr || given->is_null()) {
        missing_key(node, "target", reading.errors);
    } else if (given->is_scalar()) {
        reading.errors.push_back(given->error("the target is empty, expected an address"));
    }
}

void read_confirmation(const Draft& draft, TargetConfig& target, Reading& reading) {
    target.confirmation = reading.config.default_confirmation;
    if (!draft.confirm.is_null()) {
        read_confirm(draft.confirm, target.confirmation, reading.errors);
        check_confirm(draft.confirm, target.confirmation, target.interval, reading.errors);
    }
    if (!draft.recover.is_null()) read_recover(draft.recover, target.confirmation, reading.errors);
}

void check_other_sections(const Node& node, const Draft& draft, Reading& reading) {
    for (const std::string_view key : section_keys(reading)) {
        if (key == draft.prober || node.find(key) == nullptr) continue;
        const auto entry = std::ranges::find(node.entries, key, &Node::Entry::key);
        reading.errors.emplace_back(
            fmt::format("the section \"{}\" does not belong to a target of the prober \"{}\"", key,
                        draft.prober),
            entry->key_where);
    }
}

/// Settles prober and module; false where the target cannot be gone on with.
bool resolve_prober(const Node& node, Draft& draft, const ModuleConfig*& module, Reading& reading) {
    const Node* place = node.find("prober");
    const Node* module_node = node.find("module");
    if (module_node != nullptr && !draft.module.empty()) {
        module = find_module(*module_node, reading);
        if (module == nullptr) return false;
        if (!draft.prober.empty() && draft.prober != module->prober) {
            reading.errors.push_back(place->error(
                fmt::format("the module \"{}\" is one of the prober \"{}\", expected the same here",
                            draft.module, module->prober)));
            return false;
        }
        draft.prober = module->prober;
        if (place == nullptr) place = module_node;
    }
    if (draft.prober.empty()) {
        if (place == nullptr) missing_key(node, "prober", reading.errors);
        return false;
    }
    return check_prober(*place, draft, reading);
}

enum class Form { whole, without_address };

/// Nothing where it cannot be gone on with, or is left out for now.
std::optional<Draft> read_draft(const Node& node, Form form,
                                std::span<const std::string_view> other_keys, Reading& reading) {
    std::vector<std::string_view> keys = section_keys(reading);
    keys.insert(keys.begin(), other_keys.begin(), other_keys.end());
    Draft draft;
    draft.where = node.where;
    read_entry(node, kOptions, draft, reading.errors, keys);
    if (!node.is_mapping()) return std::nullopt;
    if (form == Form::whole) read_rows(node, kAddressOptions, draft, reading.errors);
    const ModuleConfig* module = nullptr;
    if (!resolve_prober(node, draft, module, reading)) return std::nullopt;
    set_times(node, module, draft, reading);
    read_confirmation(draft, draft, reading);
    check_labels(node, reading.errors);
    check_other_sections(node, draft, reading);
    if (form == Form::whole) check_address(node, draft, reading);
    draft.options = merged_options(node.find(draft.prober), module);
    return draft;
}

}  // namespace

void read_word(const Node& node, std::span<const std::string_view> words, std::string& out,
               Errors& errors) {
    if (node.is_scalar() && std::ranges::find(words, node.scalar) != words.end()) {
        out = node.scalar;
    } else {
        expected_value(node, fmt::format("one of {}", fmt::join(words, ", ")), errors);
    }
}

Node merged_options(const Node* own, const ModuleConfig* module) {
    if (module == nullptr || !module->options.is_mapping()) return own == nullptr ? Node{} : *own;
    Node merged = module->options;
    if (own == nullptr || !own->is_mapping()) return merged;
    merged.where = own->where;
    for (const Node::Entry& entry : own->entries) {
        const auto same = std::ranges::find(merged.entries, entry.key, &Node::Entry::key);
        if (same == merged.entries.end()) {
            merged.entries.push_back(entry);
        } else {
            *same = entry;
        }
    }
    return merged;
}

std::optional<TargetConfig> read_target(const Node& node, Reading& reading) {
    constexpr std::array<std::string_view, 3> kAddressKeys{"name", "target", "target_file"};
    const std::size_t before = reading.errors.size();
    auto draft = read_draft(node, Form::whole, kAddressKeys, reading);
    if (reading.errors.size() != before || !draft) return std::nullopt;
    return std::move(static_cast<TargetConfig&>(*draft));
}

std::optional<TargetPattern> read_pattern(const Node& node,
                                          std::span<const std::string_view> other_keys,
                                          Reading& reading) {
    constexpr std::string_view kRelabel = "relabel_configs";
    std::vector<std::string_view> keys(other_keys.begin(), other_keys.end());
    keys.push_back(kRelabel);
    const std::size_t before = reading.errors.size();
    auto draft = read_draft(node, Form::without_address, keys, reading);
    TargetPattern pattern;
    if (const Node* rules = node.find(kRelabel)) {
        pattern.relabel = read_relabel_rules(*rules, reading.errors);
    }
    if (reading.errors.size() != before || !draft) return std::nullopt;
    pattern.relabel.insert(pattern.relabel.end(), reading.relabel.begin(), reading.relabel.end());
    if (const Node* section = node.find(draft->prober)) pattern.section = *section;
    pattern.common = std::move(static_cast<TargetConfig&>(*draft));
    pattern.modules = reading.modules;
    return pattern;
}

bool is_target_name(std::string_view name) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
    return !name.empty() && name.size() <= kNameBytesMax && std::ranges::none_of(name, control);
}

void add_target(TargetConfig target, Reading& reading) {
    if (!is_target_name(target.name)) {
        reading.errors.emplace_back(
            fmt::format("expected a target's name of 1 to {} bytes on one line", kNameBytesMax),
            target.where);
        return;
    }
    const auto [first, added] = reading.names.try_emplace(target.name, target.where);
    if (!added) {
        reading.errors.emplace_back(
            fmt::format("a second target \"{}\", the first is at {}:{}", target.name,
                        first->second.file.str(), first->second.line),
            target.where);
    } else if (reading.config.targets.size() == kTargetsMax) {
        reading.errors.emplace_back(fmt::format("more than {} targets", kTargetsMax), target.where);
    } else {
        reading.config.targets.push_back(std::move(target));
    }
}

void read_targets(const Node& node, Reading& reading) {
    for (const Node& item : node.items) {
        auto target = read_target(item, reading);
        if (target) add_target(std::move(*target), reading);
    }
}

SectionDocs targets_docs() {
    auto rows = docs_of(kAddressOptions);
    const auto others = docs_of(kOptions);
    rows.insert(rows.end(), others.begin(), others.end());
    return {"targets", "A list: what is probed.", std::move(rows)};
}

}  // namespace pilotlight::config
