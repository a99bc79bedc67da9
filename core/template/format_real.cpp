#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/template/format_value.h"
#include "core/template/functions.h"

namespace pilotlight::tmpl {

namespace {

template <class... Args>
std::string converted(Args... args) {
    /// The longest: -1.8e308 in fixed notation with the largest precision we allow.
    std::string out(400 + kPadMax, '\0');
    const auto done = std::to_chars(out.data(), out.data() + out.size(), args...);
    out.resize(static_cast<std::size_t>(done.ptr - out.data()));
    return out;
}

/// Shortest digits, in scientific notation where Go's %g has it.
std::string shortest_general(double value) {
    const std::string scientific = converted(value, std::chars_format::scientific);
    const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
    return exponent < -4 || exponent >= 6 ? scientific : converted(value, std::chars_format::fixed);
}

std::string hexadecimal(double value, int precision) {
    std::string text = precision < 0 ? converted(value, std::chars_format::hex)
                                     : converted(value, std::chars_format::hex, precision);
    const std::size_t digit = text[0] == '-' ? 1 : 0;
    if (text[digit] == '2') {
        // Rounded up to the next power of two, which Go writes with a one.
        const std::size_t p = text.find('p') + 1;
        text = text.substr(0, p) + fmt::format("{:+d}", std::atoi(text.c_str() + p) + 1);
        text[digit] = '1';
    }
    text.insert(digit, "0x");
    const std::size_t sign = text.find('p') + 1;
    if (text.size() - sign == 2) text.insert(sign + 1, 1, '0');
    return text;
}

/// Go's 'b': the mantissa as an integer, and the power of two.
std::string binary(double value) {
    int exponent = 0;
    // 53 bits where there are as many; what is smaller than normal keeps its lowest exponent.
    const double fraction = std::frexp(std::abs(value), &exponent);
    const int power = std::max(exponent - 53, -1074);
    const double mantissa = value == 0 ? 0 : std::ldexp(fraction, exponent - power);
    return fmt::format("{}{:.0f}p{:+d}", std::signbit(value) ? "-" : "", mantissa,
                       value == 0 ? -1074 : power);
}

/// Go's 'f' with the digits that tell the value from its neighbours, then zeros.
std::string shortest_fixed(double value) {
    constexpr double kAllDigitsCount = 1e15;
    if (std::abs(value) < kAllDigitsCount) return converted(value, std::chars_format::fixed);
    const std::string text = converted(std::abs(value), std::chars_format::scientific);
    const std::size_t e = text.find('e');
    const auto whole = static_cast<std::size_t>(std::atoi(text.c_str() + e + 1)) + 1;
    std::string digits = text.substr(0, e);
    std::erase(digits, '.');
    if (digits.size() < whole) digits.append(whole - digits.size(), '0');
    if (digits.size() > whole) digits.insert(whole, ".");
    return (value < 0 ? "-" : "") + digits;
}

}  // namespace

std::string format_real(double value, char verb, int precision) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
    const bool upper = verb == 'E' || verb == 'G' || verb == 'X';
    std::string text;
    switch (verb) {
        case 'e':
        case 'E':
            text = precision < 0 ? converted(value, std::chars_format::scientific)
                                 : converted(value, std::chars_format::scientific, precision);
            break;
        case 'f':
            text = precision < 0 ? shortest_fixed(value)
                                 : converted(value, std::chars_format::fixed, precision);
            break;
        case 'x':
        case 'X':
            text = hexadecimal(value, precision);
            break;
        case 'b':
            return binary(value);
        default:
            text = precision < 0
                       ? shortest_general(value)
                       : converted(value, std::chars_format::general, std::max(precision, 1));
    }
    if (upper) {
        for (char& c : text) {
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        }
    }
    return text;
}

}  // namespace pilotlight::tmpl
