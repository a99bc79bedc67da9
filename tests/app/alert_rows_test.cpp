#include "app/alert_rows.h"

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "core/annotations.h"

using namespace std::chrono_literals;
using namespace pilotlight;
using rules::AlertCause;
using rules::AlertRecord;

namespace {

const WallTime kThen{1'767'355'200'000ms};

AlertRecord firing() {
    AlertRecord record;
    record.rule = 0xfedcba9876543210;
    record.rule_name = "Long";
    record.labels = Labels{{"alertname", "Long"}, {"target", "a"}};
    record.annotations = Labels{{"summary", "the \"queue\"\nis long"}};
    record.row = Labels{{"target", "a"}};
    record.state = AlertState::firing;
    record.active_at = kThen;
    record.fired_at = kThen + 30s;
    record.value = 9.5;
    record.generator_url = "/graph";
    record.evidence = 3;
    record.targets = {"a", "b"};
    return record;
}

AlertRecord read_back(const AlertRecord& record) {
    const auto row = app::to_row(record);
    BOOST_TEST(row.key == record.key());
    const auto back = app::alert_record_from(row.record);
    BOOST_REQUIRE(back.has_value());
    return *back;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(alert_rows)

BOOST_AUTO_TEST_CASE(a_record_reads_back_as_it_was) {
    AlertRecord record = firing();
    BOOST_CHECK(read_back(record) == record);
    AnnotationsBuilder annotations(record.annotations);
    record.annotations = annotations.set("empty", "").build();
    BOOST_TEST(read_back(record).annotations.size() == 2U);
    BOOST_CHECK(read_back(record) == record);
    record.keep_firing_since = kThen + 40s;
    record.data_valid_for = 2h;
    record.cause = AlertCause::no_data;
    record.flapping_since = kThen + 31s;
    record.flipped_at = kThen + 32s;
    record.changes = {kThen, kThen + 10s, kThen + 30s};
    BOOST_CHECK(read_back(record) == record);
    record.cause = AlertCause::error;
    record.state = AlertState::resolved;
    record.resolved_at = kThen + 50s;
    BOOST_CHECK(read_back(record) == record);
}

BOOST_AUTO_TEST_CASE(a_value_that_is_no_number_reads_back) {
    AlertRecord record = firing();
    record.value = std::nan("");
    BOOST_TEST(std::isnan(read_back(record).value));
    record.value = -INFINITY;
    BOOST_TEST(read_back(record).value == -INFINITY);
}

BOOST_AUTO_TEST_CASE(a_record_of_the_first_version_reads_as_a_condition_without_damping) {
    const auto record = app::alert_record_from(R"({"rule": 7, "rule_name": "Long",
        "labels": {"alertname": "Long"}, "annotations": {}, "row": {}, "state": "pending",
        "active_at": 1767355200000, "fired_at": null, "keep_firing_since": null,
        "resolved_at": null, "value": "9", "generator_url": "", "evidence": 1, "targets": []})");
    BOOST_REQUIRE(record.has_value());
    BOOST_CHECK(record->cause == AlertCause::condition);
    BOOST_CHECK(record->data_valid_for == 0ms);
    BOOST_TEST(!record->flapping_since.has_value());
    BOOST_TEST(record->changes.empty());
    BOOST_CHECK(record->active_at == kThen);
}

BOOST_AUTO_TEST_CASE(what_is_no_record_is_refused) {
    for (const char* text : {"", "{", "[]", "null", "{}", R"({"rule": "x"})"}) {
        BOOST_TEST_INFO(text);
        BOOST_TEST(!app::alert_record_from(text).has_value());
    }
    auto row = app::to_row(firing());
    row.record.replace(row.record.find("\"condition\""), 11, "[1, 2, 3]  ");
    BOOST_TEST(!app::alert_record_from(row.record).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
