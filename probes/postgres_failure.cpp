#include "probes/postgres_failure.h"

#include <algorithm>

namespace pilotlight::probes {
namespace {

/// libpq tells of connections in words only. It is never given a locale, so they are English.
struct KnownText {
    std::string_view text;
    std::string_view phase;
    const char* reason;
    bool unknown = false;
};
// Where several addresses were tried all are told of: what came furthest stands first.
constexpr KnownText kTexts[] = {
    {"no password supplied", "auth", "password_missing"},
    {"expected authentication request", "auth", "protocol"},
    {"does not match host name", "tls", "certificate_name_mismatch"},
    {"certificate verify failed", "tls", "certificate_invalid"},
    {"root certificate file", "tls", "tls_settings", true},
    {"could not load private key", "tls", "tls_settings", true},
    {"could not read certificate file", "tls", "tls_settings", true},
    {"server does not support SSL", "tls", "not_tls"},
    {"received invalid response", "tls", "protocol"},
    {"SSL error", "tls", "tls_error"},
    {"could not establish SSL connection", "tls", "tls_error"},
    {"server closed the connection", "connect", "closed"},
    {"Connection reset", "connect", "reset"},
    {"Connection refused", "connect", "refused"},
    {"No such file or directory", "connect", "refused"},
    {"Connection timed out", "connect", "timeout"},
    {"No route to host", "connect", "unreachable"},
    {"Network is unreachable", "connect", "network_unreachable", true},
    {"Too many open files", "connect", "no_descriptors", true},
    {"Cannot assign requested address", "connect", "no_local_ports", true},
    {"No buffer space available", "connect", "no_memory", true},
    {"Cannot allocate memory", "connect", "no_memory", true},
    {"Operation not permitted", "connect", "no_permission", true},
};

/// With the verbosity that we ask for, a server's refusal is `SEVERITY:  SQLSTATE`.
std::string sqlstate_in(std::string_view message) {
    const auto is_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
    for (std::size_t at = message.find(":  "); at != message.npos;
         at = message.find(":  ", at + 1)) {
        const std::string_view code = message.substr(at + 3, 5);
        const std::string_view after = message.substr(std::min(at + 8, message.size()));
        const bool ends = after.empty() || after.front() == '\n';
        if (code.size() == 5 && ends && std::ranges::all_of(code, is_code))
            return std::string(code);
    }
    return "";
}

}  // namespace

PostgresFailure failure_of_sqlstate(std::string_view phase, std::string_view sqlstate,
                                    std::string_view message) {
    struct Known {
        std::string_view sqlstate;
        const char* reason;
        std::string_view meaning;
    };
    static constexpr Known kKnown[] = {
        {"28P01", "wrong_password", "the password is wrong"},
        {"28000", "not_allowed", "this user may not log in from here (pg_hba.conf)"},
        {"3D000", "database_missing", "the database does not exist"},
        {"53300", "too_many_connections", "all connections are taken"},
        {"57P03", "starting_up", "the server is starting up, recovering or shutting down"},
        {"57P01", "shutting_down", "the server is shutting down"},
        {"57P02", "shutting_down", "the server crashed and restarts"},
        {"57014", "timeout", "the statement took too long and was cancelled"},
        {"42501", "no_permission", "the user lacks a privilege"},
        {"53100", "disk_full", "the server's disk is full"},
        {"53200", "out_of_memory", "the server is out of memory"},
    };
    const auto* const known = std::ranges::find(kKnown, sqlstate, &Known::sqlstate);
    const bool is_known = known != std::end(kKnown);
    std::string detail = fmt::format("SQLSTATE {}", sqlstate);
    if (is_known) detail += fmt::format(": {}", known->meaning);
    if (!is_known && !message.empty()) detail += fmt::format(": {}", message.substr(0, 200));
    const char* const otherwise = phase == "query" ? "query_failed" : "refused_login";
    return {Outcome::failed(std::string(phase), is_known ? known->reason : otherwise,
                            std::move(detail)),
            std::string(sqlstate)};
}

PostgresFailure failure_of_message(std::string_view message) {
    const std::string sqlstate = sqlstate_in(message);
    if (!sqlstate.empty()) return failure_of_sqlstate("auth", sqlstate, "");
    const auto* const known = std::ranges::find_if(
        kTexts, [&](const KnownText& each) { return message.find(each.text) != message.npos; });
    if (known == std::end(kTexts)) {
        return {Outcome::failed("connect", "connect_error", "the connection failed"), ""};
    }
    const std::string phase(known->phase);
    const std::string text(known->text);
    return {known->unknown ? Outcome::unknown(phase, known->reason, text)
                           : Outcome::failed(phase, known->reason, text),
            ""};
}

}  // namespace pilotlight::probes
