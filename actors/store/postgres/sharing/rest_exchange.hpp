#pragma once

#include "actors/store/postgres/loop_queries.hpp"
#include "actors/upstream/accounts/shared_rest.hpp"

#include <functional>
#include <map>
#include <string>
#include <tuple>

namespace nekod::postgres {

/// Tells other nodes which accounts rest, and hears which rest there. One query at a time: so what
/// the database has of an account is never older than what this node has told it last. While the
/// database is away, rests wait to be told until they end.
class rest_exchange {
public:
  /// @param all Outlives this.
  explicit rest_exchange(loop_queries& all) : all_(all) {}
  rest_exchange(const rest_exchange&) = delete;
  rest_exchange& operator=(const rest_exchange&) = delete;

  /// Tells other nodes of a rest, or that it is over.
  void tell(shared_rest r);

  /// Asks for the rests of all nodes, and tries again to tell what could not be told.
  /// @param heard Gets each of them. Without it nothing is asked.
  void look(const std::function<void(const shared_rest&)>& heard);

  /// Ends all looks: further calls of `look` do nothing.
  void end() { ended_ = true; }

private:
  /// Upstream, account, whether it was refused, and model.
  using key = std::tuple<std::string, std::string, bool, std::string>;

  void go_on();
  void tell_first();
  void ask();

  loop_queries& all_;
  /// The newest of each that is not known to be in the database.
  std::map<key, shared_rest> untold_;
  /// Set while somebody wants to look.
  std::function<void(const shared_rest&)> heard_;
  bool asks_ = false;
  bool ended_ = false;
};

} // namespace nekod::postgres
