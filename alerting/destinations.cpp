#include "alerting/destinations.h"

#include <algorithm>
#include <map>
#include <set>

#include "alerting/uuid.h"
#include "runtime/tls_digest.h"

namespace pilotlight::alerting {
namespace {

/// Under it stands the key of the digests: no address reads so.
constexpr std::string_view kDigestKey = "";

/// "" where an integration has no destination to know it by.
std::string digest_of(const Integration& integration, const std::string& key) {
    const Secret destination = integration.destination();
    if (destination.empty()) return "";
    return runtime::keyed_digest(key,
                                 integration.address().integration + "\n" + destination.reveal());
}

class Renames {
  public:
    Renames(const std::string& key, const std::vector<Record>& kept,
            const JournalContents& contents, const RoutingConfig& routing)
        : routing_(routing) {
        for (const Record& record : kept)
            before_.emplace(record.key, record.record);
        for (const ReceiverConfig& receiver : routing.receivers) {
            for (const IntegrationPtr& integration : receiver.integrations) {
                const std::string digest = digest_of(*integration, key);
                if (!digest.empty()) now_.emplace(digest, integration->address());
            }
        }
        for (const Told& entry : contents.told)
            note(entry.last.to);
        for (const OutboxRow& row : contents.outbox)
            note(row.notification.to);
    }

    [[nodiscard]] bool is_gone(const Address& address) const {
        return routing_.find_integration(address) == nullptr;
    }

    /// Whether anything of `notification` is called otherwise now; it is then.
    bool rename(Notification& notification) const {
        // Copies for a fallback are in the group of those in whose place they are told.
        const bool is_copy = !notification.instead_of.empty();
        std::string& owner = is_copy ? notification.instead_of : notification.to.receiver;
        const std::string old_owner = owner;
        const auto moved = moved_.find(notification.to);
        const bool is_moved = moved != moved_.end();
        if (is_moved) notification.to = moved->second;
        const auto name = names_.find(old_owner);
        if (is_copy && name != names_.end()) owner = name->second;
        if (owner == old_owner) return is_moved;
        if (notification.group_key.starts_with(old_owner + ":")) {
            notification.group_key.replace(0, old_owner.size(), owner);
        }
        return true;
    }

  private:
    void note(const Address& address) {
        if (!is_gone(address) || moved_.contains(address)) return;
        const auto digest = before_.find(address.to_string());
        if (digest == before_.end()) return;
        const auto same = now_.find(digest->second);
        if (same == now_.end()) return;
        moved_.emplace(address, same->second);
        if (routing_.find_receiver(address.receiver) == nullptr) {
            names_.emplace(address.receiver, same->second.receiver);
        }
    }

    const RoutingConfig& routing_;
    std::map<std::string, std::string, std::less<>> before_;
    std::map<std::string, Address, std::less<>> now_;
    std::map<Address, Address> moved_;
    std::map<std::string, std::string, std::less<>> names_;
};

}  // namespace

Destinations::Destinations(std::vector<Record> kept) : kept_(std::move(kept)) {
    const auto found = std::ranges::find(kept_, kDigestKey, &Record::key);
    if (found != kept_.end()) key_ = found->record;
    if (!key_.empty()) return;
    kept_.clear();
    key_ = random_uuid() + random_uuid();
}

FollowedRenames Destinations::follow(JournalContents& contents,
                                     const RoutingConfig& routing) const {
    FollowedRenames followed;
    const Renames renames(key_, kept_, contents, routing);
    std::set<std::pair<Address, std::string>> taken;
    for (const Told& entry : contents.told)
        taken.emplace(entry.last.to, entry.last.group_key);
    // The key under which a group was known before, where the new name has that group already.
    std::set<std::pair<Address, std::string>> kept;
    for (Told& entry : contents.told) {
        const Address from = entry.last.to;
        const std::string group = entry.last.group_key;
        if (!renames.rename(entry.last)) {
            const bool is_stranded = entry.open && renames.is_gone(from);
            if (is_stranded) followed.stranded.push_back(entry);
            continue;
        }
        if (!taken.emplace(entry.last.to, entry.last.group_key).second) {
            kept.emplace(entry.last.to, group);
            entry.last.group_key = group;
        }
        followed.told.push_back({from, group, entry.last});
    }
    for (OutboxRow& row : contents.outbox) {
        const Address from = row.notification.to;
        const std::string group = row.notification.group_key;
        if (!renames.rename(row.notification)) continue;
        if (kept.contains({row.notification.to, group})) row.notification.group_key = group;
        followed.outbox.push_back({from, group, row.notification});
    }
    return followed;
}

void Destinations::note(const RoutingConfig& routing, Journal& journal) {
    std::vector<Record> written{{std::string(kDigestKey), key_}};
    for (const ReceiverConfig& receiver : routing.receivers) {
        for (const IntegrationPtr& integration : receiver.integrations) {
            std::string digest = digest_of(*integration, key_);
            if (digest.empty()) continue;
            written.push_back({integration->address().to_string(), std::move(digest)});
        }
    }
    std::vector<std::string> removed;
    for (const Record& record : std::exchange(kept_, {})) {
        if (std::ranges::count(written, record.key, &Record::key) == 0) {
            removed.push_back(record.key);
        }
    }
    journal.write_records(RecordTable::destinations, std::move(written), std::move(removed));
}

}  // namespace pilotlight::alerting
