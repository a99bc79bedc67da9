#include "exporters/text_writer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "exporters/exposition.h"

namespace pilotlight::exporters {
namespace {

// What an average line of ours takes; too little costs one copy more.
constexpr std::size_t kExpectedLineBytes = 160;
constexpr std::string_view kUndescribed = "Not described by its source.";

struct BuiltIn {
    std::string_view name;
    Description about;
};
constexpr BuiltIn kRecorded[] = {
    {"ALERTS", {MetricType::gauge, "An alert that is pending or firing."}},
    {"ALERTS_FOR_STATE",
     {MetricType::gauge, "Unix time since when the condition of an alert has been true."}},
};

// What Pilotlight itself says of a scrape, whatever the target exposes.
constexpr std::array<std::string_view, 6> kOfScrape{
    "probe_duration_seconds",  "probe_failure_info",     "probe_success",
    "scrape_duration_seconds", "scrape_samples_scraped", "up"};

struct Family {
    std::string_view name;
    Description about;
    std::vector<const Sample*> samples;
};

/// A metric name that was seen, with the family it belongs to (a histogram has three names).
struct Name {
    std::string_view text;
    Family* family;
    /// The name that followed this one last time: targets of a kind bring theirs in one order.
    Name* next = nullptr;
};

class Families {
  public:
    Families(const FamilyLookup& lookup, bool utf8_names)
        : lookup_(lookup), utf8_names_(utf8_names) {}

    void declare(const SampleBatch& batch) {
        for (const MetricFamily& family : batch.families) {
            std::string_view name = family.name;
            if (!utf8_names_ && !is_legacy_metric_name(name)) {
                name = renamed_families_.emplace_back(underscored(name, true));
            }
            declared_.try_emplace(name, Description{family.type, family.help});
        }
    }

    /// Takes the batch's samples that `wanted` says yes to, by metric name.
    template <class Wanted>
    void add(const SampleBatch& batch, Wanted wanted) {
        for (const Sample& sample : batch.samples) {
            if (is_stale(sample.value)) continue;
            const std::string_view name = sample.labels.metric_name();
            if (name.empty() || !wanted(name)) continue;
            if (utf8_names_ || has_legacy_names(sample.labels)) {
                place(sample, name);
            } else {
                renamed_.push_back({underscored(sample.labels), sample.value});
                place(renamed_.back(), renamed_.back().labels.metric_name());
            }
        }
    }

    [[nodiscard]] std::vector<const Family*> sorted() const {
        std::vector<const Family*> all;
        for (const Family& family : families_)
            all.push_back(&family);
        std::ranges::sort(all, {}, &Family::name);
        return all;
    }

    [[nodiscard]] bool has(std::string_view name) const { return by_name_.contains(name); }

  private:
    void place(const Sample& sample, std::string_view text) {
        Name* guess = last_ == nullptr ? nullptr : last_->next;
        if (guess == nullptr || guess->text != text) {
            guess = &name_of(text);
            if (last_ != nullptr) last_->next = guess;
        }
        guess->family->samples.push_back(&sample);
        last_ = guess;
    }

    Name& name_of(std::string_view text) {
        const auto known = names_.find(text);
        if (known != names_.end()) return known->second;
        return names_.emplace(text, Name{text, &family_of(text)}).first->second;
    }

    Family& family_of(std::string_view metric) {
        std::string_view name = metric;
        std::optional<Description> about = describe(metric);
        if (!about) about = describe_base(metric, name);
        const auto [at, fresh] = by_name_.try_emplace(name, nullptr);
        if (fresh) {
            at->second = &families_.emplace_back();
            at->second->name = name;
            if (about) at->second->about = *about;
            if (at->second->about.help.empty()) at->second->about.help = kUndescribed;
        }
        return *at->second;
    }

    std::optional<Description> describe(std::string_view name) const {
        if (lookup_) {
            if (const auto found = lookup_(name)) return found;
        }
        const auto declared = declared_.find(name);
        if (declared != declared_.end()) return declared->second;
        for (const BuiltIn& built_in : kRecorded) {
            if (built_in.name == name) return built_in.about;
        }
        return std::nullopt;
    }

    /// Whether it is `_bucket`, `_sum` or `_count` of a family that has such; `name` becomes that.
    std::optional<Description> describe_base(std::string_view metric,
                                             std::string_view& name) const {
        for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
            if (!metric.ends_with(suffix)) continue;
            const std::string_view base = metric.substr(0, metric.size() - suffix.size());
            const auto about = describe(base);
            if (about && (about->type == MetricType::histogram ||
                          (about->type == MetricType::summary && suffix != "_bucket"))) {
                name = base;
                return about;
            }
        }
        return std::nullopt;
    }

    const FamilyLookup& lookup_;
    bool utf8_names_;
    std::unordered_map<std::string_view, Description> declared_;
    std::unordered_map<std::string_view, Name> names_;
    std::unordered_map<std::string_view, Family*> by_name_;
    std::deque<Family> families_;
    std::deque<Sample> renamed_;
    std::deque<std::string> renamed_families_;
    Name* last_ = nullptr;
};

/// Which label sets of one family were written. Open addressing on the hash that every label set
/// brings along; the table is used again for the next family.
class Written {
  public:
    void begin(std::size_t count) {
        std::size_t size = 16;
        while (size < 2 * count)
            size *= 2;
        slots_.assign(size, nullptr);
    }

    /// False where the same labels were written before.
    bool insert(const Labels& labels) {
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = labels.hash() & mask;; i = (i + 1) & mask) {
            if (slots_[i] == nullptr) {
                slots_[i] = &labels;
                return true;
            }
            if (*slots_[i] == labels) return false;
        }
    }

  private:
    std::vector<const Labels*> slots_;
};

bool is_of_scrape(std::string_view name) {
    return std::ranges::binary_search(kOfScrape, name);
}

void collect(const Snapshot& snapshot, const SampleBatch* own, Families& families) {
    const auto whole = [](const TargetView& target) {
        return target.newest != nullptr && (target.reexpose || target.prober != "scrape");
    };
    const auto everything = [](std::string_view) { return true; };
    if (own != nullptr) families.declare(*own);
    for (const TargetView& target : snapshot.targets) {
        if (whole(target)) families.declare(*target.newest);
    }
    if (own != nullptr) families.add(*own, everything);
    if (snapshot.recorded != nullptr) {
        families.add(*snapshot.recorded,
                     [](std::string_view name) { return name.find(':') == name.npos; });
    }
    for (const TargetView& target : snapshot.targets) {
        if (whole(target)) {
            families.add(*target.newest, everything);
        } else if (target.newest != nullptr) {
            families.add(*target.newest, is_of_scrape);
        }
    }
}

}  // namespace

std::string write_metrics(const Snapshot& snapshot, const SampleBatch* own,
                          const FamilyLookup& lookup, TextFormat format) {
    Families families(lookup, format.utf8_names);
    collect(snapshot, own, families);
    const std::vector<const Family*> sorted = families.sorted();
    std::size_t count = 0;
    for (const Family* family : sorted)
        count += family->samples.size();

    Exposition out(format, count * kExpectedLineBytes + 256 * sorted.size());
    Written written;
    for (const Family* family : sorted) {
        const std::string_view base =
            family->name.ends_with("_total") ? family->name.substr(0, family->name.size() - 6) : "";
        out.family(family->name, family->about.type, family->about.help, !families.has(base));
        written.begin(family->samples.size());
        for (const Sample* sample : family->samples) {
            if (written.insert(sample->labels)) {
                out.sample(sample->labels, family->about.type, sample->value);
            }
        }
    }
    return out.take();
}

}  // namespace pilotlight::exporters
