#include "protocol/openai/conversations/items.hpp"

#include "protocol/chat/message_layout.hpp"
#include "protocol/openai/conversations/chat_items.hpp"
#include "protocol/openai/responses/request/content.hpp"
#include "protocol/openai/responses/request/message_list.hpp"
#include "protocol/openai/upstream/whole_messages.hpp"
#include "protocol/text/json.hpp"
#include "protocol/text/json_spans.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace nekod::openai::conversations {
namespace {

using chat::message;
using responses::item;
using responses::told_item;

std::vector<item> own_items(const message& m) {
  std::vector<item> result;
  for (json::elements e{m.items}; e.next();) {
    const auto doc = json::parse(e.value());
    if (doc)
      result.push_back(responses::item_of(
          std::string{json::find_string(doc.root, "id").value_or(std::string_view{})},
          std::string{e.value()}));
  }
  return result;
}

/// The items of each message.
std::vector<std::vector<item>> items_by_message(std::span<const message> messages,
                                                std::string_view conversation) {
  std::vector<std::vector<item>> result;
  chat_items made{conversation};
  for (const auto& m : messages)
    result.push_back(m.items.empty() ? made.of(m) : own_items(m));
  return result;
}

void append(std::vector<message>& to, std::vector<message> more) {
  std::ranges::move(more, std::back_inserter(to));
}

std::string text_of(const item& prompt) {
  const auto doc = json::parse(prompt.json);
  return responses::read_content(json::find(doc.root, "content")).text();
}

} // namespace

std::vector<item> items_of(std::span<const message> messages, std::string_view conversation) {
  std::vector<item> result;
  for (auto& items : items_by_message(messages, conversation))
    std::ranges::move(items, std::back_inserter(result));
  return result;
}

std::vector<message> messages_of(std::span<const item> items) {
  std::unordered_map<std::string_view, const item*> outputs;
  for (const auto& i : items)
    if (responses::is_output(i))
      outputs.emplace(i.call_id, &i);
  responses::message_list list;
  for (const auto& i : items) {
    told_item told{&i, nullptr};
    if (responses::is_call(i))
      if (const auto output = outputs.find(i.call_id); output != outputs.end()) {
        told.output = output->second;
        outputs.erase(output);
      }
    const auto alone = responses::is_output(i) && outputs.contains(i.call_id);
    const told_item output{nullptr, &i};
    if (alone)
      list.add_outputs_alone({&output, 1});
    else
      list.add(told);
  }
  std::vector<message> result;
  for (auto& told : list.finish())
    if (auto m = parse_message(told.json)) {
      m->items = std::move(told.items);
      result.push_back(*std::move(m));
    }
  return result;
}

std::vector<message> with_items(std::vector<message> messages, std::span<const item> items) {
  auto added = messages_of(items);
  if (!added.empty() && chat::instructs(added.front())) {
    auto prompt = std::move(added.front());
    added.erase(added.begin());
    if (!messages.empty() && chat::instructs(messages.front())) {
      const auto& before = messages.front();
      prompt.text = before.text + "\n\n" + prompt.text;
      if (!before.items.empty())
        prompt.items =
            before.items.substr(0, before.items.size() - 1) + "," + prompt.items.substr(1);
      prompt.speaker = before.speaker;
      messages.front() = std::move(prompt);
    } else {
      messages.insert(messages.begin(), std::move(prompt));
    }
  }
  append(messages, std::move(added));
  return messages;
}

std::vector<message> without_item(const std::vector<message>& messages,
                                  std::string_view conversation, std::string_view id) {
  const auto all = items_by_message(messages, conversation);
  std::vector<message> result;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto items = all[i];
    if (std::erase_if(items, [&](const item& x) { return x.id == id; }) == 0) {
      result.push_back(messages[i]);
      continue;
    }
    auto base = chat::instructs(messages[i]) ? instructions_of(messages) : std::string{};
    if (!base.empty())
      result.emplace_back(messages[i].speaker, std::move(base));
    result = with_items(std::move(result), items);
  }
  return result;
}

std::vector<message> up_to_item(const std::vector<message>& messages, std::string_view conversation,
                                std::string_view id) {
  const auto all = items_by_message(messages, conversation);
  std::vector<message> result;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto last = std::ranges::find(all[i], id, &item::id);
    if (last == all[i].end()) {
      result.push_back(messages[i]);
      continue;
    }
    if (std::next(last) == all[i].end())
      result.push_back(messages[i]);
    else
      result = with_items(std::move(result), std::vector<item>(all[i].begin(), std::next(last)));
    break;
  }
  return result;
}

std::string instructions_of(std::span<const message> messages) {
  if (messages.empty() || !chat::instructs(messages.front()))
    return {};
  std::string text = messages.front().text;
  auto items = own_items(messages.front());
  std::ranges::reverse(items);
  for (const auto& i : items) {
    const auto end = text_of(i);
    if (!std::string_view{text}.ends_with(end))
      break;
    text.resize(text.size() - end.size());
    if (std::string_view{text}.ends_with("\n\n"))
      text.resize(text.size() - 2);
  }
  return text;
}

} // namespace nekod::openai::conversations
