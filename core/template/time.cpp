#include "core/template/time.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>

#include "core/template/functions.h"

namespace pilotlight::tmpl {

namespace {

using Args = std::span<const Value>;
using Nanoseconds = std::chrono::nanoseconds;
using NanoTime = std::chrono::sys_time<Nanoseconds>;

constexpr std::int64_t kSecond = 1'000'000'000;

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};

struct Civil {
    int year = 1970;
    unsigned month = 1;
    unsigned day = 1;
    int year_day = 1;
    unsigned weekday = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    std::int64_t nanosecond = 0;
};

Civil civil_of(std::int64_t nanoseconds) {
    const NanoTime at{Nanoseconds(nanoseconds)};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::sys_days first = date.year() / std::chrono::January / 1;
    const std::int64_t rest = (at - day).count();
    const std::int64_t seconds = rest / kSecond;
    return {static_cast<int>(date.year()),
            static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()),
            static_cast<int>((day - first).count()) + 1,
            std::chrono::weekday(day).c_encoding(),
            static_cast<int>(seconds / 3600),
            static_cast<int>(seconds / 60 % 60),
            static_cast<int>(seconds % 60),
            rest % kSecond};
}

/// A piece of a layout and what it stands for.
struct LayoutPiece {
    std::string_view spelled;
    std::string (*write)(const Civil& civil);
};

int hour_of_12(const Civil& civil) {
    return civil.hour % 12 == 0 ? 12 : civil.hour % 12;
}

/// Longer spellings first: `January` before `Jan`, `2006` before `2`.
constexpr auto kPieces = std::to_array<LayoutPiece>({
    {"January", [](const Civil& c) { return std::string(kMonths[c.month - 1]); }},
    {"Jan", [](const Civil& c) { return std::string(kMonths[c.month - 1].substr(0, 3)); }},
    {"Monday", [](const Civil& c) { return std::string(kWeekdays[c.weekday]); }},
    {"Mon", [](const Civil& c) { return std::string(kWeekdays[c.weekday].substr(0, 3)); }},
    {"MST", [](const Civil&) { return std::string("UTC"); }},
    {"2006", [](const Civil& c) { return fmt::format("{:04}", c.year); }},
    {"002", [](const Civil& c) { return fmt::format("{:03}", c.year_day); }},
    {"__2", [](const Civil& c) { return fmt::format("{:3}", c.year_day); }},
    {"_2", [](const Civil& c) { return fmt::format("{:2}", c.day); }},
    {"01", [](const Civil& c) { return fmt::format("{:02}", c.month); }},
    {"02", [](const Civil& c) { return fmt::format("{:02}", c.day); }},
    {"03", [](const Civil& c) { return fmt::format("{:02}", hour_of_12(c)); }},
    {"04", [](const Civil& c) { return fmt::format("{:02}", c.minute); }},
    {"05", [](const Civil& c) { return fmt::format("{:02}", c.second); }},
    {"06", [](const Civil& c) { return fmt::format("{:02}", c.year % 100); }},
    {"15", [](const Civil& c) { return fmt::format("{:02}", c.hour); }},
    {"1", [](const Civil& c) { return fmt::format("{}", c.month); }},
    {"2", [](const Civil& c) { return fmt::format("{}", c.day); }},
    {"3", [](const Civil& c) { return fmt::format("{}", hour_of_12(c)); }},
    {"4", [](const Civil& c) { return fmt::format("{}", c.minute); }},
    {"5", [](const Civil& c) { return fmt::format("{}", c.second); }},
    {"PM", [](const Civil& c) { return std::string(c.hour >= 12 ? "PM" : "AM"); }},
    {"pm", [](const Civil& c) { return std::string(c.hour >= 12 ? "pm" : "am"); }},
    {"-07:00:00", [](const Civil&) { return std::string("+00:00:00"); }},
    {"-07:00", [](const Civil&) { return std::string("+00:00"); }},
    {"-070000", [](const Civil&) { return std::string("+000000"); }},
    {"-0700", [](const Civil&) { return std::string("+0000"); }},
    {"-07", [](const Civil&) { return std::string("+00"); }},
    {"Z07:00:00", [](const Civil&) { return std::string("Z"); }},
    {"Z07:00", [](const Civil&) { return std::string("Z"); }},
    {"Z070000", [](const Civil&) { return std::string("Z"); }},
    {"Z0700", [](const Civil&) { return std::string("Z"); }},
    {"Z07", [](const Civil&) { return std::string("Z"); }},
});

/// The length of a fraction of seconds (`.000`, `,999`) at the start of `layout`, else 0.
std::size_t fraction_length(std::string_view layout) {
    if (layout.size() < 2 || (layout[0] != '.' && layout[0] != ',')) return 0;
    if (layout[1] != '0' && layout[1] != '9') return 0;
    const std::size_t end = std::min(layout.find_first_not_of(layout[1], 1), layout.size());
    const bool digit_follows = end < layout.size() && layout[end] >= '0' && layout[end] <= '9';
    return digit_follows || end > 10 ? 0 : end;
}

std::string fraction(std::string_view piece, std::int64_t nanosecond) {
    std::string digits = fmt::format("{:09}", nanosecond).substr(0, piece.size() - 1);
    if (piece[1] == '9') {
        while (!digits.empty() && digits.back() == '0')
            digits.pop_back();
        if (digits.empty()) return {};
    }
    return piece[0] + digits;
}

std::string print_time(const Value& self) {
    return format_time_layout(self.integer(), "2006-01-02 15:04:05.999999999 -0700 MST");
}

std::string print_duration(const Value& self) {
    return format_go_duration(self.integer());
}

std::string print_month(const Value& self) {
    return std::string(kMonths[static_cast<std::size_t>(self.integer() - 1)]);
}

std::string print_weekday(const Value& self) {
    return std::string(kWeekdays[static_cast<std::size_t>(self.integer())]);
}

Result<std::int64_t> integer_argument(Args args) {
    if (args.size() != 1) return fail(fmt::format("want 1 argument got {}", args.size()));
    if (!args[0].is(Value::Kind::integer)) {
        return fail(fmt::format("wrong type for value; got {}", args[0].type_name()));
    }
    return args[0].integer();
}

const Type& month_type() {
    static const Type type = {"time.Month", {}, print_month};
    return type;
}

const Type& weekday_type() {
    static const Type type = {"time.Weekday", {}, print_weekday};
    return type;
}

template <auto Field>
Result<Value> civil_field(const Value& self, Args) {
    return Value(static_cast<std::int64_t>(civil_of(self.integer()).*Field));
}

Result<Value> month(const Value& self, Args) {
    const auto number = static_cast<std::int64_t>(civil_of(self.integer()).month);
    return Value(number).with_type(&month_type());
}

Result<Value> weekday(const Value& self, Args) {
    const auto number = static_cast<std::int64_t>(civil_of(self.integer()).weekday);
    return Value(number).with_type(&weekday_type());
}

Result<Value> format_method(const Value& self, Args args) {
    if (args.size() != 1 || !args[0].is(Value::Kind::text)) return fail("want a layout");
    return format_time_layout(self.integer(), args[0].text());
}

Result<Value> unix_seconds(const Value& self, Args) {
    const auto at = NanoTime(Nanoseconds(self.integer())).time_since_epoch();
    return Value(std::int64_t{std::chrono::floor<std::chrono::seconds>(at).count()});
}

Result<Value> unix_milliseconds(const Value& self, Args) {
    const auto at = NanoTime(Nanoseconds(self.integer())).time_since_epoch();
    return Value(std::int64_t{std::chrono::floor<std::chrono::milliseconds>(at).count()});
}

/// Sums and differences wrap where they overflow, as Go's do.
std::int64_t wrapping(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

Result<Value> add(const Value& self, Args args) {
    const auto other = integer_argument(args);
    if (!other) return std::unexpected(other.error());
    return time_value_ns(
        wrapping(static_cast<std::uint64_t>(self.integer()) + static_cast<std::uint64_t>(*other)));
}

Result<Value> subtract(const Value& self, Args args) {
    const auto other = integer_argument(args);
    if (!other) return std::unexpected(other.error());
    return duration_value(
        wrapping(static_cast<std::uint64_t>(self.integer()) - static_cast<std::uint64_t>(*other)));
}

template <class Compare>
Result<Value> compared(const Value& self, Args args) {
    const auto other = integer_argument(args);
    if (!other) return std::unexpected(other.error());
    return Value(Compare{}(self.integer(), *other));
}

Result<Value> itself(const Value& self, Args) {
    return self;
}

template <std::string (*Print)(const Value&)>
Result<Value> printed(const Value& self, Args) {
    return Value(Print(self));
}

/// A time is a struct to Go: always true, and never the zero time here.
Result<Value> is_zero(const Value&, Args) {
    return Value(false);
}

template <std::int64_t Unit>
Result<Value> in_units(const Value& self, Args) {
    return Value(static_cast<double>(self.integer()) / static_cast<double>(Unit));
}

template <std::int64_t Unit>
Result<Value> whole_units(const Value& self, Args) {
    return Value(self.integer() / Unit);
}

Result<Value> truncate(const Value& self, Args args) {
    const auto unit = integer_argument(args);
    if (!unit) return std::unexpected(unit.error());
    if (*unit <= 0) return self;
    return duration_value(self.integer() - self.integer() % *unit);
}

Result<Value> round(const Value& self, Args args) {
    const auto unit = integer_argument(args);
    if (!unit) return std::unexpected(unit.error());
    if (*unit <= 0) return self;
    const std::int64_t rest = self.integer() % *unit;
    const std::int64_t down = self.integer() - rest;
    if (std::abs(rest) < *unit - std::abs(rest)) return duration_value(down);
    const std::uint64_t step = static_cast<std::uint64_t>(rest < 0 ? -*unit : *unit);
    return duration_value(wrapping(static_cast<std::uint64_t>(down) + step));
}

const Type& time_type() {
    static const Type type = {"time.Time",
                              {{"Add", add},
                               {"After", compared<std::greater<>>},
                               {"Before", compared<std::less<>>},
                               {"Day", civil_field<&Civil::day>},
                               {"Equal", compared<std::equal_to<>>},
                               {"Format", format_method},
                               {"Hour", civil_field<&Civil::hour>},
                               {"IsZero", is_zero},
                               {"Minute", civil_field<&Civil::minute>},
                               {"Month", month},
                               {"Nanosecond", civil_field<&Civil::nanosecond>},
                               {"Second", civil_field<&Civil::second>},
                               {"String", printed<print_time>},
                               {"Sub", subtract},
                               {"Unix", unix_seconds},
                               {"UnixMilli", unix_milliseconds},
                               {"UTC", itself},
                               {"Local", itself},
                               {"Weekday", weekday},
                               {"Year", civil_field<&Civil::year>},
                               {"YearDay", civil_field<&Civil::year_day>}},
                              print_time,
                              true};
    return type;
}

const Type& duration_type() {
    static const Type type = {"time.Duration",
                              {{"Hours", in_units<3600 * kSecond>},
                               {"Microseconds", whole_units<1'000>},
                               {"Milliseconds", whole_units<1'000'000>},
                               {"Minutes", in_units<60 * kSecond>},
                               {"Nanoseconds", whole_units<1>},
                               {"Round", round},
                               {"Seconds", in_units<kSecond>},
                               {"String", printed<print_duration>},
                               {"Truncate", truncate}},
                              print_duration,
                              true};
    return type;
}

std::string decimal(std::uint64_t whole, std::uint64_t rest, int digits) {
    std::string text = fmt::format("{}", whole);
    if (rest == 0) return text;
    std::string fraction = fmt::format("{:0{}}", rest, digits);
    while (fraction.back() == '0')
        fraction.pop_back();
    return text + '.' + fraction;
}

}  // namespace

Value time_value(WallTime at) {
    return time_value_ns(std::chrono::duration_cast<Nanoseconds>(at.time_since_epoch()).count());
}

Value time_value_ns(std::int64_t nanoseconds) {
    return Value(nanoseconds).with_type(&time_type());
}

Value duration_value(std::int64_t nanoseconds) {
    return Value(nanoseconds).with_type(&duration_type());
}

std::string format_time_layout(std::int64_t nanoseconds, std::string_view layout) {
    const Civil civil = civil_of(nanoseconds);
    std::string out;
    while (!layout.empty()) {
        if (const std::size_t length = fraction_length(layout)) {
            out += fraction(layout.substr(0, length), civil.nanosecond);
            layout.remove_prefix(length);
            continue;
        }
        const LayoutPiece* found = nullptr;
        for (const auto& piece : kPieces) {
            if (layout.starts_with(piece.spelled)) {
                found = &piece;
                break;
            }
        }
        if (found == nullptr) {
            out += layout.front();
            layout.remove_prefix(1);
            continue;
        }
        out += found->write(civil);
        layout.remove_prefix(found->spelled.size());
    }
    return out;
}

std::string format_go_duration(std::int64_t nanoseconds) {
    if (nanoseconds == 0) return "0s";
    const std::string_view sign = nanoseconds < 0 ? "-" : "";
    const std::uint64_t size = nanoseconds < 0 ? 0 - static_cast<std::uint64_t>(nanoseconds)
                                               : static_cast<std::uint64_t>(nanoseconds);
    if (size < 1'000) return fmt::format("{}{}ns", sign, size);
    if (size < 1'000'000)
        return fmt::format("{}{}µs", sign, decimal(size / 1'000, size % 1'000, 3));
    if (size < kSecond) {
        return fmt::format("{}{}ms", sign, decimal(size / 1'000'000, size % 1'000'000, 6));
    }
    const std::uint64_t seconds = size / kSecond;
    std::string out(sign);
    if (seconds >= 3600) out += fmt::format("{}h", seconds / 3600);
    if (seconds >= 60) out += fmt::format("{}m", seconds / 60 % 60);
    return out + decimal(seconds % 60, size % kSecond, 9) + 's';
}

}  // namespace pilotlight::tmpl
