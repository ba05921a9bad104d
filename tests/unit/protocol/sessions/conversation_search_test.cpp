#include "protocol/sessions/conversation_search.hpp"

#include <doctest/doctest.h>

#include <ostream>
#include <string>
#include <vector>

using namespace nekod;

TEST_CASE("letters are compared without their case") {
  CHECK(folded("ABC xyz 123 [`{@") == "abc xyz 123 [`{@");
  CHECK(folded("ÀÖ×ØÞß÷ ĀĮĲĹŇŊŶŹŽ ŁłŃń") == "àö×øþß÷ āįĳĺňŋŷźž łłńń");
  CHECK(folded("ΆΈΊΌΎΏ ΑΡΣΩΫ ΟΔΟΣ οδος") == "άέίόύώ αρσωϋ οδοσ οδοσ");
  CHECK(folded("ЀЏ АЯ Ѡ Ҁ Ҋ Ӑ Ԯ Ա Ֆ") == "ѐџ ая ѡ ҁ ҋ ӑ ԯ ա ֆ");
}

TEST_CASE("what has no case stays") {
  for (const std::string same : {"", "小猫 ＡＢ", "שלום", "😀", "àÿ", "\xc3"})
    CHECK(folded(same) == same);
}

TEST_CASE("words are found in what anyone said") {
  const std::vector<chat::message> messages{{chat::role::user, "Where is the Cat?"},
                                            {chat::role::assistant, "In the BOX, 小猫."}};
  for (const std::string words : {"cat", "the box", "小猫", "?", "where is the cat?"})
    CHECK(says(messages, "{}", words));
  for (const std::string words : {"dog", "cat?in", "the cat box"})
    CHECK_FALSE(says(messages, "{}", words));
}

TEST_CASE("words are found in the values of the metadata, not in their names") {
  constexpr auto metadata = R"({"title":"My \"Cat\"","topic":"pets"})";
  CHECK(says({}, metadata, "my \"cat\""));
  CHECK(says({}, metadata, "pets"));
  CHECK_FALSE(says({}, metadata, "title"));
  CHECK_FALSE(says({}, metadata, "\",\""));
  CHECK_FALSE(says({}, "", "a"));
  CHECK_FALSE(says({}, "[\"a\"]", "a"));
}
