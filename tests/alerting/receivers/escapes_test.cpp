#include "alerting/receivers/escapes.h"

#include <boost/test/unit_test.hpp>

using namespace pilotlight::alerting;

BOOST_AUTO_TEST_SUITE(escapes)

BOOST_AUTO_TEST_CASE(html_has_no_markup_left) {
    BOOST_TEST(escape_html("<a href=\"x\" onclick='y'>&amp;</a>") ==
               "&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
}

BOOST_AUTO_TEST_CASE(urls_stay_usable_where_markdown_is_escaped) {
    BOOST_TEST(escape_discord("see https://x.example/a_b?c=1*2 a_b") ==
               "see https://x.example/a_b?c=1\\*2 a\\_b");
    BOOST_TEST(escape_card("http://x/_y_ [z]") == "http://x/_y_ \\[z\\]");
    BOOST_TEST(escape_discord("https://x/)[evil](https://y)") ==
               "https://x/\\)\\[evil\\]\\(https://y\\)");
}

BOOST_AUTO_TEST_CASE(mentions_are_told_apart) {
    BOOST_TEST(escape_discord("@everyone <@&7> <#3>") ==
               "@\u200beveryone \\<\u200b@\u200b&7\\> \\<\u200b\\#3\\>");
    BOOST_TEST(escape_slack("@here <!channel> @hereafter @you") ==
               "@\u200bhere &lt;!channel&gt; @\u200bhereafter @you");
}

BOOST_AUTO_TEST_CASE(html_is_cut_with_its_tags_closed_and_its_entities_whole) {
    BOOST_TEST(cut_html("<b>short</b>", 100) == "<b>short</b>");
    BOOST_TEST(cut_html("<b>bold &amp; brave</b>", 16) == "<b>bold …</b>");
    BOOST_TEST(cut_html("<b>bold &amp; brave</b>", 18) == "<b>bold &amp;…</b>");
    BOOST_TEST(cut_html("<b><i>deep down</i></b>", 19) == "<b><i>deep…</i></b>");
    BOOST_TEST(cut_html("<a href=\"https://x\">link text</a>", 30) ==
               "<a href=\"https://x\">link …</a>");
    BOOST_TEST(cut_html("<b>one</b> two three", 13) == "<b>one</b> t…");
    BOOST_TEST(cut_html("ééééé", 3) == "éé…");
    BOOST_TEST(cut_html("a < b and no tag ever ends", 10) == "a …");
    BOOST_TEST(cut_html("\xff\xfe bad", 4) == "\ufffd\ufffd …");
}

BOOST_AUTO_TEST_CASE(entities_are_cut_whole) {
    BOOST_TEST(cut_entities("a&amp;b", 4) == "a…");
    BOOST_TEST(cut_entities("a&amp;b", 7) == "a&amp;b");
}

BOOST_AUTO_TEST_SUITE_END()
