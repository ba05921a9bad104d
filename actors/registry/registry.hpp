#pragma once

#include "actors/messages.hpp"
#include "actors/registry/model_catalogue.hpp"
#include "actors/runtime/byte_budget.hpp"
#include "actors/runtime/metrics.hpp"
#include "actors/session/conversation_digest.hpp"
#include "actors/session/whole_conversation.hpp"
#include "actors/store/store_health.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nekod {

/// What a registry is made of.
struct registry_options {
  registry_options() = default;

  /// At least one. The first serves where no other is asked for.
  std::vector<routed_upstream> upstreams;
  store_actor store;
  std::shared_ptr<const store_health> health = std::make_shared<store_health>();
  std::shared_ptr<metrics> counts = std::make_shared<metrics>();
  /// As in `session_options`.
  std::shared_ptr<byte_budget> budget;
  model_aliases aliases;
  std::shared_ptr<const conversation_digest> digest;
  /// Whether a conversation is recognised where the client names no session.
  bool matching = true;
  /// Turns that may wait in one session.
  std::size_t session_queue = 16;
  /// For a stateless upstream.
  conversation_limits limits;
  /// After that time without turns a session leaves memory.
  std::chrono::seconds session_idle{60};
  /// After that time since its beginning a session is over; zero for no limit.
  std::chrono::seconds session_max_age{0};
  /// How long a list of models is good.
  std::chrono::seconds models_age{300};
  /// How soon a list that could not be had is asked for again while no turn waits for it.
  std::chrono::seconds models_retry{10};
  /// How long a turn waits for such a list, which is asked for each second then.
  std::chrono::milliseconds loading_wait{60'000};
};

/// Turns that may wait for the first lists of models.
inline constexpr std::size_t max_waiting_for_models = 10'000;

/// Which sessions there are in memory, and the models.
struct registry_state {
  explicit registry_state(registry_actor::stateful_pointer<registry_state> self) : self_(self) {}
  registry_state(const registry_state&) = delete;
  registry_state& operator=(const registry_state&) = delete;

  void start(registry_options o);

  void open(open_turn t, reply_actor reply);

  /// Adds to *r* what speaks against the store.
  readiness with_store(readiness r) const;
  caf::result<model_list> models();
  caf::result<model_list> fresh_models();
  caf::result<model_choice> pass(const std::string& model);
  void use(model_aliases aliases);
  readiness ready();
  caf::result<openai::session_page> list(session_query query);
  caf::result<session_finding> show(const std::string& id, const session_view& view);
  caf::result<bool> remove(const std::string& id, const session_view& view);
  caf::result<std::uint64_t> clear(const session_filter& filter);
  void changed(session_report report);
  void retire(const session_report& report);
  void take_models(models_answer answer);
  /// Asks again for lists of models that turns wait for.
  void look_for_models();
  void session_ended(const caf::actor_addr& source);

  static inline const char* name = "registry";

private:
  /// A turn for which there is no session yet.
  struct placing {
    turn what;
    reply_actor reply;
  };

  /// A session in memory.
  struct live_session {
    session_actor handle;
    /// Whether it has its record, if there is one.
    bool confirmed = false;
    openai::session_info info;
    /// Turns sent to it.
    std::uint64_t turns = 0;
    /// Listed by this tip in this scope, and by this identity of a turn; empty while it is not.
    std::string tip;
    std::string scope;
    std::string identity;
    /// What its last report said: of which turns, and whether none of them ran or waited.
    std::uint64_t turns_reported = 0;
    bool rested = false;
    /// Whether it is being deleted: its actor ends, its record is on the way out.
    bool leaving = false;

    bool is_at_rest() const { return confirmed && rested && turns_reported == turns; }
  };

  /// A turn that waits for a list of models.
  struct parked_turn {
    open_turn what;
    reply_actor reply;
    /// How long it waits for one that could not be had.
    caf::actor_clock::time_point deadline;
  };

  /// The name of a model, and who wants to know where it is.
  struct parked_pass {
    std::string model;
    caf::typed_response_promise<model_choice> asker;
  };

  using live_map = std::map<session_key, live_session>;

  /// A tenant, and a turn's identity.
  using tenant_key = std::pair<std::string, std::string>;

  /// What came of sessions in memory that were to be deleted.
  struct deletion {
    std::size_t left = 0;
    std::uint64_t deleted = 0;
    /// Set where the store failed.
    caf::error fault;
    std::function<void(const deletion&)> then;
  };

  // The way of a turn.
  void refresh_models();
  bool models_are_old() const;
  void serve(parked_turn t);
  void serve_parked();
  void look_for_models_soon();
  std::vector<std::shared_ptr<upstream_service>> services() const;
  void hand_over(open_turn t, model_choice model, reply_actor reply);
  std::optional<openai::error> refusal(const openai::chat_request& r,
                                       const upstream_abilities& abilities) const;
  void give(const session_key& key, bool stored, turn next, reply_actor reply);
  void refuse(const reply_actor& reply, openai::error reason);

  // Finding its session.
  void name_or_scope(turn next, const std::string& tenant, reply_actor reply);
  void say_what_scopes_are();
  void find_session(turn next, const std::string& tenant, reply_actor reply);
  void take_named(turn next, const std::string& tenant, reply_actor reply);
  void place(turn next, const std::string& tenant, reply_actor reply);
  bool wait_for_equal(turn& next, const std::string& tenant, reply_actor& reply);
  const session_key* repeated(const turn& next, const std::string& tenant) const;
  void find_answer(turn next, const std::string& tenant, reply_actor reply);
  void match_or_begin(turn next, const std::string& tenant, reply_actor reply);
  void match(turn next, const std::string& tenant, reply_actor reply);
  void match_stored(turn next, const session_tip& tip, reply_actor reply);
  void begin_session(turn next, const std::string& tenant, reply_actor reply);
  void assign(const session_key& key, bool stored, turn next, reply_actor reply);
  void list_by_tip(live_session& session, std::string scope, std::string tip);
  void list_by_identity(live_session& session, std::string identity);
  void list_newest(live_session& session, const std::string& identity);
  void unlist(live_session& session);

  // Sessions in memory.
  live_session& session_for(const session_key& key, bool stored, const std::string& scope);
  void forget(live_map::iterator i);

  // Lists and deletions.
  live_sessions live_for(session_query& query) const;
  static bool is_meant(const live_session& session, const session_filter& filter);
  using finding_handler = std::function<void(caf::expected<session_finding>)>;
  void find(const std::string& id, const session_view& view, const finding_handler& then);
  const openai::session_info* live_info(const std::string& id, const session_view& view) const;
  void remove(const session_key& key, caf::typed_response_promise<bool> promise);
  std::vector<live_map::iterator> in_memory(const session_key& key);
  std::vector<live_map::iterator> in_memory(const session_filter& filter);
  void spare_live(session_filter& filter) const;
  void end_all(const std::vector<live_map::iterator>& doomed,
               std::function<void(const deletion&)> then);
  void end(live_map::iterator i, const std::shared_ptr<deletion>& all);
  void remove_record(live_map::iterator i, const std::shared_ptr<deletion>& all);
  void ended(live_map::iterator i, deletion& all, bool recorded);
  void clear_records(const session_filter& filter, std::uint64_t deleted,
                     caf::typed_response_promise<std::uint64_t> promise);

  registry_actor::stateful_pointer<registry_state> self_;
  registry_options options_;

  live_map live_;
  std::unordered_map<caf::actor_id, session_key> keys_;
  /// The sessions in memory that are found by their tip.
  std::multimap<session_tip, session_key> by_tip_;
  /// And of those whose turn that runs, or was answered last, was not sent there by name. Of equal
  /// requests the newest one may be sent again.
  std::map<tenant_key, session_key> by_identity_;
  /// Requests whose session the store is asked for, and those that may be the same again, which
  /// wait for that.
  std::map<tenant_key, std::vector<placing>> placing_;
  bool said_what_scopes_are_ = false;

  model_catalogue catalogue_;
  /// Upstreams that were asked for their models and did not answer yet.
  std::size_t models_asked_ = 0;
  /// Whether one could not tell them, the last time.
  bool models_failed_ = false;
  /// Ends with the registry.
  prober_actor prober_;
  /// Why the first upstream could not, the last time.
  openai::error no_models_{openai::error_code::upstream_error};
  /// Whether `look_for_models` is about to be called.
  bool looking_soon_ = false;
  caf::actor_clock::time_point models_expire_;
  caf::actor_clock::time_point models_asked_at_;
  std::deque<parked_turn> parked_;
  std::vector<caf::typed_response_promise<model_list>> askers_;
  /// Requests to pass whose upstream depends on lists of models that are not known yet.
  std::vector<parked_pass> parked_passes_;
};

/// The REGISTRY.
registry_actor::behavior_type registry(registry_actor::stateful_pointer<registry_state> self,
                                       registry_options options);

} // namespace nekod
