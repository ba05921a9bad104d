#pragma once

#include "protocol/text/json.hpp"
#include "protocol/text/sse.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// Reads a stream of a response as strict clients do, and checks all that they rely on.
namespace nekod::test {

/// A stream, read to its end.
class stream_fold {
public:
  /// @param first The number of the first event.
  explicit stream_fold(std::string_view stream, std::int64_t first = 0) : next_(first) {
    sse::parser parser{std::size_t{64} << 20};
    CHECK(parser.feed(stream, [&](const sse::item& item) { take(item); }));
    CHECK(parser.finish([](const sse::item&) { FAIL("the last event has no blank line"); }));
    CHECK(done);
  }

  /// Types in their order.
  std::vector<std::string> types;
  /// The data of the events, but for `[DONE]`.
  std::vector<std::string> data;
  /// The response of the last event that has one, and its output.
  std::string response;
  std::string output;
  std::string status;
  /// The texts of the deltas, in their order.
  std::vector<std::string> deltas;
  bool done = false;

private:
  struct text_part {
    std::string type;
    std::string text;
    bool ended = false;
    std::string annotations;
  };

  struct folded_item {
    std::string id;
    std::string type;
    std::vector<text_part> parts;
    /// As `output_item.done` told it.
    std::string told;
  };

  static std::string text_in(const json::value& v, std::string_view name) {
    const auto text = json::find_string(v, name);
    CHECK_MESSAGE(text.has_value(), "there is no text `" << name << "` in " << json::to_text(v));
    return std::string{text.value_or("")};
  }

  static std::size_t number_in(const json::value& v, std::string_view name) {
    const auto* found = json::find(v, name);
    REQUIRE_MESSAGE(found != nullptr, "there is no `" << name << "` in " << json::to_text(v));
    REQUIRE(found->IsUint());
    return found->GetUint();
  }

  void take(const sse::item& item) {
    CHECK_FALSE(done);
    CHECK_FALSE(item.stray);
    if (item.data == "[DONE]") {
      CHECK(item.name.empty());
      done = true;
      return;
    }
    const auto doc = json::parse(item.data);
    REQUIRE_MESSAGE(bool{doc}, "this is no JSON: " << item.data);
    const auto& event = doc.root;
    const auto type = text_in(event, "type");
    CHECK(type == item.name);
    CHECK_FALSE(ended_);
    CHECK(static_cast<std::int64_t>(number_in(event, "sequence_number")) == next_++);
    types.push_back(type);
    data.emplace_back(item.data);
    take_event(type, event);
  }

  void take_event(const std::string& type, const json::value& event) {
    if (json::find(event, "response") != nullptr)
      take_response(type, event["response"]);
    else if (type == "response.output_item.added")
      take_added(event, event["item"]);
    else if (type == "response.output_item.done")
      take_done(event, event["item"]);
    else if (type == "error")
      CHECK(json::find_string(event["error"], "message").has_value());
    else if (type.ends_with("_part.added"))
      take_part(event, true);
    else if (type.ends_with("_part.done"))
      take_part(event, false);
    else if (type.ends_with(".delta"))
      take_delta(type, event);
    else if (type == "response.output_text.annotation.added")
      take_annotation(event);
    else
      take_text_done(type, event);
  }

  void take_response(const std::string& type, const json::value& r) {
    static const std::set<std::string> known{"response.created",     "response.queued",
                                             "response.in_progress", "response.completed",
                                             "response.incomplete",  "response.failed"};
    CHECK(known.count(type) == 1);
    CHECK((types.size() > 1 || next_ > 1 || type == "response.created"));
    const auto id = text_in(r, "id");
    CHECK(id.starts_with("resp_"));
    CHECK((id_.empty() || id_ == id));
    id_ = id;
    status = text_in(r, "status");
    response = json::to_text(r);
    output = json::to_text(r["output"]);
    ended_ =
        type == "response.completed" || type == "response.incomplete" || type == "response.failed";
    if (!ended_) {
      CHECK(items_.empty());
      CHECK(output == "[]");
      return;
    }
    CHECK(type == "response." + status);
    if (type != "response.failed")
      check_output(r["output"]);
  }

  void check_output(const json::value& all) {
    REQUIRE(all.Size() == items_.size());
    CHECK_FALSE(items_.empty());
    for (rapidjson::SizeType i = 0; i < all.Size(); ++i)
      CHECK(json::to_text(all[i]) == items_[i].told);
  }

  void take_added(const json::value& event, const json::value& item) {
    CHECK(number_in(event, "output_index") == items_.size());
    CHECK((items_.empty() || !items_.back().told.empty()));
    auto& added = items_.emplace_back();
    added.id = text_in(item, "id");
    added.type = text_in(item, "type");
    CHECK_FALSE(added.id.empty());
    CHECK(ids_.insert(added.id).second);
    CHECK(text_in(item, "status") == "in_progress");
    if (is_call(added)) {
      const auto call_id = text_in(item, "call_id");
      CHECK_FALSE(call_id.empty());
      CHECK(call_ids_.insert(call_id).second);
      CHECK(text_in(item, member_of(added)).empty());
      text_in(item, "name");
      added.parts.push_back({member_of(added), {}, false, {}});
    } else if (added.type == "message") {
      CHECK(text_in(item, "role") == "assistant");
      CHECK(item["content"].Empty());
    } else {
      CHECK(item["summary"].Empty());
    }
  }

  static bool is_call(const folded_item& item) {
    return item.type == "function_call" || item.type == "custom_tool_call";
  }

  static std::string member_of(const folded_item& call) {
    return call.type == "function_call" ? "arguments" : "input";
  }

  folded_item& item_of(const json::value& event) {
    REQUIRE_FALSE(items_.empty());
    auto& item = items_.back();
    CHECK(number_in(event, "output_index") == items_.size() - 1);
    CHECK(item.told.empty());
    if (const auto id = json::find_string(event, "item_id"))
      CHECK(*id == item.id);
    return item;
  }

  /// The open part that an event belongs to.
  text_part& part_of(const json::value& event, std::string_view type) {
    auto& item = item_of(event);
    text_in(event, "item_id");
    REQUIRE_FALSE(item.parts.empty());
    auto& part = item.parts.back();
    if (!is_call(item))
      CHECK(number_in(event, index_name(type)) == item.parts.size() - 1);
    return part;
  }

  static std::string_view index_name(std::string_view type) {
    return type.find("summary") == type.npos ? "content_index" : "summary_index";
  }

  static std::string text_of_part(const json::value& part) {
    return text_in(part, text_in(part, "type") == "refusal" ? "refusal" : "text");
  }

  void take_part(const json::value& event, bool begins) {
    const auto& told = event["part"];
    const auto type = text_in(told, "type");
    const auto is_summary = text_in(event, "type").find("summary") != std::string::npos;
    CHECK((type == "summary_text") == is_summary);
    if (begins) {
      auto& item = item_of(event);
      CHECK((item.parts.empty() || item.parts.back().ended));
      item.parts.push_back({type, {}, false, {}});
      CHECK(text_of_part(told).empty());
    }
    auto& part = part_of(event, type);
    CHECK(part.type == type);
    if (type == "output_text") {
      CHECK(json::to_text(told["annotations"]) == "[" + part.annotations + "]");
      CHECK(told["logprobs"].IsArray());
    }
    if (!begins) {
      CHECK(text_of_part(told) == part.text);
      CHECK(part.ended);
    }
  }

  /// The type of a part that `response.X.delta` and `.done` belong to.
  static std::string part_type(std::string_view event) {
    event.remove_prefix(std::string_view{"response."}.size());
    const std::string name{event.substr(0, event.find('.'))};
    if (name == "reasoning_summary_text")
      return "summary_text";
    if (name == "function_call_arguments")
      return "arguments";
    return name == "custom_tool_call_input" ? "input" : name;
  }

  void take_delta(const std::string& type, const json::value& event) {
    auto& part = part_of(event, type);
    CHECK(part.type == part_type(type));
    CHECK_FALSE(part.ended);
    const auto delta = text_in(event, "delta");
    CHECK_FALSE(delta.empty());
    part.text += delta;
    deltas.push_back(delta);
    if (part.type == "output_text")
      CHECK(event["logprobs"].IsArray());
  }

  void take_annotation(const json::value& event) {
    auto& part = part_of(event, "output_text");
    CHECK(part.type == "output_text");
    CHECK_FALSE(part.ended);
    CHECK((number_in(event, "annotation_index") == 0) == part.annotations.empty());
    part.annotations.append(part.annotations.empty() ? "" : ",");
    part.annotations += json::to_text(event["annotation"]);
  }

  void take_text_done(const std::string& type, const json::value& event) {
    CHECK(type.ends_with(".done"));
    auto& part = part_of(event, type);
    CHECK(part.type == part_type(type));
    const auto is_plain =
        part.type != "refusal" && part.type != "arguments" && part.type != "input";
    CHECK(text_in(event, is_plain ? "text" : part.type) == part.text);
    CHECK_FALSE(part.ended);
    part.ended = true;
    if (part.type == "output_text")
      CHECK(event["logprobs"].IsArray());
    if (part.type == "arguments")
      text_in(event, "name");
  }

  void take_done(const json::value& event, const json::value& told) {
    auto& item = item_of(event);
    CHECK(text_in(told, "id") == item.id);
    CHECK(text_in(told, "type") == item.type);
    CHECK(text_in(told, "status") != "in_progress");
    for (const auto& part : item.parts)
      CHECK(part.ended);
    if (is_call(item)) {
      CHECK(call_ids_.count(text_in(told, "call_id")) == 1);
      CHECK(text_in(told, member_of(item)) == item.parts.front().text);
    } else {
      check_parts(item, told);
    }
    item.told = json::to_text(told);
  }

  static void check_parts(const folded_item& item, const json::value& told) {
    const auto is_summary = !item.parts.empty() && item.parts.front().type == "summary_text";
    const auto& list = told[is_summary ? "summary" : "content"];
    REQUIRE(list.Size() == item.parts.size());
    for (rapidjson::SizeType i = 0; i < list.Size(); ++i) {
      CHECK(text_in(list[i], "type") == item.parts[i].type);
      CHECK(text_of_part(list[i]) == item.parts[i].text);
    }
  }

  std::int64_t next_;
  bool ended_ = false;
  std::string id_;
  std::vector<folded_item> items_;
  std::set<std::string> ids_;
  std::set<std::string> call_ids_;
};

} // namespace nekod::test
