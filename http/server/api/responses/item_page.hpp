#pragma once

#include "actors/store/response_record.hpp"
#include "protocol/chat/failure.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// Lists of items by pages, as `input_items` and the items of conversations come. Pure.
namespace nekod::http {

/// The page that `?limit=&order=&after=` asks for.
struct item_page_query {
  std::size_t limit = 20;
  /// Whether the newest come first.
  bool newest_first = true;
  /// The id after which the page begins; empty for the first page.
  std::string after;
};

/// Reads a query. Other names, such as `include`, are ignored.
result<item_page_query, chat::failure> parse_item_page_query(std::string_view query);

/// The page of *items*, which are in their order: `{"object":"list","data":[...],"first_id":...,
/// "last_id":...,"has_more":...}`.
/// @returns the failure if `after` is none of their ids.
result<std::string, chat::failure> item_page(std::span<const stored_item> items,
                                             const item_page_query& query);

} // namespace nekod::http
