#include "protocol/openai/responses/compaction.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod::openai::responses;

namespace {

item message(std::string id) {
  return item_of(std::move(id), R"({"type":"message","role":"user","content":[]})");
}

std::vector<std::string> ids_of(const std::vector<item>& items) {
  std::vector<std::string> ids;
  for (const auto& i : items)
    ids.push_back(i.id);
  return ids;
}

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("a compaction item holds its content") {
  const auto made = compaction_of("cmp_1", "a\"b");
  CHECK(made.kind == item_kind::compaction);
  CHECK(compacted_content(made) == "a\"b");
  CHECK(to_json(made) == R"({"id":"cmp_1","type":"compaction","encrypted_content":"a\"b"})");
  CHECK(compacted_content(message("msg_1")).empty());
}

TEST_CASE("items take the place of a compaction item") {
  compacted_items compacted;
  compacted["x"] = {message("a"), message("b")};
  compacted["y"] = {compaction_of("cmp_1", "x"), message("c")};
  compacted["foreign"] = std::nullopt;
  const std::vector<item> items{message("first"), compaction_of("cmp_2", "y"), message("last")};
  CHECK(ids_of(expanded(items, compacted)) == strings{"first", "a", "b", "c", "last"});
  CHECK(ids_of(expanded(items, {})) == ids_of(items));
  CHECK(ids_of(expanded(std::vector{compaction_of("cmp_3", "foreign")}, compacted)) ==
        strings{"cmp_3"});
  compacted["x"].emplace();
  CHECK(ids_of(expanded(items, compacted)) == strings{"first", "c", "last"});
}

TEST_CASE("items in the place of another have its place in the request") {
  compacted_items compacted;
  compacted["x"] = {message("a")};
  compacted["y"] = {compaction_of("cmp_1", "x")};
  auto named = compaction_of("cmp_2", "y");
  named.place = "input[3]";
  auto other = message("b");
  other.place = "input[4]";
  const auto all = expanded(std::vector{named, other}, compacted);
  REQUIRE(all.size() == 2);
  CHECK(all[0].place == "input[3]");
  CHECK(all[1].place == "input[4]");
}
