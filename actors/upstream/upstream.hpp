#pragma once

#include "actors/upstream/accounts/circuit.hpp"
#include "actors/upstream/passed_call.hpp"
#include "actors/upstream/transport.hpp"
#include "protocol/chat/deltas.hpp"
#include "protocol/openai/chat/request.hpp"
#include "protocol/openai/chat/response.hpp"
#include "protocol/openai/errors.hpp"
#include "protocol/openai/model_list.hpp"
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

/// What has to be remembered to go on in a chat after a restart.
struct upstream_chat {
  upstream_chat() = default;

  /// The service's id of the chat; empty while there is none.
  std::string id;
  /// The name of the upstream where it is, and the account that made it, as `account_watch` has it.
  std::string upstream;
  std::string account;
  /// The model the chat is set to, as the upstream calls it.
  std::string model;
  /// Whether it took no message yet, so that the first one has to tell what came before.
  bool is_new = false;
  /// A reply whose choice the service still waits for; empty for none.
  std::string unsettled_message;
  /// Messages of the user's that it is known to have; what it has besides was never answered here.
  std::uint64_t messages = 0;
  /// Whether it may have taken a message that nobody here remembers: the process ended in the midst
  /// of things, or a post did without a word.
  bool unsure = false;
};

/// One turn for the upstream.
struct upstream_turn {
  upstream_turn() = default;

  /// The model that shall answer, as the upstream calls it.
  std::string model;
  /// What the client asked for.
  std::shared_ptr<const openai::chat_request> request;

  // For a service that keeps its chats:

  /// What is new, as one text. UTF-8.
  std::string text;
  /// Whether the chat there is may not be gone on with, since it was told something else. A new one
  /// is told all that it has to know.
  bool new_chat = false;
  /// How many answers are wanted. A service that gives several to one message passes on up to so
  /// many, by `on_alternatives` and `on_branches`; with 1 neither is called.
  std::size_t alternatives = 1;

  // For a stateless one:

  /// The whole conversation with what is new, as a JSON array of messages.
  std::string messages;
};

/// What ends a turn well.
struct upstream_answer {
  upstream_answer(openai::answer_end e) : end(std::move(e)) {}

  openai::answer_end end;
  /// The message that is to stand in the conversation: from a stateless service, and where the
  /// answer's pieces are members.
  std::optional<openai::message> said;
  /// How further alternatives ended that the turn wanted, from the second answer on. Empty for one
  /// that there was none of.
  std::vector<std::optional<openai::finish_reason>> alternatives;
};

/// What may help after a turn that failed.
enum class remedy : std::uint8_t {
  /// Nothing, or nobody knows: the upstream may have taken the message.
  none,
  /// The same again, by another account.
  other_account,
  /// The same once more, at once: that costs little, and the failure may have been a single one.
  again,
  /// The same each second or so, until the upstream has loaded.
  when_loaded,
  /// The same again, after a while.
  later,
};

/// What ends a turn badly.
struct upstream_failure {
  upstream_failure(openai::error e, remedy r = remedy::none) : reason(std::move(e)), help(r) {}
  upstream_failure(openai::error_code c) : reason(c) {}

  openai::error reason;
  remedy help = remedy::none;
};

/// What an upstream tells its session. Called from within the upstream's own functions only, so
/// always on the session's turn of the loop.
class upstream_listener {
public:
  virtual ~upstream_listener() = default;

  /// Pieces of the answer arrived. *bytes* of the transfer's window were used for them: grant them
  /// again once the pieces have left.
  virtual void on_deltas(deltas text, std::size_t bytes) = 0;
  /// The reply will have that many alternative answers, as far as its beginning tells: the turn
  /// wanted several. Comes before the answer's end, if it comes.
  virtual void on_alternatives(std::size_t /*count*/) {}
  /// As `on_deltas`, for a turn that wants several answers: the pieces of each.
  virtual void on_branches(const std::vector<deltas>& /*texts*/, std::size_t /*bytes*/) {}
  /// The answer is whole. The session commits, then calls `settle`.
  virtual void on_answer(upstream_answer answer) = 0;
  /// The turn failed. The chat is as `chat()` says; the next turn may begin.
  virtual void on_failure(upstream_failure f) = 0;
  /// Another upstream than the session's own answers the running turn, with that model as clients
  /// call it. Comes before the first piece of its answer.
  virtual void on_other_upstream(const std::string& /*upstream*/, const std::string& /*model*/) {}
  /// The chat can take its next message.
  virtual void on_settled() = 0;

  // For a service that keeps its chats, while a turn runs:

  /// The running turn's text with all that a chat without memory of this conversation has to be
  /// told: asked for where a chat is new. UTF-8.
  virtual std::string seeded_text() const = 0;
  /// How often the user is known to have said the running turn's text in this conversation before.
  virtual std::size_t times_said() const = 0;
};

/// How a conversation receives what it waits for. Both run on the session's thread, never at the
/// same time as the session.
struct conversation_context {
  /// Receives the events of the conversation's transfers and passes them to `on_transfer`.
  transport::sink events;
  /// Has `on_wake` called with that number after that time.
  std::function<void(std::chrono::milliseconds, std::uint64_t)> wake;
};

/// One conversation at a service: owned and called by one session actor only. Never blocks. Calls
/// its listener only within calls of its own functions, and not between `cancel` and the next turn.
class upstream_conversation {
public:
  virtual ~upstream_conversation() = default;

  /// Begins a turn: makes sure of a chat and its model where there are chats, and posts what is to
  /// be said. Only while none runs.
  virtual void begin(const upstream_turn& turn) = 0;

  /// After `on_answer`: tells the service that its reply was taken. Ends in `on_settled`, in any
  /// case.
  virtual void settle() = 0;

  /// Gives up the running turn; its transfer is closed. What the service still has to be told is
  /// kept for the next turn.
  /// @param client_left When the client left for whom the turn ran, if that is why.
  virtual void cancel(std::optional<std::chrono::steady_clock::time_point> client_left) = 0;

  /// Leaves the chat: the next turn begins a new one, and nothing more is asked of this one. Where
  /// an answer is coming in, as much of it as came is all that was wanted: the transfer is closed,
  /// the call counts as answered. May be called from within `on_deltas` and `on_branches`.
  virtual void let_go() = 0;

  /// The same as `cancel`, since the answer did not begin in time: that is the upstream's failure.
  virtual void give_up_late() = 0;

  /// Whether the running turn's message may have reached the service.
  virtual bool may_have_told() const noexcept = 0;

  /// Lets *bytes* more come, which `on_deltas` reported before.
  virtual void grant(std::size_t bytes) = 0;

  /// Takes an event of one of its transfers; late ones of cancelled transfers are dropped.
  virtual void on_transfer(transfer_event&& event) = 0;

  /// A time that it asked for is over; one that does not matter any more is ignored.
  virtual void on_wake(std::uint64_t /*number*/) {}

  /// The chat as it stands now.
  virtual const upstream_chat& chat() const noexcept = 0;
};

/// What a service can do beyond plain text.
struct upstream_abilities {
  /// Obeys tuning parameters such as `temperature`; else they are ignored, and the client is told.
  bool tuning = false;
  /// Understands tools, images, and what else a request may demand; else such a request is refused.
  bool demands = false;
  /// Remembers nothing between two turns: each is told the whole conversation.
  bool stateless = false;
  /// Speaks as our clients do: judges requests itself, takes names of models that it does not list,
  /// and answers in chunks that go on as they are.
  bool speaks_openai = false;
  /// Has fall-backs, so that another upstream may answer its turns.
  bool falls_back = false;
};

/// A limit that accounts of an upstream have met.
struct model_limit {
  /// As the upstream calls it; empty for calls that are for no model.
  std::string model;
  /// How many accounts rest for that model.
  std::size_t accounts = 0;
  /// Until the first of them may be asked again.
  std::chrono::steady_clock::duration left{0};
};

/// How an upstream stands, as its last calls told.
struct upstream_state {
  // How many of its accounts are in which state.
  std::size_t working = 0;
  std::size_t refused = 0;
  std::size_t limited = 0;
  std::size_t unreachable = 0;

  circuit::phase breaker = circuit::phase::closed;
  std::vector<model_limit> limits;
  /// How much longer all accounts rest since our address is limited.
  std::chrono::steady_clock::duration address_rest{0};
};

/// A chat service: opens conversations at it and knows its models. Called by actors on any thread.
class upstream_service {
public:
  using models_handler =
      std::function<void(result<std::vector<openai::listed_model>, openai::error>)>;

  virtual ~upstream_service() = default;

  /// Opens a conversation.
  /// @param known What is remembered of its chat; default-constructed for a new conversation.
  virtual std::unique_ptr<upstream_conversation>
  open(upstream_chat known, upstream_listener& listener, conversation_context context) = 0;

  /// Asks for the models. *f* is called once, on any thread, within the call's time
  /// limits. One query at a time.
  virtual void list_models(models_handler f) = 0;

  /// Passes a request on, if the service takes such.
  /// @param events Where the transfer's events go: hands them to `on_transfer`, one at a time.
  /// @returns the call; or why there is none.
  virtual result<std::unique_ptr<passed_call>, openai::error>
  pass(passed_request what, passed_call_listener& /*listener*/, transport::sink events) {
    [[maybe_unused]] const auto dropped = std::pair{std::move(what), std::move(events)};
    return openai::error{openai::error_code::not_found};
  }

  virtual upstream_abilities abilities() const = 0;

  /// How it stands, as its last calls told.
  virtual upstream_state state() const = 0;

  /// Whether a turn of *model* that may go elsewhere as well is for this service: neither its
  /// accounts rest nor its circuit breaker is open. A yes may make the turn the breaker's trial, so
  /// that it has to begin.
  virtual bool admits(const std::string& model) const = 0;

  // Probes of a service whose circuit breaker is open.

  /// Makes a probe if one is due.
  /// @returns the time until the next is due; nothing while there is none to make.
  virtual std::optional<std::chrono::milliseconds> probe() = 0;

  /// Has *f* called, from any thread, when `probe` has something to do.
  virtual void on_probes_needed(std::function<void()> f) = 0;

  /// Its name in the settings, of which there is one.
  virtual std::string_view name() const noexcept = 0;

  /// Its kind: `anuneko` or `openai`.
  virtual std::string_view kind() const noexcept = 0;

  /// The model that serves where none is named or the list cannot be had; empty for the list's
  /// first.
  virtual std::string default_model() const = 0;

  /// What clients call the model *name*.
  virtual std::string public_model_id(std::string_view name) const = 0;
};

} // namespace nekod
