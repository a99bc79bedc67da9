#include "alerting/silences.h"

#include <boost/test/unit_test.hpp>

#include <fmt/ranges.h>

#include "tests/alerting/samples.h"

using namespace pilotlight;
using namespace pilotlight::alerting;
using namespace pilotlight::alerting::testing;
using namespace std::chrono_literals;

namespace {

Silence wanted(std::string_view matchers, Duration from, Duration to) {
    Silence silence;
    silence.matchers = parse_matchers(matchers).value();
    silence.starts_at = noon(from);
    silence.ends_at = noon(to);
    silence.created_by = "ada";
    silence.comment = "moving the rack";
    return silence;
}

Silences::Options numbered() {
    Silences::Options options;
    options.make_id = [next = 0]() mutable { return "id" + std::to_string(++next); };
    return options;
}

/// Silences whose ids are id1, id2, ...; what is refused is the text of why.
class Desk {
  public:
    Silences silences{numbered()};

    std::string put(Silence silence, Duration now) {
        const auto change = silences.put(std::move(silence), noon(now));
        if (!change) return change.error().message;
        last = *change;
        return change->silence.id;
    }
    /// The silence of that id as somebody sends it back.
    Silence again(std::string_view id) const { return *silences.find(id); }
    std::string states(Duration now) const {
        std::string all;
        for (const auto& [id, silence] : silences.all())
            all += fmt::format("{} {} ", id, to_string(silence.state(noon(now))));
        return all;
    }
    std::string hiding(const Labels& labels, Duration now) const {
        return fmt::format("{}", fmt::join(silences.silencing(labels, noon(now)), " "));
    }

    Silences::Change last;
};

const Labels kDown{{"alertname", "Down"}, {"job", "api"}};
const Labels kSlow{{"alertname", "Slow"}, {"job", "api"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(silences)

BOOST_AUTO_TEST_CASE(is_active_from_its_start_to_just_before_its_end) {
    const Silence silence = wanted("a=b", 10s, 20s);
    BOOST_TEST(to_string(silence.state(noon(10s - 1ms))) == "pending");
    BOOST_TEST(to_string(silence.state(noon(10s))) == "active");
    BOOST_TEST(to_string(silence.state(noon(20s - 1ms))) == "active");
    BOOST_TEST(to_string(silence.state(noon(20s))) == "expired");
}

BOOST_AUTO_TEST_CASE(every_kind_of_matcher_hides_what_it_matches_while_it_lasts) {
    Desk desk;
    for (const char* matchers : {R"(alertname="Down")", R"(alertname!="Slow")",
                                 R"(alertname=~"D.*")", R"(alertname!~"S.*")"}) {
        desk.put(wanted(matchers, 0s, 1h), 0s);
    }
    BOOST_TEST(desk.hiding(kDown, 0s) == "id1 id2 id3 id4");
    BOOST_TEST(desk.hiding(kSlow, 0s) == "");
    BOOST_TEST(desk.hiding(kDown, 1h) == "");
    BOOST_TEST(desk.silences.mutes(kDown, noon(59min)));
    BOOST_TEST(!desk.silences.mutes(kDown, noon(1h)));
}

BOOST_AUTO_TEST_CASE(all_its_matchers_must_match) {
    Desk desk;
    desk.put(wanted(R"(job="api",alertname="Down",zone="")", 0s, 1h), 0s);
    BOOST_TEST(desk.hiding(kDown, 0s) == "id1");
    BOOST_TEST(desk.hiding(kSlow, 0s) == "");
    BOOST_TEST(desk.hiding(Labels{{"alertname", "Down"}, {"job", "api"}, {"zone", "b"}}, 0s) == "");
}

BOOST_AUTO_TEST_CASE(one_that_waits_hides_nothing_yet) {
    Desk desk;
    desk.put(wanted("job=api", 10min, 1h), 0s);
    BOOST_TEST(desk.hiding(kDown, 10min - 1ms) == "");
    BOOST_TEST(desk.hiding(kDown, 10min) == "id1");
}

BOOST_AUTO_TEST_CASE(a_start_in_the_past_is_now) {
    Desk desk;
    desk.put(wanted("a=b", -1h, 1h), 5min);
    BOOST_CHECK(desk.last.silence.starts_at == noon(5min));
    BOOST_CHECK(desk.last.silence.updated_at == noon(5min));
    BOOST_TEST(desk.last.is_new);
}

BOOST_AUTO_TEST_CASE(what_nobody_may_ask_for_is_refused_in_words) {
    Desk desk;
    const auto with = [](auto change) {
        Silence silence = wanted("a=b", 0s, 1h);
        change(silence);
        return silence;
    };
    BOOST_TEST(desk.put(with([](Silence& s) { s.matchers.clear(); }), 0s) ==
               "invalid silence: at least one matcher required");
    BOOST_TEST(desk.put(wanted(R"(a="",b=~".*")", 0s, 1h), 0s) ==
               "invalid silence: at least one matcher must not match the empty string");
    BOOST_TEST(desk.put(wanted("a=b", 1h, 1h), 0s) == "start time must be before end time");
    BOOST_TEST(desk.put(wanted("a=b", 0s, 1h), 1h) == "end time can't be in the past");
    BOOST_TEST(desk.put(with([](Silence& s) { s.created_by = " "; }), 0s) ==
               "invalid silence: createdBy is empty, expected who answers for it");
    BOOST_TEST(desk.put(with([](Silence& s) { s.comment = "\n"; }), 0s) ==
               "invalid silence: comment is empty, expected why it is there");
    BOOST_TEST(desk.put(with([](Silence& s) { s.comment = std::string(65'536, 'x'); }), 0s)
                   .starts_with("silence exceeded maximum size: "));
    BOOST_TEST(desk.put(with([](Silence& s) { s.matchers.resize(257, s.matchers[0]); }), 0s) ==
               "silence exceeded maximum number of matchers: 257 (limit: 256)");
    BOOST_TEST(desk.put(with([](Silence& s) { s.id = "nope"; }), 0s) == "silence not found");
    BOOST_TEST(desk.silences.all().empty());
}

BOOST_AUTO_TEST_CASE(too_many_are_refused_and_expired_ones_do_not_count) {
    Silences::Options options = numbered();
    options.count_max = 2;
    Silences silences(options);
    BOOST_TEST(silences.put(wanted("a=b", 0s, 1h), noon()).has_value());
    BOOST_TEST(silences.put(wanted("a=b", 0s, 2h), noon()).has_value());
    const auto third = silences.put(wanted("a=b", 0s, 1h), noon());
    BOOST_REQUIRE(!third.has_value());
    BOOST_TEST(third.error().message == "exceeded maximum number of silences: 2 (limit: 2)");
    BOOST_TEST(silences.put(wanted("a=b", 0s, 3h), noon(1h)).has_value());
}

BOOST_AUTO_TEST_CASE(ends_comments_and_owners_change_in_place) {
    Desk desk;
    desk.put(wanted("job=api,alertname=Down", 0s, 1h), 0s);
    Silence longer = desk.again("id1");
    longer.ends_at = noon(5h);
    longer.comment = "it takes longer";
    longer.created_by = "grace";
    std::swap(longer.matchers[0], longer.matchers[1]);
    longer.starts_at = noon(300ms);  // an API that knows seconds only
    BOOST_TEST(desk.put(longer, 30min) == "id1");
    BOOST_TEST(!desk.last.is_new);
    BOOST_TEST(!desk.last.ended.has_value());
    BOOST_CHECK(desk.again("id1").starts_at == noon());
    BOOST_CHECK(desk.again("id1").updated_at == noon(30min));
    BOOST_TEST(desk.hiding(kDown, 4h) == "id1");
}

BOOST_AUTO_TEST_CASE(other_matchers_end_it_and_make_another) {
    Desk desk;
    desk.put(wanted("alertname=Down", 0s, 1h), 0s);
    Silence other = desk.again("id1");
    other.matchers = parse_matchers("alertname=Slow").value();
    BOOST_TEST(desk.put(other, 10min) == "id2");
    BOOST_TEST(desk.states(10min) == "id1 expired id2 active ");
    BOOST_REQUIRE(desk.last.ended.has_value());
    BOOST_TEST(desk.last.ended->id == "id1");
    BOOST_CHECK(desk.last.silence.starts_at == noon(10min));
    BOOST_TEST(desk.hiding(kDown, 10min) == "");
    BOOST_TEST(desk.hiding(kSlow, 10min) == "id2");
}

BOOST_AUTO_TEST_CASE(another_start_of_one_that_began_makes_another) {
    Desk desk;
    desk.put(wanted("a=b", 0s, 1h), 0s);
    Silence later = desk.again("id1");
    later.starts_at = noon(30min);
    BOOST_TEST(desk.put(later, 10min) == "id2");
    BOOST_TEST(desk.states(10min) == "id1 expired id2 pending ");
}

BOOST_AUTO_TEST_CASE(one_that_waits_may_start_at_another_time_but_not_in_the_past) {
    Desk desk;
    desk.put(wanted("a=b", 1h, 2h), 0s);
    Silence moved = desk.again("id1");
    moved.starts_at = noon(30min);
    BOOST_TEST(desk.put(moved, 10min) == "id1");
    moved.starts_at = noon(5min);
    BOOST_TEST(desk.put(moved, 10min) == "id2");
    BOOST_TEST(desk.states(10min) == "id1 expired id2 active ");
}

BOOST_AUTO_TEST_CASE(one_that_ended_is_made_anew_and_not_revived) {
    Desk desk;
    desk.put(wanted("a=b", 0s, 1h), 0s);
    Silence again = desk.again("id1");
    again.ends_at = noon(3h);
    BOOST_TEST(desk.put(again, 2h) == "id2");
    BOOST_TEST(!desk.last.ended.has_value());
    BOOST_TEST(desk.states(2h) == "id1 expired id2 active ");
}

BOOST_AUTO_TEST_CASE(a_change_that_is_refused_changes_nothing) {
    Desk desk;
    desk.put(wanted("a=b", 0s, 1h), 0s);
    Silence bad = desk.again("id1");
    bad.comment = "";
    bad.matchers = parse_matchers("a=c").value();
    BOOST_TEST(desk.put(bad, 10min).starts_with("invalid silence"));
    BOOST_TEST(desk.states(10min) == "id1 active ");
}

BOOST_AUTO_TEST_CASE(expiring_ends_it_at_once_and_may_be_done_twice) {
    Desk desk;
    desk.put(wanted("job=api", 0s, 1h), 0s);
    desk.put(wanted("job=api", 1h, 2h), 0s);
    for (const char* id : {"id1", "id2"}) {
        const auto ended = desk.silences.expire(id, noon(10min));
        BOOST_REQUIRE(ended.has_value());
        BOOST_REQUIRE(ended->has_value());
        BOOST_CHECK((*ended)->ends_at == noon(10min));
        const auto again = desk.silences.expire(id, noon(20min));
        BOOST_TEST((again.has_value() && !again->has_value()));
    }
    BOOST_TEST(desk.states(10min) == "id1 expired id2 expired ");
    BOOST_TEST(desk.hiding(kDown, 10min) == "");
    BOOST_CHECK(desk.silences.expire("id9", noon()).error().kind ==
                Silences::Refusal::Kind::not_found);
}

BOOST_AUTO_TEST_CASE(what_ended_is_kept_for_five_days) {
    Desk desk;
    desk.put(wanted("a=b", 0s, 1h), 0s);
    BOOST_TEST(desk.silences.forget_expired(noon(1h + 120h - 1ms)).empty());
    const auto forgotten = desk.silences.forget_expired(noon(1h + 120h));
    BOOST_REQUIRE(forgotten.size() == 1U);
    BOOST_TEST(forgotten[0] == "id1");
    BOOST_TEST(desk.silences.all().empty());
}

BOOST_AUTO_TEST_CASE(of_too_many_that_ended_the_oldest_go_first) {
    Silences::Options options = numbered();
    options.count_max = 2;
    Silences silences(options);
    for (const Duration end : {2h, 1h, 3h}) {
        BOOST_REQUIRE(silences.put(wanted("a=b", 0s, end), noon()).has_value() || end == 3h);
        if (end == 3h) {
            BOOST_REQUIRE(silences.put(wanted("a=b", 0s, end), noon(1h)).has_value());
        }
    }
    const auto forgotten = silences.forget_expired(noon(4h));
    BOOST_REQUIRE(forgotten.size() == 1U);
    BOOST_TEST(forgotten[0] == "id2");
}

BOOST_AUTO_TEST_CASE(knows_what_it_hid_after_it_ended) {
    Desk desk;
    desk.put(wanted("job=api", 10min, 1h), 0s);
    BOOST_TEST(!desk.silences.hid_since(kDown, noon(), noon(50min)));
    BOOST_TEST(desk.silences.hid_since(kDown, noon(), noon(1h)));
    BOOST_TEST(!desk.silences.hid_since(kDown, noon(1h), noon(2h)));
    BOOST_TEST(!desk.silences.hid_since(Labels{{"job", "db"}}, noon(), noon(2h)));
}

BOOST_AUTO_TEST_CASE(survives_being_written_and_read) {
    Desk desk;
    Silence silence = wanted(R"(a="\"quoted\"",b!~"x|y",c!="z",d=~"é+")", 0s, 1h);
    silence.comment = "line\nand \x01 control";
    silence.annotations = Labels{{"ticket", "https://tickets.example/1"}};
    desk.put(silence, 0s);
    const auto read = silence_from_json(to_json(desk.again("id1")));
    BOOST_REQUIRE(read.has_value());
    BOOST_CHECK(*read == desk.again("id1"));
    desk.silences.restore({*read}, noon(10min));
    BOOST_TEST(desk.states(10min) == "id1 active ");
    desk.silences.restore({*read}, noon(200h));
    BOOST_TEST(desk.states(200h) == "");
    for (const char* bad : {"", "[]", "{}", "{\"id\":\"x\"}", "\xff"})
        BOOST_TEST(!silence_from_json(bad).has_value());
}

BOOST_AUTO_TEST_CASE(ids_are_random_uuids) {
    const std::string id = random_uuid();
    BOOST_TEST(is_uuid(id));
    BOOST_TEST(id[14] == '4');
    BOOST_TEST(std::string("89ab").contains(id[19]));
    BOOST_TEST(random_uuid() != id);
    for (const char* bad : {"", "x", "5b0b0d2e-0000-4000-8000-00000000000", "5b0b0d2e00004000800",
                            "5b0b0d2e-0000-4000-8000-00000000000g"})
        BOOST_TEST(!is_uuid(bad));
}

BOOST_AUTO_TEST_SUITE_END()
