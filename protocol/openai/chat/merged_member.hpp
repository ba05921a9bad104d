#pragma once

#include "protocol/text/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nekod::openai {

/// A member outside OpenAI's specification, of a message or of a tool call, assembled from the
/// pieces in which a stream tells it.
///
/// Objects are merged member by member, as OpenAI's SDKs do it. Of a message, texts inside an
/// object are joined, except those that are told whole, such as an id; so are texts and lists of
/// reasoning. Of a call they are not: servers repeat them with each piece. Of any other value the
/// newest is kept. What says nothing, such as null, replaces nothing.
class merged_member {
public:
  enum class owner : std::uint8_t { message, call };

  merged_member(std::string_view name, owner whose);

  const std::string& name() const noexcept { return name_; }

  void take(const json::value& piece);

  /// The approximate number of bytes in use.
  std::size_t size() const noexcept { return size_; }

  /// Appends the name and the value, as in an object.
  void write(std::string& out) const;

private:
  enum class form : std::uint8_t { text, list, object, json };

  merged_member(std::string_view name, owner whose, bool joins_text);

  void become(form what);
  void take_text(std::string_view piece);
  void take_list(const json::value& list);
  void take_object(const json::value& object);
  merged_member& member(std::string_view name);
  void write_value(std::string& out) const;

  std::string name_;
  owner whose_;
  bool joins_text_;
  form what_ = form::json;
  /// A text, unquoted; the elements of a list, without its brackets; or any other value as JSON.
  std::string value_ = "null";
  std::vector<merged_member> members_;
  std::size_t size_;
};

/// The member of *all* with that name; adds one that is null if there is none.
merged_member& member_of(std::vector<merged_member>& all, std::string_view name,
                         merged_member::owner whose);

} // namespace nekod::openai
