#pragma once

#include "actors/runtime/node_hold.hpp"
#include "actors/store/postgres/key_order.hpp"
#include "actors/store/postgres/loop_queries.hpp"
#include "actors/store/postgres/session_rows.hpp"
#include "actors/store/response_record.hpp"
#include "actors/store/session_claim.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <prometheus/histogram.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace nekod::postgres {

/// Takes, commits and releases sessions for tokens. The requests of one token run in order. A
/// session that another node holds is asked for again once that is notified, and from time to time,
/// since notifications may be missed.
class session_holds {
public:
  using clock = std::chrono::steady_clock;
  using taken_handler = std::function<void(caf::expected<session_taken>)>;
  using commit_handler = std::function<void(const caf::error&)>;

  /// @param all,node,hold,responses,seconds Outlive this.
  /// @param responses The order of all that is done with a response.
  /// @param wait How long a session that another node holds is waited for.
  /// @param seconds Observes how long the database takes for a `take`.
  session_holds(loop_queries& all, const node_facts& node, const node_hold& hold,
                key_order<response_key>& responses, std::chrono::milliseconds wait,
                prometheus::Histogram& seconds)
      : all_(all),
        node_(node),
        hold_(hold),
        responses_(responses),
        wait_(wait),
        take_seconds_(seconds) {}
  session_holds(const session_holds&) = delete;
  session_holds& operator=(const session_holds&) = delete;

  /// @param then Gets `busy_elsewhere` if another node holds the session for too long.
  void take(session_wanted wanted, taken_handler then);

  /// The commit's response is left out if it has been deleted by the time it is its turn.
  /// @param then Gets an error unless the commit was kept.
  void commit(session_commit c, commit_handler then);

  /// Ends what the token holds, and what it waits for.
  void release(const session_token& token);

  /// The session or request with that key is free.
  void freed(std::int64_t key);

  /// Asks again for all that is waited for. Ends what waits in vain for the database.
  void look_again();

  /// The database has just heard that this node lives; before, nothing is taken.
  /// @param patient_until Until then nothing is taken over from nodes that seem to be gone.
  void lives(clock::time_point patient_until);

  /// How many wait for what other nodes hold.
  std::size_t waiting() const noexcept { return waiting_.size(); }

  /// The program ends: nobody waits any more.
  void refuse_waiting();

private:
  /// A `take` that has not been answered.
  struct pending_take {
    session_wanted wanted;
    taken_handler then;
    clock::time_point asked;
    /// As in `take_outcome`.
    std::int64_t key = 0;
  };
  using pending_ptr = std::shared_ptr<pending_take>;

  /// A `commit` that has not been answered.
  struct pending_commit {
    session_token token;
    query ask;
    std::optional<response_record> response;
    commit_handler then;
  };
  using commit_ptr = std::shared_ptr<pending_commit>;

  void try_take(const pending_ptr& t);
  void took(const pending_ptr& t, const query_result& result, std::uint64_t period);
  void try_held();
  void write(const commit_ptr& c);
  void release_now(const session_token& token, const std::function<void()>& then);

  loop_queries& all_;
  const node_facts& node_;
  const node_hold& hold_;
  key_order<response_key>& responses_;
  const std::chrono::milliseconds wait_;
  prometheus::Histogram& take_seconds_;
  key_order<session_token> order_;
  /// Those that wait for other nodes; and those that wait for releases up to a number.
  std::vector<pending_ptr> waiting_;
  std::vector<std::pair<std::uint64_t, pending_ptr>> held_;
  /// Releases that wait for a commit of their token, by their numbers.
  std::set<std::uint64_t> late_releases_;
  /// Tokens whose release is being carried out, or failed.
  std::multiset<std::string> released_;
  std::vector<session_token> unreleased_;
  std::uint64_t releases_ = 0;
  std::uint64_t commits_ = 0;
  bool lives_ = false;
  clock::time_point patient_until_;
  bool ends_ = false;
};

/// The STORE's answer to a request whose query failed. Logs what is no lack of a server.
caf::error failure_of(const query_failure& f);

} // namespace nekod::postgres
