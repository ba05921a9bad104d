#include "http/server/api/responses/create.hpp"

#include "actors/resumption/kept_answer.hpp"
#include "actors/runtime/ids.hpp"
#include "actors/runtime/unix_time.hpp"
#include "http/server/api/answer/ignored_parameters.hpp"
#include "http/server/api/answer/openai_response_recorder.hpp"
#include "http/server/api/answer/response_writer.hpp"
#include "http/server/api/cluster/elsewhere.hpp"
#include "http/server/api/request_context.hpp"
#include "http/server/api/responses/gather.hpp"
#include "http/server/api/responses/kept_stream.hpp"
#include "http/server/api/resuming.hpp"
#include "http/server/api/turn_request.hpp"
#include "protocol/openai/responses/compaction.hpp"
#include "protocol/openai/responses/request/compose.hpp"
#include "protocol/openai/responses/request/create_parser.hpp"
#include "protocol/openai/responses/request/told_items.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nekod::http {

namespace {

namespace responses = openai::responses;
using chat::failure_code;

/// The prompt for the turn, without items. That of a conversation stays if there is no other; it is
/// told again only if items join it.
/// @param input The new items.
std::string prompt_of(const gathered_request& call, const std::vector<responses::item>& input) {
  const auto& instructions = call.asked.instructions;
  if (instructions || std::ranges::none_of(input, responses::instructs))
    return instructions.value_or(std::string{});
  return call.prompt;
}

/// The history, and all that compaction items stand for.
std::vector<responses::item> known_items(const gathered_request& call) {
  auto known = call.history;
  for (const auto& [content, items] : call.compacted)
    if (items)
      std::ranges::copy(*items, std::back_inserter(known));
  return known;
}

/// The new items of a request.
struct new_input {
  /// As they are stored: a compaction item is stored in the place of its items.
  std::vector<responses::item> stored;
  /// As they are told, if that differs.
  std::optional<std::vector<responses::item>> told;
};

/// Replaces the compaction items of the history, and finds what is new in the input.
new_input take_input(gathered_request& call) {
  if (call.compacted.empty())
    return {new_items(call.history, call.asked.input), std::nullopt};
  call.history = expanded(call.history, call.compacted);
  auto stored = new_items(known_items(call), call.asked.input);
  auto told = new_items(call.history, expanded(stored, call.compacted));
  return {std::move(stored), std::move(told)};
}

/// The request for the turn: all that is told, or what is new.
result<chat::request, chat::failure> told_request(const gathered_request& call,
                                                  const new_input& input) {
  const auto& told = input.told ? *input.told : input.stored;
  const auto goes_on = call.conversation.is_named() || call.leaves_out;
  const auto what = goes_on ? responses::telling::news : responses::telling::whole;
  const auto prompt = call.leaves_out ? std::string{} : prompt_of(call, input.stored);
  auto turn = responses::compose(call.asked, call.history, told, prompt, what);
  if (!turn)
    return turn;
  turn->ignored = call.asked.ignored;
  if (call.leaves_out)
    turn->objection.reset(); // A message of the user is not missing: it is further back.
  return turn;
}

/// The history that *call* leaves out. Its items have their ids already, and keep them.
std::shared_ptr<const left_out_history> left_out_of(const gathered_request& call) {
  auto whole = std::make_shared<gathered_request>(call.c, call.asked);
  whole->wants_all = true;
  auto left_out = std::make_shared<left_out_history>();
  left_out->instructions = call.asked.instructions;
  if (!call.conversation.is_named() && !left_out->instructions)
    left_out->instructions.emplace();
  left_out->tell = [whole = std::shared_ptr<const gathered_request>{std::move(whole)}](
                       const std::function<void(result<chat::request, chat::failure>)>& take) {
    const auto again = std::make_shared<gathered_request>(*whole);
    again->c.on_refusal = [take](const chat::failure& e) { take(e); };
    gather(again, [take](const gathered_ptr& all) { take(told_request(*all, take_input(*all))); });
  };
  return left_out;
}

/// The conversation, the predecessor and the objects of the turn, moved out of *call*.
/// @param asked The request without its input.
/// @param input The new items, as they are stored.
turn_storage storage_of(gathered_request& call,
                        const std::shared_ptr<const responses::create_request>& asked,
                        std::vector<responses::item> input) {
  const auto& options = call.c.api.options;
  turn_storage storage;
  storage.may_truncate = asked->may_truncate;
  storage.follows = std::move(call.follows);
  storage.conversation = std::move(call.conversation);
  storage.object_recorder = std::make_shared<openai_response_recorder>(
      asked, std::move(input), options.response_age.value_or(std::chrono::seconds{0}),
      call.c.language());
  if (keeps_items(*asked))
    storage.recorder = storage.object_recorder;
  storage.identity = std::move(call.identity);
  return storage;
}

/// @param streams Whether the client wants the events now.
void begin_in_background(const request_context& c,
                         const std::shared_ptr<const responses::create_request>& asked,
                         bool streams, chat::request turn, turn_storage storage) {
  answer_identity identity{make_id({}), unix_time()};
  std::function<std::unique_ptr<answer_writer>()> writer;
  early_stream from_start;
  from_start.identity = identity;
  if (streams)
    writer = [asked, from_start] { return make_early_writer(*asked, from_start); };
  else if (!asked->ignored.empty())
    c.x->carry_also({ignored_field(asked->ignored)});
  request_background_turn(c, std::move(turn), std::move(storage), std::move(identity), writer);
}

void ask_for_turn(const gathered_ptr& call) {
  auto& asked = call->asked;
  const auto& c = call->c;
  const auto streams = asked.stream;
  // A response in the background can always be streamed, and its pieces are there if it is
  // cancelled.
  asked.stream = asked.stream || asked.background;
  auto input = take_input(*call);
  auto turn = told_request(*call, input);
  if (!turn)
    return c.refuse(turn.error());
  const auto left_out = call->leaves_out ? left_out_of(*call) : nullptr;
  asked.input.clear();
  const auto shared = std::make_shared<const responses::create_request>(std::move(asked));
  auto storage = storage_of(*call, shared, std::move(input.stored));
  storage.left_out = left_out;
  if (shared->background)
    return begin_in_background(c, shared, streams, *std::move(turn), std::move(storage));
  request_turn(
      c, *std::move(turn),
      [shared](const chat::request& r) { return make_response_writer(*shared, r.model); },
      std::move(storage));
}

/// Answers a request that is sent again, if the answer to the first one is kept.
/// @returns whether it is.
bool answer_again(const gathered_request& call) {
  const auto& c = call.c;
  const auto kept = c.api.options.resumption->all->find_by_retry_key(call.identity);
  if (!kept || !kept->recorder || (!kept->background && !call.asked.stream))
    return false;
  c.x->carry_also({{"Idempotent-Replayed", "true"}});
  if (call.asked.stream) {
    stream_kept(c, *kept, -1);
  } else {
    c.x->carry_also(kept_fields(*kept));
    ask_for_object(c, kept->who, atom::show_v,
                   [](const request_context& gone) { gone.refuse(failure_code::overloaded); });
  }
  return true;
}

/// Begins, unless another node keeps the answer to a request that is sent again.
void begin_unless_elsewhere(const gathered_ptr& call, const std::string& body) {
  const auto& c = call->c;
  const auto background = call->asked.background;
  if (!c.relayed && (call->identity.empty() || !(background || may_come_back(c.req()))))
    return gather(call, ask_for_turn);
  elsewhere_request asked;
  asked.name = answer_name::of_request(c.who.tenant, call->identity);
  asked.what.body = body;
  asked.what.first_byte = stream_time(c);
  asked.what.is_response = true;
  asked.absent = [call](const request_context&) { gather(call, ask_for_turn); };
  // A turn in the background would run twice; any other turn waits until that one has ended.
  if (!background)
    asked.unreachable = asked.absent;
  answer_elsewhere(c, std::move(asked));
}

} // namespace

void create_response(const request_context& c) {
  const auto body = std::exchange(c.x->req().body, {});
  auto parsed = responses::parse_create_request(body, c.api.options.max_messages);
  if (!parsed)
    return c.refuse(parsed.error());
  if (!c.api.options.response_age)
    parsed->store = false;
  const auto call = std::make_shared<gathered_request>(c, *std::move(parsed));
  call->identity = retry_key_of(c, body);
  if (!answer_again(*call))
    begin_unless_elsewhere(call, body);
}

} // namespace nekod::http
