#include <algorithm>
#include <nlohmann/json.hpp>

#include "exporters/handlers.h"

namespace pilotlight::exporters {
namespace {

using Json = nlohmann::ordered_json;

Json certificate_json(const TlsEvidence::Certificate& certificate) {
    return {{"subject", certificate.subject},
            {"issuer", certificate.issuer},
            {"names", certificate.names},
            {"more_names", certificate.more_names},
            {"serial", certificate.serial},
            {"fingerprint_sha256", certificate.fingerprint_sha256},
            {"not_before", format_time(certificate.not_before)},
            {"not_after", format_time(certificate.not_after)}};
}

Json tls_json(const TlsEvidence& tls) {
    Json chain = Json::array();
    for (const TlsEvidence::Certificate& certificate : tls.chain)
        chain.push_back(certificate_json(certificate));
    return {{"version", tls.version},   {"cipher", tls.cipher}, {"alpn", tls.alpn},
            {"verified", tls.verified}, {"reason", tls.reason}, {"detail", tls.detail},
            {"chain", std::move(chain)}};
}

Json json_of(const Evidence& evidence) {
    Json addresses = Json::array();
    for (const Evidence::Address& address : evidence.addresses) {
        addresses.push_back(
            {{"address", address.address}, {"tried", address.tried}, {"error", address.error}});
    }
    Json phases = Json::array();
    for (const Evidence::Phase& phase : evidence.phases) {
        const std::chrono::duration<double> took = phase.took;
        phases.push_back({{"name", phase.name}, {"seconds", took.count()}});
    }
    Json headers = Json::array();
    for (const Evidence::Header& header : evidence.headers)
        headers.push_back({{"name", header.name}, {"value", header.value}});
    return {{"at", format_time(evidence.at)},
            {"addresses", std::move(addresses)},
            {"phases", std::move(phases)},
            {"tls", evidence.tls ? tls_json(*evidence.tls) : Json(nullptr)},
            {"status_line", evidence.status_line},
            {"headers", std::move(headers)},
            {"body", evidence.body},
            {"body_bytes", evidence.body_bytes},
            {"dialogue", evidence.dialogue}};
}

Json failure_json(const FailureView& failure) {
    Json json{{"at", format_time(failure.at)}, {"phase", failure.phase}, {"reason", failure.reason},
              {"detail", failure.detail},      {"blip", failure.blip},   {"evidence", nullptr}};
    if (failure.evidence != nullptr) json["evidence"] = json_of(*failure.evidence);
    return json;
}

}  // namespace

Response show_evidence(const Call& call) {
    constexpr std::string_view kBefore = "/api/targets/";
    constexpr std::string_view kAfter = "/evidence";
    std::string_view name = std::string_view(call.request.path).substr(kBefore.size());
    if (!name.ends_with(kAfter)) {
        return error_response(404, "not_found", "expected /api/targets/NAME/evidence");
    }
    name.remove_suffix(kAfter.size());
    const auto& targets = call.snapshot->targets;
    const auto target = std::ranges::find(targets, name, &TargetView::name);
    if (target == targets.end()) {
        return error_response(404, "not_found", "no target is called " + std::string(name));
    }
    Json json{{"target", target->name}, {"health", to_string(target->health)}};
    json["unknown_since"] =
        target->unknown_since ? Json(format_time(*target->unknown_since)) : Json(nullptr);
    json["last_failure"] =
        target->last_failure != nullptr ? failure_json(*target->last_failure) : Json(nullptr);
    return with_gzip(call.request,
                     json_response(200, json.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

}  // namespace pilotlight::exporters
