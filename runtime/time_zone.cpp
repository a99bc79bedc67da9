#include "runtime/time_zone.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>

namespace pilotlight::runtime {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

/// Reads big-endian numbers off the front of a TZif file.
class Bytes {
  public:
    explicit Bytes(std::string_view bytes) : rest_(bytes) {}

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::string_view rest() const { return rest_; }

    std::string_view take(std::size_t count) {
        if (rest_.size() < count) {
            ok_ = false;
            return {};
        }
        const std::string_view taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    std::int64_t number(std::size_t bytes) {
        const std::string_view taken = take(bytes);
        std::uint64_t value = 0;
        for (const char c : taken)
            value = value << 8U | static_cast<unsigned char>(c);
        if (bytes == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
        return static_cast<std::int64_t>(value);
    }

  private:
    std::string_view rest_;
    bool ok_ = true;
};

/// RFC 8536, 3.1.
struct Header {
    char version = 0;
    std::size_t utc_indicators = 0;
    std::size_t standard_indicators = 0;
    std::size_t leap_seconds = 0;
    std::size_t transitions = 0;
    std::size_t types = 0;
    std::size_t name_bytes = 0;
};

bool read_header(Bytes& bytes, Header& header) {
    if (bytes.take(4) != "TZif") return false;
    const std::string_view version = bytes.take(16);
    if (!bytes.ok()) return false;
    header.version = version[0];
    std::size_t* counts[] = {&header.utc_indicators, &header.standard_indicators,
                             &header.leap_seconds,   &header.transitions,
                             &header.types,          &header.name_bytes};
    for (std::size_t* count : counts)
        *count = static_cast<std::size_t>(bytes.number(4));
    return bytes.ok() && header.types > 0 && header.transitions < kFileBytesMax &&
           header.types < 256 && header.name_bytes < kFileBytesMax;
}

/// A POSIX TZ string: `EST5EDT,M3.2.0,M11.1.0`. Source: RFC 8536, 3.3; POSIX.1-2017, 8.3.
class TzText {
  public:
    explicit TzText(std::string_view text) : rest_(text) {}

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool skip_name() {
        if (take('<')) {
            const std::size_t end = rest_.find('>');
            if (end == std::string_view::npos) return false;
            rest_.remove_prefix(end + 1);
            return true;
        }
        std::size_t letters = 0;
        while (letters < rest_.size() && std::isalpha(static_cast<unsigned char>(rest_[letters]))) {
            ++letters;
        }
        rest_.remove_prefix(letters);
        return letters >= 3;
    }

    bool number(int& out) {
        const char* end = rest_.data() + rest_.size();
        const auto parsed = std::from_chars(rest_.data(), end, out);
        if (parsed.ec != std::errc{}) return false;
        rest_.remove_prefix(static_cast<std::size_t>(parsed.ptr - rest_.data()));
        return true;
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    bool time(std::int32_t& out) {
        const bool negative = take('-');
        if (!negative) take('+');
        int parts[3] = {0, 0, 0};
        if (!number(parts[0])) return false;
        for (int i = 1; i < 3 && take(':'); ++i) {
            if (!number(parts[i])) return false;
        }
        out = parts[0] * 3'600 + parts[1] * 60 + parts[2];
        if (negative) out = -out;
        return true;
    }

  private:
    std::string_view rest_;
};

std::string zone_path(const std::string& name) {
    if (name == "Local") return "/etc/localtime";
    const char* folder = std::getenv("ZONEINFO");
    return fmt::format("{}/{}", folder != nullptr ? folder : "/usr/share/zoneinfo", name);
}

bool is_zone_name(std::string_view name) {
    const bool letters = std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '-' ||
               c == '+';
    });
    return !name.empty() && letters && !name.starts_with('/');
}

}  // namespace

Result<std::shared_ptr<const TimeZone>> TimeZone::load(const std::string& name) {
    static std::mutex mutex;
    static std::map<std::string, std::shared_ptr<const TimeZone>> loaded;
    if (!is_zone_name(name)) return fail(fmt::format("unknown time zone \"{}\"", name));
    const std::scoped_lock lock(mutex);
    const auto found = loaded.find(name);
    if (found != loaded.end()) return found->second;
    std::ifstream file(zone_path(name), std::ios::binary);
    std::string bytes(kFileBytesMax, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    auto zone = parse(bytes);
    if (!zone) {
        // UTC needs no database.
        if (name == "UTC" || name == "Etc/UTC") return std::make_shared<const TimeZone>();
        return fail(
            fmt::format("unknown time zone \"{}\", expected a name such as Europe/Berlin "
                        "(is the package tzdata installed?)",
                        name));
    }
    loaded[name] = *zone;
    return *zone;
}

Result<std::shared_ptr<const TimeZone>> TimeZone::parse(std::string_view text) {
    const auto bad = [] { return fail("no time zone file"); };
    Bytes bytes(text);
    Header header;
    if (!read_header(bytes, header)) return bad();
    std::size_t time_bytes = 4;
    if (header.version >= '2') {
        // The first block is for old readers.
        bytes.take(header.transitions * 5 + header.types * 6 + header.name_bytes +
                   header.leap_seconds * 8 + header.standard_indicators + header.utc_indicators);
        if (!read_header(bytes, header)) return bad();
        time_bytes = 8;
    }
    std::vector<std::int64_t> times;
    for (std::size_t i = 0; i < header.transitions && bytes.ok(); ++i) {
        times.push_back(bytes.number(time_bytes));
    }
    const std::string_view indices = bytes.take(header.transitions);
    std::vector<std::int32_t> offsets;
    for (std::size_t i = 0; i < header.types && bytes.ok(); ++i) {
        offsets.push_back(static_cast<std::int32_t>(bytes.number(4)));
        bytes.take(2);
    }
    bytes.take(header.name_bytes + header.leap_seconds * (time_bytes + 4) +
               header.standard_indicators + header.utc_indicators);
    if (!bytes.ok()) return bad();
    auto zone = std::make_shared<TimeZone>();
    zone->first_offset_ = offsets[0];
    for (std::size_t i = 0; i < times.size(); ++i) {
        const auto type = static_cast<unsigned char>(indices[i]);
        if (type >= offsets.size()) return bad();
        zone->transitions_.push_back({times[i], offsets[type]});
    }
    std::string_view footer = bytes.rest();
    if (footer.starts_with('\n') && footer.ends_with('\n') && footer.size() > 2) {
        footer = footer.substr(1, footer.size() - 2);
        zone->has_footer_ = parse_footer(footer, zone->footer_);
    }
    return zone;
}

bool TimeZone::parse_footer(std::string_view text, Footer& footer) {
    TzText tz(text);
    if (!tz.skip_name() || !tz.time(footer.standard_offset)) return false;
    // POSIX counts west of Greenwich.
    footer.standard_offset = -footer.standard_offset;
    if (tz.at_end()) return true;
    footer.has_daylight = true;
    if (!tz.skip_name()) return false;
    footer.daylight_offset = footer.standard_offset + 3'600;
    if (!tz.take(',')) {
        if (!tz.time(footer.daylight_offset)) return false;
        footer.daylight_offset = -footer.daylight_offset;
        if (!tz.take(',')) return false;
    }
    const auto date = [&](RuleDate& out) {
        if (tz.take('M')) {
            out.kind = RuleDate::Kind::month_week_day;
            if (!tz.number(out.month) || !tz.take('.') || !tz.number(out.week) || !tz.take('.') ||
                !tz.number(out.day)) {
                return false;
            }
            if (out.month < 1 || out.month > 12 || out.week < 1 || out.week > 5 || out.day < 0 ||
                out.day > 6) {
                return false;
            }
        } else {
            out.kind = tz.take('J') ? RuleDate::Kind::julian : RuleDate::Kind::zero_based;
            if (!tz.number(out.day)) return false;
        }
        return !tz.take('/') || tz.time(out.seconds);
    };
    return date(footer.begin) && tz.take(',') && date(footer.end) && tz.at_end();
}

std::int64_t TimeZone::moment_of(const RuleDate& date, int year) {
    using namespace std::chrono;
    sys_days day;
    switch (date.kind) {
        case RuleDate::Kind::month_week_day: {
            const auto month_of =
                std::chrono::year(year) / month(static_cast<unsigned>(date.month));
            const weekday on(static_cast<unsigned>(date.day));
            day = date.week == 5 ? sys_days(month_of / on[last])
                                 : sys_days(month_of / on[static_cast<unsigned>(date.week)]);
            break;
        }
        case RuleDate::Kind::julian: {
            // Day 60 is March 1st in every year: February 29th is never counted.
            const bool after = std::chrono::year(year).is_leap() && date.day >= 60;
            day = sys_days(std::chrono::year(year) / January / 1) + days(date.day - 1 + after);
            break;
        }
        case RuleDate::Kind::zero_based:
            day = sys_days(std::chrono::year(year) / January / 1) + days(date.day);
            break;
    }
    return duration_cast<std::chrono::seconds>(day.time_since_epoch()).count() + date.seconds;
}

std::int32_t TimeZone::footer_offset(std::int64_t time) const {
    if (!footer_.has_daylight) return footer_.standard_offset;
    const auto local =
        std::chrono::sys_seconds(std::chrono::seconds(time + footer_.standard_offset));
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(local)};
    const int year = int(date.year());
    const std::int64_t begin = moment_of(footer_.begin, year) - footer_.standard_offset;
    const std::int64_t end = moment_of(footer_.end, year) - footer_.daylight_offset;
    // South of the equator summer spans the new year.
    const bool daylight = begin < end ? time >= begin && time < end : time >= begin || time < end;
    return daylight ? footer_.daylight_offset : footer_.standard_offset;
}

std::chrono::seconds TimeZone::offset_at(WallTime moment) const {
    const std::int64_t time =
        std::chrono::floor<std::chrono::seconds>(moment).time_since_epoch().count();
    const auto after = std::ranges::upper_bound(transitions_, time, {}, &Transition::at);
    if (after == transitions_.end() && has_footer_) {
        return std::chrono::seconds(footer_offset(time));
    }
    if (after == transitions_.begin()) return std::chrono::seconds(first_offset_);
    return std::chrono::seconds(std::prev(after)->offset);
}

}  // namespace pilotlight::runtime
