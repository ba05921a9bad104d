#include "actors/store/moving/open_movable.hpp"

#include "actors/store/moving/moved_database.hpp"
#include "actors/store/moving/moved_file.hpp"
#include "actors/store/postgres/address.hpp"
#include "actors/store/store_error.hpp"

#include <string_view>

namespace nekod::moving {

std::unique_ptr<movable_store> open_movable(const std::string& address, purpose p) {
  constexpr std::string_view sqlite_prefix = "sqlite:";
  if (postgres::is_address(address)) {
    const auto problem = postgres::problem_of(address);
    if (!problem.empty())
      throw store_error{"--store " + problem, false};
    return open_moved_database(address, p);
  }
  if (address.starts_with(sqlite_prefix) && address.size() > sqlite_prefix.size())
    return open_moved_file(address.substr(sqlite_prefix.size()), p);
  throw store_error{"--store must be sqlite:FILE, postgresql://... or postgres:service=NAME; what "
                    "is in memory ends with its process",
                    false};
}

} // namespace nekod::moving
