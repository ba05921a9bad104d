#pragma once

#include "actors/registry/deletion.hpp"
#include "actors/registry/live_sessions.hpp"
#include "actors/registry/registry_messages.hpp"
#include "protocol/sessions/session_list.hpp"
#include "protocol/sessions/sessions.hpp"

#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <caf/result.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace nekod {

/// The registry's part behind `/sessions`: lists, shows and deletes sessions, whether they are in
/// memory, in the store, or both. The functions answer as `registry_actor` describes.
class session_directory {
public:
  /// @param self The registry.
  /// @param live Outlives the directory.
  session_directory(private_registry_actor::pointer self, store_actor store, live_sessions& live);

  caf::result<session_page> list(session_query query);
  caf::result<session_finding> show(const std::string& id, const session_view& view);
  session_finding show(const conversation_query& query) const;
  caf::result<bool> remove(const std::string& id, const session_view& view);
  caf::result<std::uint64_t> clear(const session_filter& filter);

  /// Another node deleted the session that the token holds, with its record: it ends here.
  void gone(const session_token& token);

private:
  using one = caf::typed_response_promise<bool>;
  using many = caf::typed_response_promise<std::uint64_t>;

  /// A running deletion, and the requests that wait for it.
  struct job {
    deletion what;
    std::variant<one, many> client;
    /// Set if the store failed.
    caf::error fault;
  };
  using job_ptr = std::shared_ptr<job>;
  using finding_handler = std::function<void(caf::expected<session_finding>)>;

  void find(const std::string& id, const session_view& view, const finding_handler& then);
  void go_on(const job_ptr& j);
  void end(const session_key& session, const job_ptr& j);
  void remove_record(const session_key& session, const job_ptr& j);
  void gone(const session_key& session, removed_record record, const job_ptr& j);
  void fail(caf::error fault, const job_ptr& j);
  static void answer(const deletion_over& over, job& j);

  private_registry_actor::pointer self_;
  store_actor store_;
  live_sessions& live_;
};

} // namespace nekod
