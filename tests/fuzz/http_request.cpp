#include "http/server/message/request_reader.hpp"
#include "tests/fuzz/promise.hpp"
#include "tests/fuzz/splits.hpp"
#include "tests/fuzz/targets.hpp"

#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace nekod::fuzz {
namespace {

/// What must not depend on the split of the bytes: all requests, as far as they have arrived.
using reading = std::vector<std::tuple<std::string, std::string, std::string, std::string,
                                       http::fields, http::unread, bool>>;

/// Small, so that inputs exceed it.
constexpr std::size_t longest_body = 512;

/// All requests in the pieces of *cut*, up to a malformed one.
template <class Cut>
reading read(Cut cut) {
  auto rules = std::make_shared<http::reading_rules>();
  rules->max_body = longest_body;
  http::request_reader reader{rules};
  reading all;
  cut([&](std::string_view piece) {
    while (!piece.empty() && !reader.broken()) {
      const auto taken = reader.take(piece);
      check(taken > 0 && taken <= piece.size(), "some of what comes is taken, and no more");
      piece.remove_prefix(taken);
      if (!reader.whole())
        continue;
      auto r = reader.release();
      check(r.missing == http::unread::nothing || r.body.empty(), "half a body is none");
      check(r.body.size() <= longest_body, "no body is longer than it may be");
      check(r.missing == http::unread::nothing || !r.keep_alive,
            "nothing follows a broken request");
      all.emplace_back(r.method, r.path, r.query, r.body, r.headers, r.missing, r.keep_alive);
    }
  });
  return all;
}

} // namespace

void http_request(std::string_view input) {
  check(same_however_cut(input, [](auto cut) { return read(cut); }),
        "the cuts of requests change nothing");
}

} // namespace nekod::fuzz
