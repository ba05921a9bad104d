#include "http/server/message/nekod_path.hpp"

#include <doctest/doctest.h>

using namespace nekod::http;

TEST_CASE("the nekods in all fields are one list") {
  request r;
  CHECK(nekods_before(r).empty());
  r.headers = {
      {"X-Nekod-Via", "nekod-a, nekod-b"}, {"Via", "1.1 proxy"}, {"x-nekod-via", "nekod-c"}};
  CHECK(nekods_before(r) == "nekod-a, nekod-b, nekod-c");
}

TEST_CASE("a request that was here before is a loop, wherever it was since") {
  CHECK(leads_back("nekod-a", "nekod-a"));
  CHECK(leads_back("nekod-a,nekod-b", "nekod-a"));
  CHECK(leads_back("nekod-b, nekod-a ", "nekod-a"));
  CHECK_FALSE(leads_back("", "nekod-a"));
  CHECK_FALSE(leads_back("nekod-b, nekod-c", "nekod-a"));
  CHECK_FALSE(leads_back("nekod-ab, a, , nekod-", "nekod-a"));
  CHECK_FALSE(leads_back(" , ", ""));
}

TEST_CASE("an endless chain counts as a loop") {
  std::string list = "n0";
  for (std::size_t i = 1; i < most_nekods; ++i)
    list += ",n" + std::to_string(i);
  CHECK_FALSE(leads_back(list, "mine"));
  CHECK(leads_back(list + ",one more", "mine"));
}
