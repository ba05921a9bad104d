#include "protocol/openai/body_checks.hpp"

#include <doctest/doctest.h>

using namespace nekod;
using namespace nekod::openai;

namespace {

std::string in_words(const std::optional<chat::failure>& e) {
  return e ? std::string{chat::name_of(e->code)} + " " + e->param + ": " + e->detail
           : std::string{};
}

/// Why the value *text* of the field `f` is refused; empty if it is not.
std::string refusal(std::string_view text, const shape& s) {
  const auto doc = json::parse(text);
  REQUIRE(doc);
  return in_words(check("f", doc.root, s));
}

} // namespace

TEST_CASE("a value is refused with the field, and what was expected") {
  CHECK(refusal("true", shapes::boolean).empty());
  CHECK(refusal("1", shapes::boolean) == "invalid_type f: expected a boolean");
  CHECK(refusal("1", shapes::string) == "invalid_type f: expected a string");
  CHECK(refusal("{}", shapes::array) == "invalid_type f: expected an array");
  CHECK(refusal("[]", shapes::object) == "invalid_type f: expected an object");
  CHECK(refusal("{}", shapes::string_or_array) ==
        "invalid_type f: expected a string or an array of strings");
  CHECK(refusal("[]", shapes::string_or_object) ==
        "invalid_type f: expected a string or an object");
  CHECK(refusal("1.0", shapes::integer).empty());
  CHECK(refusal("1.5", shapes::integer) == "invalid_type f: expected an integer");
  CHECK(refusal("0", shapes::positive_integer) ==
        "invalid_value f: expected an integer of at least 1");
  CHECK(refusal("128", shapes::integer_from(1, 128)).empty());
  CHECK(refusal("129", shapes::integer_from(1, 128)) ==
        "invalid_value f: expected an integer from 1 to 128");
  CHECK(refusal("2.5", shapes::number_from(0, 2)) ==
        "invalid_value f: expected a number from 0 to 2");
}

TEST_CASE("each element of a list has to be a string") {
  const auto doc = json::parse(R"(["a",7])");
  CHECK(in_words(check_strings("f", doc.root)) == "invalid_type f[1]: expected a string");
}

TEST_CASE("a required string is found or named") {
  const auto doc = json::parse(R"({"a":"x","b":null,"c":7})");
  REQUIRE(required_string(doc.root, "a", "o"));
  CHECK(*required_string(doc.root, "a", "o") == "x");
  CHECK(in_words(required_string(doc.root, "b", "o").error()) ==
        "missing_required_parameter o.b: ");
  CHECK(in_words(required_string(doc.root, "c", "o").error()) ==
        "invalid_type o.c: expected a string");
  CHECK(in_words(required_string(doc.root, "d", "o").error()) ==
        "missing_required_parameter o.d: ");
}
