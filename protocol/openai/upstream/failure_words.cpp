#include "protocol/openai/upstream/failure_words.hpp"

#include "protocol/text/json_strings.hpp"
#include "protocol/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace nekod::openai {
namespace {

/// The most bytes of a plain text that counts as an error message.
constexpr std::size_t longest_plain_text = 2048;

/// The most bytes of further members that are kept.
constexpr std::size_t most_further_bytes = 16u << 10;

/// The most levels of errors inside errors.
constexpr int most_layers = 4;

/// Members with a message for people, in order of precedence.
constexpr std::array<std::string_view, 9> message_names{
    "message",      "msg",    "Message", "error_description", "error_message", "error_msg",
    "errorMessage", "reason", "title"};

std::optional<chat::foreign_words> words_of(const json::value& v, int layers);

/// A string or a number as text.
std::string word_of(const json::value* v) {
  if (v == nullptr)
    return {};
  if (v->IsString())
    return std::string{json::text_of(*v)};
  return v->IsNumber() ? json::to_text(*v) : std::string{};
}

bool is_nothing(const json::value* v) {
  return v == nullptr || v->IsNull() || v->IsFalse() ||
         (v->IsString() && v->GetStringLength() == 0) || (v->IsArray() && v->Empty()) ||
         (v->IsObject() && v->ObjectEmpty());
}

void fill(std::string& word, std::string other) {
  if (word.empty())
    word = std::move(other);
}

std::string message_in(const json::value& object) {
  for (const auto name : message_names)
    if (auto text = word_of(json::find(object, name)); !text.empty())
      return text;
  return {};
}

/// The HTTP status of a failure that *object* tells in a member; nothing for any other status.
std::string told_status(const json::value& object) {
  for (const auto* name : {"status", "statusCode", "status_code"}) {
    const auto* v = json::find(object, name);
    const auto number = v != nullptr && v->IsNumber() ? json::integer_of(*v) : std::nullopt;
    if (number && *number >= 400 && *number < 600)
      return std::to_string(*number);
  }
  return {};
}

/// Appends the members that have no field of their own in our client's error.
void keep_further(const json::value& object, chat::foreign_words& w) {
  constexpr std::array<std::string_view, 8> told{"message", "type",   "param",  "code",
                                                 "error",   "errors", "detail", "object"};
  std::string more;
  for (const auto& m : object.GetObject()) {
    const auto name = json::text_of(m.name);
    if (m.value.IsNull() || std::find(told.begin(), told.end(), name) != told.end())
      continue;
    std::string key = ",";
    json::append_quoted(key, name);
    key += ':';
    if (w.more.find(key) == std::string::npos)
      more += key + json::to_text(m.value);
  }
  if (w.more.size() + more.size() <= most_further_bytes)
    w.more += more;
}

/// The path of a field in FastAPI's form, such as `["body", "messages", 0, "role"]`.
std::string path_of(const json::value* loc) {
  std::string path;
  if (loc == nullptr || !loc->IsArray())
    return word_of(loc);
  for (const auto& step : loc->GetArray()) {
    const auto word = word_of(&step);
    if (path.empty() && word == "body")
      continue;
    if (step.IsNumber())
      path += '[' + word + ']';
    else
      path += (path.empty() ? "" : ".") + word;
  }
  return path;
}

/// Several failures as one: all messages, one after the other, and the other fields of the first.
std::optional<chat::foreign_words> words_of_list(const json::value& list, int layers) {
  std::optional<chat::foreign_words> all;
  for (const auto& each : list.GetArray()) {
    auto w = words_of(each, layers - 1);
    if (!w)
      continue;
    if (!all) {
      all = std::move(w);
      continue;
    }
    all->message += "; " + w->message;
  }
  return all;
}

/// A failure about a field: `{"loc":["body","top_k"],"msg":"...","type":"..."}`.
chat::foreign_words words_of_field(const json::value& object) {
  chat::foreign_words w;
  w.param = path_of(json::find(object, "loc"));
  w.type = word_of(json::find(object, "type"));
  w.message = message_in(object);
  if (!w.param.empty())
    w.message = w.param + ": " + w.message;
  return w;
}

/// The words of another failure inside *object*, under one of its usual names.
std::optional<chat::foreign_words> inner_words(const json::value& object, int layers) {
  for (const auto name : {"error", "errors", "detail"}) {
    const auto* inner = json::find(object, name);
    if (is_nothing(inner))
      continue;
    if (auto w = words_of(*inner, layers - 1))
      return w;
  }
  return std::nullopt;
}

std::optional<chat::foreign_words> words_of_object(const json::value& object, int layers) {
  if (json::find(object, "loc") != nullptr)
    return words_of_field(object);
  const auto* error = json::find(object, "error");
  const auto own = message_in(object);
  auto w = inner_words(object, layers).value_or(chat::foreign_words{});
  // `{"error":"invalid_request","error_description":"..."}`: a code and its text.
  if (!own.empty() && error != nullptr && error->IsString())
    w.code = std::exchange(w.message, own);
  fill(w.message, own);
  if (w.message.empty())
    return std::nullopt;
  fill(w.type, word_of(json::find(object, "type")));
  fill(w.type, word_of(json::find(object, "error_type")));
  fill(w.param, word_of(json::find(object, "param")));
  fill(w.code, word_of(json::find(object, "code")));
  fill(w.code, word_of(json::find(object, "error_code")));
  fill(w.code, told_status(object));
  keep_further(object, w);
  return w;
}

std::optional<chat::foreign_words> words_of(const json::value& v, int layers) {
  if (layers < 0)
    return std::nullopt;
  if (v.IsArray())
    return words_of_list(v, layers);
  if (v.IsObject())
    return words_of_object(v, layers);
  if (!v.IsString() || v.GetStringLength() == 0)
    return std::nullopt;
  chat::foreign_words w;
  w.message = json::text_of(v);
  return w;
}

/// The words of a text that is not JSON.
std::optional<chat::foreign_words> words_of_plain(std::string_view text) {
  constexpr auto space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == text.npos)
    return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(space) + 1 - begin);
  // A web page, or JSON that was cut off.
  const auto is_other = std::string_view{"<{["}.find(text.front()) != std::string_view::npos;
  const auto is_text = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' || c == '\r';
  };
  if (is_other || text.size() > longest_plain_text || !is_utf8(text) ||
      !std::all_of(text.begin(), text.end(), is_text))
    return std::nullopt;
  chat::foreign_words w;
  w.message = text;
  return w;
}

} // namespace

bool is_failure(const json::value& object) {
  const auto* choices = json::find(object, "choices");
  const auto has_choices = choices != nullptr && choices->IsArray() && !choices->Empty();
  const auto* error = json::find(object, "error");
  if (!is_nothing(error))
    return !(error->IsNumber() && json::integer_of(*error) == 0);
  if (has_choices)
    return false;
  if (error != nullptr && error->IsObject())
    return true;
  if (!is_nothing(json::find(object, "errors")) || !is_nothing(json::find(object, "detail")))
    return true;
  if (message_in(object).empty())
    return false;
  const auto type = json::find_string(object, "type").value_or(std::string_view{});
  const auto says_so =
      type.find("rror") != type.npos || json::find_string(object, "object") == "error";
  return says_so || json::find(object, "code") != nullptr || !told_status(object).empty() ||
         json::find(object, "status_code") != nullptr ||
         json::find(object, "error_code") != nullptr;
}

std::optional<chat::foreign_words> parse_failure(std::string_view body) {
  const auto doc = json::parse_foreign(body);
  return doc ? words_of(doc.root, most_layers) : words_of_plain(body);
}

} // namespace nekod::openai
