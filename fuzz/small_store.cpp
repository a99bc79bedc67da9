#include "fuzz/small_store.h"

#include "core/check.h"
#include "rules/promql/series_notation.h"

namespace pilotlight::fuzz {

namespace {

struct Written {
    std::string_view series;
    std::string_view values;
};

constexpr Written kSeries[] = {
    {R"(a{x="1",y="p"})", "1+2x19"},
    {R"(a{x="2",y="q"})", "100-7x19"},
    {R"(a{x="3"})", "NaN Inf -Inf 0 -0 1e308 1e-308 _x5 4 5 6 stale _ 7 8"},
    {R"(b{x="1"})", "3x19"},
    {R"(b{x="2",z="r"})", "_ 5 _ 5 _ 5 _ 5 _ 5 _ 5 _ 5 _ 5 _ 5 _ 5"},
    {R"(c_total{x="1"})", "0+60x8 10+60x10"},
    {R"(c_total{x="2"})", "0 5 3 8 1 100 2 0 50 60 70 1 2 3 4 9 8 7 6 5"},
    {R"(h_bucket{le="0.1"})", "0+1x19"},
    {R"(h_bucket{le="1"})", "0+3x19"},
    {R"(h_bucket{le="+Inf"})", "0+4x19"},
    {R"(up{job="j",instance="i:9090"})", "1x9 0x9"},
};

series::Store make_store() {
    series::Store store({.retention = series::Retention::forever()});
    for (const auto& written : kSeries) {
        const auto labels = promql::parse_series(written.series);
        const auto values = promql::parse_series_values(written.values);
        PILOT_CHECK(labels && values);
        WallTime at = kNow - std::chrono::minutes(20);
        for (const auto& value : *values) {
            if (value) store.append(*labels, at, *value);
            at += std::chrono::minutes(1);
        }
    }
    return store;
}

}  // namespace

const series::Store& small_store() {
    static const series::Store store = make_store();
    return store;
}

}  // namespace pilotlight::fuzz
