#include "alerting/routing_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "alerting/global_options.h"
#include "alerting/read_context.h"
#include "alerting/receivers/registry.h"
#include "alerting/redacted.h"
#include "alerting/route_reader.h"
#include "alerting/tls_options.h"
#include "config/config.h"

namespace pilotlight::alerting {
namespace {

/// What a dry run of the templates tells of: one alert of each status, with the usual names.
Notification dry_run(const Address& to) {
    Notification notification;
    notification.to = to;
    notification.group_labels = Labels{{"alertname", "DryRun"}};
    notification.alerts.resize(2);
    for (NotifiedAlert& alert : notification.alerts) {
        alert.labels = Labels{{"alertname", "DryRun"}, {"severity", "critical"}, {"instance", "i"}};
        alert.annotations = Labels{{"summary", "s"}, {"description", "d"}};
    }
    notification.alerts[1].status = Status::resolved;
    notification.alerts[1].ends_at = notification.alerts[1].starts_at;
    return notification;
}

struct RawRoot {
    std::optional<Node> global;
    std::optional<Node> route;
    std::vector<Node> receivers;
    std::vector<Node> inhibit_rules;
    std::vector<Node> time_intervals;
    std::vector<Node> mute_time_intervals;
    std::vector<std::string> templates;
};

constexpr config::Option<RawRoot> kRootOptions[] = {
    config::option<&RawRoot::global>("global", "", "what receivers share"),
    config::option<&RawRoot::route>("route", "required", "the root of the routing tree"),
    config::option<&RawRoot::receivers>("receivers", "", "who can be told, by name"),
    config::option<&RawRoot::inhibit_rules>("inhibit_rules", "", "which alerts mute which"),
    config::option<&RawRoot::time_intervals>("time_intervals", "", "named recurring times"),
    config::option<&RawRoot::mute_time_intervals>("mute_time_intervals", "",
                                                  "as time_intervals; the old name"),
    config::option<&RawRoot::templates>("templates", "", "globs of template files"),
};

class Reader {
  public:
    Reader(const Node& root, bool reads_secrets)
        : root_(root), routing_(std::make_shared<RoutingConfig>()) {
        context_.reads_secrets = reads_secrets;
        context_.directory = std::filesystem::absolute(root.where.file.str())
                                 .parent_path()
                                 .lexically_normal()
                                 .string();
        context_.templates = MessageTemplates::defaults();
    }

    Checked<SharedRouting> read() {
        RawRoot raw;
        config::read_options(root_, kRootOptions, raw, context_.errors);
        read_templates(raw);
        if (raw.global) read_global_options(*raw.global, context_);
        read_time_intervals(raw.time_intervals);
        read_time_intervals(raw.mute_time_intervals);
        for (const Node& node : raw.receivers)
            read_receiver(node);
        for (const Node& node : raw.inhibit_rules) {
            routing_->inhibit_rules.push_back(read_inhibit_rule(node, context_));
        }
        if (raw.route) read_route(*raw.route);
        if (!context_.errors.empty()) return std::unexpected(in_order(std::move(context_.errors)));
        routing_->resolve_timeout = context_.global.resolve_timeout;
        routing_->original = redacted_yaml(root_);
        routing_->not_yet = in_order(std::move(context_.not_yet));
        routing_->files_read = std::move(context_.files_read);
        return routing_;
    }

  private:
    static Errors in_order(Errors errors) {
        std::ranges::stable_sort(errors, [](const Error& a, const Error& b) {
            return std::tie(a.where.file, a.where.line, a.where.column) <
                   std::tie(b.where.file, b.where.line, b.where.column);
        });
        return errors;
    }

    void read_templates(const RawRoot& raw) {
        const Node* node = root_.find("templates");
        std::vector<std::pair<std::string, std::string>> files;
        for (std::size_t i = 0; i < raw.templates.size() && i < node->items.size(); ++i) {
            // As in Alertmanager, a glob without a match is no mistake: files may come later.
            const auto paths = config::expand_globs({context_.absolute(raw.templates[i])});
            for (const std::string& path : paths) {
                if (!std::filesystem::exists(path)) continue;
                files.emplace_back(path, context_.read_file(node->items[i], path));
            }
        }
        auto templates = MessageTemplates::with_files(files);
        if (templates) {
            context_.templates = std::move(*templates);
        } else {
            std::ranges::copy(templates.error(), std::back_inserter(context_.errors));
        }
    }

    void read_time_intervals(const std::vector<Node>& nodes) {
        for (const Node& node : nodes) {
            config::check_keys(node, {"name", "time_intervals"}, context_.errors);
            std::string name;
            if (const Node* given = node.find("name")) {
                config::read_value(*given, name, context_.errors);
            }
            if (name.empty()) {
                config::missing_key(node, "name", context_.errors);
                continue;
            }
            const auto [at, is_new] = routing_->time_intervals.try_emplace(name);
            if (!is_new) {
                context_.error(node, fmt::format("time interval \"{}\" is there twice", name));
                continue;
            }
            const Node* list = node.find("time_intervals");
            if (list == nullptr) continue;
            if (!list->is_sequence()) {
                context_.error(*list, fmt::format("expected a list, got {}", list->kind_name()));
            }
            for (const Node& item : list->items) {
                if (item.is_null()) {
                    config::expected_value(item, "a mapping", context_.errors);
                    continue;
                }
                at->second.push_back(read_time_interval(item, context_.errors));
            }
        }
    }

    void read_receiver(const Node& node) {
        std::vector<std::string_view> known{"name"};
        for (const ReceiverKind& kind : receiver_kinds())
            known.push_back(kind.config_key);
        ReceiverConfig receiver;
        receiver.where = node.where;
        if (!node.is_mapping()) {
            config::expected_value(node, "a mapping", context_.errors);
            return;
        }
        if (const Node* name = node.find("name")) {
            config::read_value(*name, receiver.name, context_.errors);
        }
        if (receiver.name.empty()) config::missing_key(node, "name", context_.errors);
        if (routing_->find_receiver(receiver.name) != nullptr) {
            context_.error(node, fmt::format("receiver \"{}\" is there twice", receiver.name));
        }
        for (const Node::Entry& entry : node.entries) {
            if (entry.key == "name") continue;
            if (const ReceiverKind* kind = find_receiver_kind(entry.key)) {
                read_integrations(*kind, entry.value, receiver);
            } else {
                refuse_kind(entry, receiver.name, known);
            }
        }
        routing_->receivers.push_back(std::move(receiver));
    }

    void read_integrations(const ReceiverKind& kind, const Node& list, ReceiverConfig& receiver) {
        if (list.is_null()) return;
        if (!list.is_sequence()) {
            context_.error(list, fmt::format("expected a list, got {}", list.kind_name()));
        }
        int index = 0;
        for (const Node& item : list.items) {
            if (item.is_null()) {
                config::expected_value(item, "a mapping", context_.errors);
                continue;
            }
            Address address{receiver.name, std::string(kind.name), index++};
            auto integration = kind.read(item, std::move(address), context_);
            if (integration == nullptr) continue;
            warn_of_failing_templates(*integration, item);
            receiver.integrations.push_back(std::move(integration));
        }
    }

    /// A message whose template fails goes out plain, so this is no error.
    void warn_of_failing_templates(const Integration& integration, const Node& node) {
        const Message message = integration.render(dry_run(integration.address()));
        if (message.template_error.empty()) return;
        context_.not_yet.push_back(node.error(
            fmt::format("a template fails on a sample alert, such messages will go out plain: {}",
                        message.template_error)));
    }

    void refuse_kind(const Node::Entry& entry, const std::string& receiver,
                     const std::vector<std::string_view>& known) {
        const bool foreign = std::ranges::count(foreign_receiver_keys(), entry.key) > 0;
        std::string message = unknown_key_message(entry.key, known);
        if (foreign) {
            std::vector<std::string_view> ours;
            for (const ReceiverKind& kind : receiver_kinds())
                ours.push_back(kind.config_key);
            message = fmt::format("receiver \"{}\": Pilotlight has no {}, expected some of: {}",
                                  receiver, entry.key, fmt::join(ours, ", "));
        }
        context_.errors.emplace_back(std::move(message), entry.key_where);
    }

    void read_route(const Node& node) {
        KnownNames names;
        for (const ReceiverConfig& receiver : routing_->receivers) {
            names.receivers.push_back(receiver.name);
        }
        for (const auto& [name, intervals] : routing_->time_intervals) {
            names.time_intervals.push_back(name);
        }
        routing_->route = read_route_tree(node, names, context_);
    }

    const Node& root_;
    std::shared_ptr<RoutingConfig> routing_;
    ReadContext context_;
};

}  // namespace

Checked<SharedRouting> read_alerting_config(const Node& root) {
    return Reader(root, true).read();
}

Checked<SharedRouting> read_alerting_config_without_secrets(const Node& root) {
    return Reader(root, false).read();
}

std::vector<SectionDoc> alerting_option_docs() {
    std::vector<SectionDoc> sections{{"alerting file", config::docs_of(kRootOptions)},
                                     {"global", global_option_docs()},
                                     {"route", route_option_docs()},
                                     {"inhibit_rules", inhibit_option_docs()},
                                     {"http_config", http_option_docs()},
                                     {"oauth2", oauth2_option_docs()},
                                     {"tls_config", tls_option_docs()}};
    for (const ReceiverKind& kind : receiver_kinds()) {
        sections.push_back({std::string(kind.config_key), kind.options()});
    }
    return sections;
}

}  // namespace pilotlight::alerting
