#pragma once

#include "actors/upstream/accounts/circuit.hpp"
#include "actors/upstream/passed_call.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/chat/answer_end.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/chat/model.hpp"
#include "protocol/chat/request.hpp"
#include "protocol/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The interface between a session and a chat service. Each kind of service is one implementation;
/// a session knows only this interface.
namespace nekod {

class account_watch;

/// The state of a chat that survives a restart.
struct upstream_chat {
  upstream_chat() = default;

  /// The service's id of the chat; empty if there is none.
  std::string id;
  /// The name of its upstream, and the id of the account that created it, as in `account_watch`.
  std::string upstream;
  std::string account;
  /// The model that the chat is set to, by its name at the upstream.
  std::string model;
  /// Whether it has accepted no message yet, so that the first one has to include the conversation
  /// so far.
  bool is_new = false;
  /// A reply that the service still wants chosen; empty for none.
  std::string unsettled_message;
  /// The number of the user's messages that it certainly has; any others in it were never answered
  /// here.
  std::uint64_t messages = 0;
  /// Whether it may have accepted a message that nobody here remembers: the process ended in the
  /// middle of a turn, or a post failed without a response.
  bool unsure = false;
};

/// One turn, for the upstream.
struct upstream_turn {
  upstream_turn() = default;

  /// The model that is to answer, by its name at the upstream.
  std::string model;
  /// The client's request.
  std::shared_ptr<const chat::request> request;

  // For a service that keeps chats:

  /// The new part of the conversation as one text. UTF-8.
  std::string text;
  /// Whether the existing chat must not be continued, because it has a different conversation. A
  /// new one gets everything that it has to know.
  bool new_chat = false;
  /// The number of wanted answers. A service that gives several to one message passes on up to that
  /// many, through `on_alternatives` and `on_branches`; with 1 neither is called.
  std::size_t alternatives = 1;

  // For a stateless service:

  /// The whole conversation including its new part, as a JSON array of messages.
  std::string messages;
};

/// The successful end of a turn.
struct upstream_answer {
  upstream_answer(chat::answer_end e) : end(std::move(e)) {}

  chat::answer_end end;
  /// The message to keep in the conversation: from a stateless service, and if the answer's pieces
  /// are members.
  std::optional<chat::message> said;
  /// How the further alternatives ended that the turn wanted, from the second answer on. Empty for
  /// one that did not exist.
  std::vector<std::optional<chat::finish_reason>> alternatives;
};

/// The remedy after a failed turn.
enum class remedy : std::uint8_t {
  /// Nothing, or it is unknown: the upstream may have accepted the message.
  none,
  /// The same again, through another account.
  other_account,
  /// The same once more, at once: that costs little, and the failure may have been an isolated one.
  again,
  /// The same every second or so, until the upstream has loaded.
  when_loaded,
  /// The same again, after a while.
  later,
};

/// The failure of a turn.
struct upstream_failure {
  upstream_failure(chat::failure e, remedy r = remedy::none) : reason(std::move(e)), help(r) {}
  upstream_failure(chat::failure_code c) : reason(c) {}

  chat::failure reason;
  remedy help = remedy::none;
};

/// Receives the events of a conversation. Called only from within the conversation's own functions,
/// so always while the session has the loop.
class upstream_listener {
public:
  virtual ~upstream_listener() = default;

  /// Pieces of the answer arrived. They used *bytes* of the transfer's window: grant them again
  /// once the pieces have been sent.
  virtual void on_deltas(deltas text, std::size_t bytes) = 0;
  /// The reply will have that many alternative answers, as far as its beginning shows; only if the
  /// turn wanted several. Comes before the answer's end, if at all.
  virtual void on_alternatives(std::size_t /*count*/) {}
  /// Like `on_deltas`, for a turn that wants several answers: the pieces of each.
  virtual void on_branches(const std::vector<deltas>& /*texts*/, std::size_t /*bytes*/) {}
  /// The answer is complete. The session commits, then calls `settle`.
  virtual void on_answer(upstream_answer answer) = 0;
  /// The turn failed. `chat()` has the state of the chat; the next turn may begin.
  virtual void on_failure(upstream_failure f) = 0;
  /// Another upstream than the session's own answers the running turn, with that model by its
  /// public name. Comes before the first piece of its answer.
  virtual void on_other_upstream(const std::string& /*upstream*/, const std::string& /*model*/) {}
  /// The chat can take its next message.
  virtual void on_settled() = 0;

  // For a service that keeps chats, while a turn runs:

  /// The running turn's text preceded by everything that a chat without this conversation has to
  /// know: requested if a chat is new. UTF-8.
  virtual std::string seeded_text() const = 0;
  /// How often the user is known to have sent the running turn's text in this conversation before.
  virtual std::size_t times_said() const = 0;
};

/// How a conversation gets its events and timers. Both run on the session's thread, never at the
/// same time as the session.
struct conversation_context {
  /// Receives the events of the conversation's transfers and passes them to `on_transfer`.
  transport::sink events;
  /// Calls `on_wake` with that number after that time.
  std::function<void(std::chrono::milliseconds, std::uint64_t)> wake;
  /// Whether the session still has its chat to itself. If not, another node may go on with it, and
  /// a service that keeps chats may be told nothing more. Empty if there is no other node.
  std::function<bool()> holds_chat = nullptr;
};

/// One conversation at a service: owned and called by one session actor only. Never blocks. Calls
/// its listener only from within its own functions, and not between `cancel` and the next turn.
class upstream_conversation {
public:
  virtual ~upstream_conversation() = default;

  /// Begins a turn: prepares a chat and its model, if the service keeps chats, and posts the
  /// message. Only while no turn runs.
  virtual void begin(const upstream_turn& turn) = 0;

  /// After `on_answer`: tells the service that its reply was chosen. Always ends in `on_settled`.
  virtual void settle() = 0;

  /// Gives up the running turn; its transfer is closed. Whatever the service still has to be told
  /// is kept for the next turn.
  /// @param client_left When the turn's client left, if that is the reason.
  virtual void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) = 0;

  /// Leaves the chat: the next turn begins a new one, and this one is not used again. If an answer
  /// is arriving, its text so far is all that was wanted: the transfer is closed and the call
  /// counts as answered. At a service without chats, where nothing calls it, it is `cancel`. May be
  /// called from within `on_deltas` and `on_branches`.
  virtual void let_go() = 0;

  /// Like `cancel`, because the answer did not begin in time, which is the upstream's failure.
  virtual void give_up_late() = 0;

  /// Whether the running turn's message may have reached the service.
  virtual bool may_have_reached() const noexcept = 0;

  /// Allows *bytes* more, which `on_deltas` reported before.
  virtual void grant(std::size_t bytes) = 0;

  /// Processes an event of one of its transfers; late events of cancelled transfers are dropped.
  virtual void on_transfer(transfer_event&& event) = 0;

  /// A timer of this conversation fired; one that no longer matters is ignored.
  virtual void on_wake(std::uint64_t /*number*/) {}

  /// The current state of the chat.
  virtual const upstream_chat& chat() const noexcept = 0;
};

/// The abilities of a service beyond plain text.
struct upstream_abilities {
  /// Obeys tuning parameters such as `temperature`; otherwise they are ignored, and the client is
  /// told.
  bool tuning = false;
  /// Understands tools, images, and whatever else a request may demand; otherwise such a request is
  /// refused.
  bool demands = false;
  /// Remembers nothing between two turns: each contains the whole conversation.
  bool stateless = false;
  /// Speaks our clients' API: checks requests itself, accepts names of models that it does not
  /// list, and answers in chunks that can be passed on unchanged.
  bool speaks_openai = false;
  /// Is OpenAI's own, so that it takes members that other servers do not know.
  bool is_openai = false;
  /// Has fall-backs, so that another upstream may answer its turns.
  bool falls_back = false;
};

/// A limit that accounts of an upstream have met.
struct model_limit {
  /// The upstream's name for it; empty for calls that concern no model.
  std::string model;
  /// The number of accounts that rest for that model.
  std::size_t accounts = 0;
  /// The time until the first of them may be asked again.
  std::chrono::steady_clock::duration left{0};
};

/// One account of an upstream.
struct account_report {
  account_report() = default;

  /// As in `account_identity`.
  std::string id;
  /// `unknown`, `working`, `refused`, `limited` or `unreachable`.
  std::string_view state;
  /// The code of the failure that led to its state; empty for none.
  std::string_view code;
  /// How long it has been in its state; nothing if it was never asked.
  std::optional<std::chrono::steady_clock::duration> in_state;
  /// How much longer it rests, for any model; zero if it does not.
  std::chrono::steady_clock::duration rest{0};
  /// Its running turns.
  int turns = 0;
  double weight = 1;
};

/// The state of an upstream, according to its last calls.
struct upstream_state {
  // The number of its accounts in each state.
  std::size_t working = 0;
  std::size_t refused = 0;
  std::size_t limited = 0;
  std::size_t unreachable = 0;

  circuit::phase breaker = circuit::phase::closed;
  /// As in `circuit::since_change` and `circuit::time_to_probe`.
  std::optional<std::chrono::steady_clock::duration> since_change;
  std::optional<std::chrono::steady_clock::duration> to_probe;
  /// Its accounts, up to 32.
  std::vector<account_report> accounts;
  std::vector<model_limit> limits;
  /// How much longer all accounts rest because our address is limited.
  std::chrono::steady_clock::duration address_rest{0};
};

/// A chat service: opens conversations at it and knows its models. Called by actors on any thread.
class upstream_service {
public:
  using models_handler =
      std::function<void(result<std::vector<chat::listed_model>, chat::failure>)>;

  virtual ~upstream_service() = default;

  /// Opens a conversation.
  /// @param known The remembered state of its chat; default-constructed for a new conversation.
  virtual std::unique_ptr<upstream_conversation>
  open(upstream_chat known, upstream_listener& listener, conversation_context context) = 0;

  /// Asks for the models. *f* is called once, on any thread, within the call's time
  /// limits. One query at a time.
  virtual void list_models(models_handler f) = 0;

  /// Passes a request on, if the service accepts such requests.
  /// @param events Receives the transfer's events and must pass them to `on_transfer`, one at a
  /// time.
  /// @returns the call, or the reason why there is none.
  virtual result<std::unique_ptr<passed_call>, chat::failure>
  pass(passed_request what, passed_call_listener& /*listener*/, transport::sink events) {
    [[maybe_unused]] const auto dropped = std::pair{std::move(what), std::move(events)};
    return chat::failure{chat::failure_code::not_found};
  }

  virtual upstream_abilities abilities() const = 0;

  /// Its state, according to its last calls.
  virtual upstream_state state() const = 0;

  /// Whether a turn of *model* that could also go elsewhere should go to this service: its accounts
  /// do not all rest, and its circuit breaker is not open. A yes may make the turn the breaker's
  /// trial, so it has to begin.
  virtual bool admits(const std::string& model) const = 0;

  // Probes of a service whose circuit breaker is open.

  /// Makes a probe if one is due.
  /// @returns the time until the next probe is due; nothing if none is needed.
  virtual std::optional<std::chrono::milliseconds> probe() = 0;

  /// Sets a function that is called, from any thread, when probes are needed.
  virtual void on_probes_needed(std::function<void()> f) = 0;

  /// Its accounts; fall-backs have their own.
  virtual std::vector<std::shared_ptr<account_watch>> accounts() const { return {}; }

  /// Its unique name in the settings.
  virtual std::string_view name() const noexcept = 0;

  /// Its kind: `anuneko` or `openai`.
  virtual std::string_view kind() const noexcept = 0;

  /// The model for requests that name none, or if the list is not available; empty for the list's
  /// first.
  virtual std::string default_model() const = 0;

  /// The public name of the model *name*.
  virtual std::string public_model_id(std::string_view name) const = 0;
};

} // namespace nekod
