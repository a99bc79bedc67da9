#include "probes/certificate_watch.h"

#include <fmt/format.h>

#include <algorithm>

namespace pilotlight::probes {

namespace {

std::string describe(const ShownCertificate& before, const ShownCertificate& now) {
    const std::string who = "certificate " + now.subject;
    if (before.issuer != now.issuer) {
        const bool same_key = before.public_key_sha256 == now.public_key_sha256;
        return fmt::format("{}: issued by {}, before by {}{}", who, now.issuer, before.issuer,
                           same_key ? ", for the same key" : "");
    }
    return fmt::format("{}: another key than before, SHA-256 {}", who, now.public_key_sha256);
}

}  // namespace

std::string CertificateWatch::observe(Report& report, WallTime at) {
    std::string news;
    if (report.certificate) {
        const ShownCertificate& now = *report.certificate;
        const bool is_new = !is_known(now, at) && last_;
        const bool by_another = is_new && last_->issuer != now.issuer;
        const bool other_key = is_new && last_->public_key_sha256 != now.public_key_sha256;
        if (by_another) issuer_changed_ = at;
        if (other_key) key_changed_ = at;
        if (by_another || other_key) {
            news = describe(*last_, now);
            last_change_ = news;
        }
        last_ = now;
    }
    tell(report);
    return news;
}

bool CertificateWatch::is_known(const ShownCertificate& now, WallTime at) {
    const auto found = std::ranges::find_if(seen_, [&](const Seen& each) {
        return each.issuer == now.issuer && each.key == now.public_key_sha256;
    });
    const bool known = found != seen_.end() && at - found->at <= kKnown;
    if (found != seen_.end()) {
        seen_.erase(found);
    } else if (seen_.size() == kKept) {
        seen_.erase(seen_.begin());
    }
    seen_.push_back({now.issuer, now.public_key_sha256, at});
    return known;
}

void CertificateWatch::tell(Report& report) const {
    if (issuer_changed_) {
        report.measurements.push_back(
            {"probe_tls_issuer_changed_timestamp_seconds", to_unix_seconds(*issuer_changed_), {}});
    }
    if (key_changed_) {
        report.measurements.push_back(
            {"probe_tls_key_changed_timestamp_seconds", to_unix_seconds(*key_changed_), {}});
    }
}

std::string CertificateWatch::remark(const Outcome& outcome, WallTime at) const {
    const std::optional<WallTime> changed = std::max(issuer_changed_, key_changed_);
    if (outcome.phase != "tls" || !changed || at - *changed > kTold) return "";
    return fmt::format(" (changed at {}: {})", format_time(*changed), last_change_);
}

}  // namespace pilotlight::probes
