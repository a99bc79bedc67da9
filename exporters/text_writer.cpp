#include "exporters/text_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include "core/check.h"
#include "exporters/exposition.h"
#include "exporters/short_text.h"

namespace pilotlight::exporters {
namespace {

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
    /// The lines of its samples.
    TextBuffer lines;

    explicit Family(TextArena& arena) : lines(arena) {}
};

/// A metric name that was seen, with the family it belongs to (a histogram has three names).
struct Name {
    std::string_view text;
    Family* family;
    LineShape shape;
    /// The name that followed this one last time: targets of a kind bring theirs in one order.
    Name* next = nullptr;
};

/// Label sets that were written. Open addressing on the hash that every label set brings along; a
/// slot holds half of it and an index, so that the table of a large exposition stays in the cache.
class Written {
  public:
    explicit Written(std::size_t expected) {
        std::size_t size = 16;
        while (size < 2 * expected)
            size *= 2;
        slots_.resize(size);
        labels_.reserve(expected);
    }

    /// Begins to fetch what insert() will need of these.
    void prefetch(const Labels& labels) const {
        __builtin_prefetch(&slots_[first_slot(labels)], 1);
    }

    /// False where the same labels were written before. `labels` must stay where they are.
    bool insert(const Labels& labels) {
        if (2 * labels_.size() >= slots_.size()) grow();
        std::uint64_t& slot = slot_of(labels);
        if (slot != 0) return false;
        labels_.push_back(&labels);
        slot = tag(labels) | labels_.size();
        return true;
    }

  private:
    static constexpr std::uint64_t kTag = 0xffffffff00000000U;
    static std::uint64_t tag(const Labels& labels) { return labels.hash() & kTag; }

    // The low bits of FNV alone differ too little among label sets that are alike.
    [[nodiscard]] std::size_t first_slot(const Labels& labels) const {
        return (labels.hash() * 0x9e3779b97f4a7c15U) >> (64 - std::countr_zero(slots_.size()));
    }

    /// Where the labels are, or the empty slot where they would be.
    std::uint64_t& slot_of(const Labels& labels) {
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = first_slot(labels);; i = (i + 1) & mask) {
            if (slots_[i] == 0) return slots_[i];
            if ((slots_[i] & kTag) != tag(labels)) continue;
            if (*labels_[(slots_[i] & ~kTag) - 1] == labels) return slots_[i];
        }
    }

    void grow() {
        slots_.assign(2 * slots_.size(), 0);
        for (std::size_t i = 0; i < labels_.size(); ++i) {
            slot_of(*labels_[i]) = tag(*labels_[i]) | (i + 1);
        }
    }

    std::vector<std::uint64_t> slots_;
    std::vector<const Labels*> labels_;
};

/// Sorts samples into families and writes their lines, each sample touched once.
class Families {
  public:
    /// The arguments but the last must outlive it.
    Families(const FamilyLookup& lookup, TextFormat format, TextArena& arena,
             std::size_t expected_samples)
        : lookup_(lookup), format_(format), arena_(arena), written_(expected_samples) {}

    void declare(const SampleBatch& batch) {
        for (const MetricFamily& family : batch.families) {
            std::string_view name = family.name;
            if (!format_.utf8_names && !is_legacy_metric_name(name)) {
                name = renamed_families_.emplace_back(underscored(name, true));
            }
            declared_.try_emplace(name, Description{family.type, family.help});
        }
    }

    /// Takes the batch's samples that `wanted` says yes to, by their labels.
    template <class Wanted>
    void add(const SampleBatch& batch, Wanted wanted) {
        for (std::size_t i = 0; i < batch.samples.size(); ++i) {
            const Sample& sample = batch.samples[i];
            if (i + kAhead < batch.samples.size())
                written_.prefetch(batch.samples[i + kAhead].labels);
            if (is_stale(sample.value)) continue;
            const std::string_view name = sample.labels.metric_name();
            if (!name.empty() && wanted(sample.labels)) place(sample, name);
        }
    }

    [[nodiscard]] std::vector<const Family*> sorted() const {
        std::vector<const Family*> all;
        for (const Family& family : families_) {
            if (family.lines.size() > 0) all.push_back(&family);
        }
        std::ranges::sort(all, {}, &Family::name);
        return all;
    }

    [[nodiscard]] bool has(std::string_view name) const { return by_name_.contains(name); }

  private:
    // So many samples hide the latency of memory.
    static constexpr std::size_t kAhead = 6;

    void place(const Sample& sample, std::string_view text) {
        Name& name = next_name(text);
        if (!written_.insert(sample.labels)) return;
        if (name.shape.write(name.family->lines, sample.labels, sample.value)) return;
        if (format_.utf8_names || has_legacy_names(sample.labels)) {
            name.shape.learn(sample.labels);
            PILOT_CHECK(name.shape.write(name.family->lines, sample.labels, sample.value));
            return;
        }
        const Sample& renamed =
            renamed_.emplace_back(Sample{underscored(sample.labels), sample.value});
        place(renamed, renamed.labels.metric_name());
    }

    Name& next_name(std::string_view text) {
        Name* guess = last_ == nullptr ? nullptr : last_->next;
        if (guess == nullptr || !equal_short(guess->text, text)) {
            guess = &name_of(text);
            if (last_ != nullptr) last_->next = guess;
        }
        last_ = guess;
        return *guess;
    }

    Name& name_of(std::string_view text) {
        const auto known = names_.find(text);
        if (known != names_.end()) return known->second;
        Family& family = family_of(text);
        return names_
            .emplace(text, Name{text, &family, LineShape(format_, text, family.about.type)})
            .first->second;
    }

    Family& family_of(std::string_view metric) {
        std::string_view name = metric;
        std::optional<Description> about = describe(metric);
        if (!about) about = describe_base(metric, name);
        const auto [at, fresh] = by_name_.try_emplace(name, nullptr);
        if (fresh) {
            at->second = &families_.emplace_back(arena_);
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
    TextFormat format_;
    TextArena& arena_;
    Written written_;
    std::unordered_map<std::string_view, Description> declared_;
    std::unordered_map<std::string_view, Name> names_;
    std::unordered_map<std::string_view, Family*> by_name_;
    std::deque<Family> families_;
    std::deque<Sample> renamed_;
    std::deque<std::string> renamed_families_;
    Name* last_ = nullptr;
};

/// Whether it is what Pilotlight says of the scrape, and nothing of that name that the target
/// exposes: a Pilotlight that scrapes itself would find more of those each time.
bool is_of_scrape(const TargetView& target, const Labels& labels) {
    const std::string_view name = labels.metric_name();
    if (!std::ranges::binary_search(kOfScrape, name)) return false;
    // The name, and of a failure phase and reason.
    const std::size_t own = name == "probe_failure_info" ? 3 : 1;
    const auto is_shared = [&](const Label& label) {
        return labels.get(label.name) == label.value;
    };
    return labels.size() == target.labels.size() + own &&
           std::ranges::all_of(target.labels, is_shared);
}

/// Whether it went through two others, or twice through this one, already: a circle of those that
/// expose what they scrape would find more each time.
bool is_going_round(const Labels& labels) {
    return !labels.get("exported_exported_target").empty();
}

void collect(const Snapshot& snapshot, const SampleBatch* own, Families& families) {
    const auto whole = [](const TargetView& target) {
        return target.newest != nullptr && (target.reexpose || target.prober != "scrape");
    };
    const auto everything = [](const Labels&) { return true; };
    if (own != nullptr) families.declare(*own);
    for (const TargetView& target : snapshot.targets) {
        if (whole(target)) families.declare(*target.newest);
    }
    if (own != nullptr) families.add(*own, everything);
    if (snapshot.recorded != nullptr) {
        families.add(*snapshot.recorded, [](const Labels& labels) {
            const std::string_view name = labels.metric_name();
            return name.find(':') == name.npos;
        });
    }
    for (const TargetView& target : snapshot.targets) {
        if (target.newest == nullptr) continue;
        if (target.prober != "scrape") {
            families.add(*target.newest, everything);
        } else if (target.reexpose) {
            families.add(*target.newest,
                         [](const Labels& labels) { return !is_going_round(labels); });
        } else {
            families.add(*target.newest,
                         [&](const Labels& labels) { return is_of_scrape(target, labels); });
        }
    }
}

std::size_t count_samples(const Snapshot& snapshot, const SampleBatch* own) {
    std::size_t count = own == nullptr ? 0 : own->samples.size();
    if (snapshot.recorded != nullptr) count += snapshot.recorded->samples.size();
    for (const TargetView& target : snapshot.targets) {
        if (target.newest != nullptr) count += target.newest->samples.size();
    }
    return count;
}

std::string_view write_heading(TextArena& arena, const Family& family, const Families& families,
                               TextFormat format) {
    constexpr std::string_view kTotal = "_total";
    std::string_view base = family.name;
    if (base.ends_with(kTotal)) base.remove_suffix(kTotal.size());
    const bool free = base == family.name || !families.has(base);
    return write_family(arena, format, family.name, family.about.type, family.about.help, free);
}

}  // namespace

SharedBody write_metrics(const Snapshot& snapshot, const SampleBatch* own,
                         const FamilyLookup& lookup, TextFormat format) {
    const auto arena = std::make_shared<TextArena>();
    Families families(lookup, format, *arena, count_samples(snapshot, own));
    collect(snapshot, own, families);
    std::vector<std::string_view> pieces;
    for (const Family* family : families.sorted()) {
        pieces.push_back(write_heading(*arena, *family, families, format));
        family->lines.append_pieces(pieces);
    }
    if (format.syntax == TextFormat::Syntax::open_metrics) pieces.push_back("# EOF\n");
    return std::make_shared<const Body>(std::move(pieces), arena);
}

}  // namespace pilotlight::exporters
