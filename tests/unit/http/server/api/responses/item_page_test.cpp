#include "http/server/api/responses/item_page.hpp"
#include "protocol/text/json.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace nekod;
using namespace nekod::http;

namespace {

std::vector<stored_item> numbered(std::size_t count) {
  std::vector<stored_item> items;
  for (std::size_t i = 0; i < count; ++i) {
    const auto id = "i" + std::to_string(i);
    items.emplace_back(id, R"({"id":")" + id + R"("})");
  }
  return items;
}

/// The ids on a page, in short: `i0 i1 ...`, with a `+` if there are more.
std::string page_of(const std::vector<stored_item>& items, std::string_view text) {
  const auto query = parse_item_page_query(text);
  REQUIRE(query);
  const auto page = item_page(items, *query);
  if (!page)
    return std::string{chat::name_of(page.error().code)} + " " + page.error().param;
  const auto doc = json::parse(*page);
  REQUIRE(doc);
  std::string out;
  for (const auto& i : json::find(doc.root, "data")->GetArray())
    out.append(out.empty() ? "" : " ").append(*json::find_string(i, "id"));
  const auto end = out.find_last_of(' ');
  CHECK(json::find_string(doc.root, "first_id") == out.substr(0, out.find(' ')));
  CHECK(json::find_string(doc.root, "last_id") ==
        (end == std::string::npos ? out : out.substr(end + 1)));
  return out + (json::find(doc.root, "has_more")->GetBool() ? "+" : "");
}

std::string fault_of(std::string_view query) {
  const auto q = parse_item_page_query(query);
  return q ? std::string{} : q.error().param;
}

} // namespace

TEST_CASE("a page has the newest items first unless it is asked otherwise") {
  const auto items = numbered(5);
  CHECK(page_of(items, "") == "i4 i3 i2 i1 i0");
  CHECK(page_of(items, "order=asc") == "i0 i1 i2 i3 i4");
  CHECK(page_of(items, "order=desc&limit=2") == "i4 i3+");
  CHECK(page_of(items, "order=asc&limit=5") == "i0 i1 i2 i3 i4");
  CHECK(page_of(numbered(30), "order=asc").ends_with("i19+"));
  CHECK(page_of({}, "").empty());
}

TEST_CASE("pages follow each other without a gap") {
  const auto items = numbered(7);
  for (const std::string order : {"asc", "desc"}) {
    std::string all;
    std::string after;
    for (auto more = true; more;) {
      auto page =
          page_of(items, "limit=2&order=" + order + (after.empty() ? "" : "&after=" + after));
      more = page.ends_with('+');
      page.resize(page.size() - (more ? 1 : 0));
      all.append(all.empty() ? "" : " ").append(page);
      after = page.substr(page.find_last_of(' ') + 1);
    }
    CHECK(all == page_of(items, "order=" + order));
  }
  CHECK(page_of(items, "order=asc&after=i6").empty());
  CHECK(page_of(items, "after=i9") == "item_not_found after");
}

TEST_CASE("what a query gets wrong is named") {
  for (const std::string limit : {"0", "101", "-1", "x", "", "1x"})
    CHECK(fault_of("limit=" + limit) == "limit");
  CHECK(fault_of("order=up") == "order");
  CHECK(fault_of("a=%zz") == "query");
  CHECK(fault_of("include=a&include%5B%5D=b").empty());
}
