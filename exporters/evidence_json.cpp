#include "exporters/evidence_json.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "core/time.h"

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

}  // namespace

std::string evidence_json(const Evidence& evidence) {
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
    const Json json = {{"at", format_time(evidence.at)},
                       {"addresses", std::move(addresses)},
                       {"phases", std::move(phases)},
                       {"tls", evidence.tls ? tls_json(*evidence.tls) : Json(nullptr)},
                       {"status_line", evidence.status_line},
                       {"headers", std::move(headers)},
                       {"body", evidence.body},
                       {"body_bytes", evidence.body_bytes},
                       {"dialogue", evidence.dialogue}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pilotlight::exporters
