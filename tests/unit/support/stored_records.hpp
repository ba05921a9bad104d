#pragma once

#include "actors/store/response_record.hpp"
#include "actors/store/sqlite/session_database.hpp"
#include "tests/unit/support/temporary_folder.hpp"

#include <string>
#include <utility>
#include <vector>

/// What the tests of every store share.
namespace nekod::test {

/// Records in a file that is removed with them.
class file_records : public temporary_folder, public session_database {
public:
  file_records() : session_database{file("sessions.db"), texts::kept} {}
};

/// An item of which its id is all that counts.
inline stored_item item(const std::string& id) { return {id, R"({"id":")" + id + R"("})"}; }

/// A response with an input item `in-ID` and an output item `out-ID`.
inline response_record response(const std::string& id, const std::string& parent = {},
                                const std::string& session = "s", const std::string& tenant = {}) {
  response_record r;
  r.id = id;
  r.tenant = tenant;
  r.session = session;
  r.parent = parent;
  r.state = response_state::chainable;
  r.object = R"({"object":"response","id":")" + id + R"("})";
  r.input = {item("in-" + id)};
  r.output = {item("out-" + id)};
  return r;
}

/// The ids of items, each behind a space.
inline std::string ids_of(const std::vector<stored_item>& items) {
  std::string result;
  for (const auto& i : items)
    result.append(" ").append(i.id);
  return result;
}

} // namespace nekod::test
