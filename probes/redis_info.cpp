#include "probes/redis_info.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace pilotlight::probes {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;
using Fields = std::map<std::string, std::string, std::less<>>;

struct Field {
    std::string_view key;
    const char* name;
};

constexpr Field kNumbers[] = {
    {"aof_enabled", "redis_aof_enabled"},
    {"aof_rewrite_in_progress", "redis_aof_rewrite_in_progress"},
    {"blocked_clients", "redis_blocked_clients"},
    {"cluster_enabled", "redis_cluster_enabled"},
    {"connected_clients", "redis_connected_clients"},
    {"connected_slaves", "redis_connected_slaves"},
    {"evicted_keys", "redis_evicted_keys_total"},
    {"expired_keys", "redis_expired_keys_total"},
    {"keyspace_hits", "redis_keyspace_hits_total"},
    {"keyspace_misses", "redis_keyspace_misses_total"},
    {"loading", "redis_loading_dump_file"},
    {"master_repl_offset", "redis_master_repl_offset"},
    {"maxclients", "redis_max_clients"},
    {"maxmemory", "redis_memory_max_bytes"},
    {"mem_fragmentation_ratio", "redis_mem_fragmentation_ratio"},
    {"rdb_bgsave_in_progress", "redis_rdb_bgsave_in_progress"},
    {"rdb_changes_since_last_save", "redis_rdb_changes_since_last_save"},
    {"rdb_last_bgsave_time_sec", "redis_rdb_last_bgsave_duration_sec"},
    {"rdb_last_save_time", "redis_rdb_last_save_timestamp_seconds"},
    {"rejected_connections", "redis_rejected_connections_total"},
    {"total_commands_processed", "redis_commands_processed_total"},
    {"total_connections_received", "redis_connections_received_total"},
    {"total_net_input_bytes", "redis_net_input_bytes_total"},
    {"total_net_output_bytes", "redis_net_output_bytes_total"},
    {"uptime_in_seconds", "redis_uptime_in_seconds"},
    {"used_cpu_sys", "redis_cpu_sys_seconds_total"},
    {"used_cpu_user", "redis_cpu_user_seconds_total"},
    {"used_memory", "redis_memory_used_bytes"},
    {"used_memory_peak", "redis_memory_used_peak_bytes"},
    {"used_memory_rss", "redis_memory_used_rss_bytes"},
};

/// `ok` is 1.
constexpr Field kStates[] = {
    {"aof_last_bgrewrite_status", "redis_aof_last_bgrewrite_status"},
    {"aof_last_write_status", "redis_aof_last_write_status"},
    {"rdb_last_bgsave_status", "redis_rdb_last_bgsave_status"},
};

/// Of a replica, with its master as labels.
constexpr Field kReplicaNumbers[] = {
    {"master_last_io_seconds_ago", "redis_master_last_io_seconds_ago"},
    {"master_sync_in_progress", "redis_master_sync_in_progress"},
    {"slave_repl_offset", "redis_slave_repl_offset"},
};

std::optional<double> number_of(std::string_view text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string value_of(const Fields& fields, std::string_view key) {
    const auto found = fields.find(key);
    return found == fields.end() ? "" : found->second;
}

Fields read_fields(std::string_view text) {
    Fields fields;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t colon = line.find(':');
        if (line.starts_with('#') || colon == line.npos) continue;
        fields.insert_or_assign(std::string(line.substr(0, colon)),
                                std::string(line.substr(colon + 1)));
    }
    return fields;
}

/// `keys=1,expires=0,avg_ttl=0`.
Fields read_pairs(std::string_view text) {
    Fields pairs;
    while (!text.empty()) {
        const std::size_t end = text.find(',');
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
        const std::size_t equals = pair.find('=');
        if (equals == pair.npos) continue;
        pairs.insert_or_assign(std::string(pair.substr(0, equals)),
                               std::string(pair.substr(equals + 1)));
    }
    return pairs;
}

bool is_numbered(std::string_view key, std::string_view prefix) {
    if (!key.starts_with(prefix) || key.size() == prefix.size()) return false;
    return std::ranges::all_of(key.substr(prefix.size()),
                               [](char c) { return c >= '0' && c <= '9'; });
}

class Collecting {
  public:
    explicit Collecting(const Fields& fields) : fields_(fields) {}

    std::vector<Measurement> all() && {
        add_fields(kNumbers, {});
        for (const Field& field : kStates) {
            const std::string state = value_of(fields_, field.key);
            if (!state.empty()) add(field.name, state == "ok" ? 1 : 0, {});
        }
        add_instance();
        add_replica_side();
        for (const auto& [key, value] : fields_) {
            if (is_numbered(key, "db")) add_database(key, read_pairs(value));
            if (is_numbered(key, "slave")) add_connected_replica(read_pairs(value));
        }
        return std::move(out_);
    }

  private:
    void add(const char* name, double value, Labels labels) {
        out_.push_back({name, value, std::move(labels)});
    }
    void add_fields(std::span<const Field> table, const Labels& labels) {
        for (const Field& field : table) {
            const std::optional<double> value = number_of(value_of(fields_, field.key));
            if (value) add(field.name, *value, labels);
        }
    }
    void add_instance() {
        Labels labels;
        for (const char* key : {"role", "redis_version", "redis_mode", "os", "maxmemory_policy"}) {
            labels.emplace_back(key, value_of(fields_, key));
        }
        add("redis_instance_info", 1, std::move(labels));
    }
    void add_replica_side() {
        const std::string link = value_of(fields_, "master_link_status");
        if (link.empty()) return;
        const Labels master{{"master_host", value_of(fields_, "master_host")},
                            {"master_port", value_of(fields_, "master_port")}};
        add("redis_master_link_up", link == "up" ? 1 : 0, master);
        add_fields(kReplicaNumbers, master);
    }
    void add_database(const std::string& name, const Fields& pairs) {
        const std::optional<double> keys = number_of(value_of(pairs, "keys"));
        const std::optional<double> expiring = number_of(value_of(pairs, "expires"));
        if (keys) add("redis_db_keys", *keys, {{"db", name}});
        if (expiring) add("redis_db_keys_expiring", *expiring, {{"db", name}});
    }
    void add_connected_replica(const Fields& pairs) {
        const Labels labels{{"slave_ip", value_of(pairs, "ip")},
                            {"slave_port", value_of(pairs, "port")},
                            {"slave_state", value_of(pairs, "state")}};
        const std::optional<double> offset = number_of(value_of(pairs, "offset"));
        const std::optional<double> lag = number_of(value_of(pairs, "lag"));
        if (offset) add("redis_connected_slave_offset_bytes", *offset, labels);
        if (lag) add("redis_connected_slave_lag_seconds", *lag, labels);
    }

    const Fields& fields_;
    std::vector<Measurement> out_;
};

}  // namespace

RedisInfo read_redis_info(std::string_view text) {
    const Fields fields = read_fields(text);
    return {Collecting(fields).all(), value_of(fields, "role")};
}

}  // namespace pilotlight::probes
