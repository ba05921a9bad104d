#include "protocol/text/multipart_field_finder.hpp"
#include "tests/unit/support/growing.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nekod;

namespace {

constexpr std::size_t longest = 40;

test::position find(const std::string& text, const std::string& boundary = "abc") {
  return test::look_in_all_cuts(
      [&] {
        return multipart::field_finder{boundary, "model", longest};
      },
      text);
}

std::string name_in(const std::string& text, const std::string& boundary = "abc") {
  auto found = find(text, boundary);
  REQUIRE(found);
  auto [begin, end, name] = *found;
  CHECK(text.substr(begin, end - begin) == name);
  return name;
}

std::string part(const std::string& about, const std::string& value) {
  return "--abc\r\nContent-Disposition: form-data; " + about + "\r\n\r\n" + value + "\r\n";
}

const std::string model = part(R"(name="model")", "whisper-1");
const std::string file =
    part(R"(name="file"; filename="a.wav")", std::string("\0\r\n--ab\r\r\n", 9));
const std::string end = "--abc--\r\n";

} // namespace

TEST_CASE("a text field is found as the first, the last and the only one") {
  CHECK(name_in(model + file + end) == "whisper-1");
  CHECK(name_in(file + model + end) == "whisper-1");
  CHECK(name_in(file + file + model + end) == "whisper-1");
  CHECK(name_in(model + end) == "whisper-1");
  CHECK(name_in("a preamble\r\n" + model + end) == "whisper-1");
  CHECK(name_in(part("name=\"model\"", "") + end).empty());
}

TEST_CASE("the field's own header fields may be written in any way") {
  for (const auto* about : {
           "content-disposition: form-data; name=model",
           "CONTENT-DISPOSITION:form-data;NAME=\"model\"",
           "Content-Type: text/plain\r\nContent-Disposition: form-data; name = \"model\"",
           "Content-Disposition: form-data; name=\"model\"\r\nContent-Type: text/plain",
           "Content-Disposition: form-data; x=\"a; name=\\\"b\\\"\"; name=\"model\"",
       }) {
    CAPTURE(about);
    auto found = find("--abc\r\n" + std::string{about} + "\r\n\r\na\r\n" + end);
    CHECK(found);
  }
}

TEST_CASE("anything that only looks like the field is ignored") {
  CHECK_FALSE(find(part(R"(name="model"; filename="m.txt")", "no") + end));
  CHECK_FALSE(find(part(R"(name="file"; filename="x\"; name=\"model")", "no") + end));
  CHECK_FALSE(find(part(R"(name="Model")", "no") + end));
  CHECK_FALSE(find(part(R"(name="models")", "no") + end));
  CHECK_FALSE(find("--abc\r\nContent-Disposition: attachment; name=\"model\"\r\n\r\nno\r\n" + end));
  CHECK_FALSE(find("--abc\r\nContent-Type: text/plain\r\n\r\nname=\"model\"\r\n" + end));
  CHECK_FALSE(
      find("--abc\r\n\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nno\r\n" + end));
}

TEST_CASE("a form inside a part is ignored") {
  const std::string inner =
      "--abcdef\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nno\r\n"
      "--abcdef--\r\n"
      "x--abc\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nno";
  CHECK(name_in(part(R"(name="file"; filename="a")", inner) + model + end) == "whisper-1");
}

TEST_CASE("bytes after the last line are ignored") {
  CHECK_FALSE(find(file + end + model));
  CHECK_FALSE(find("--abc--"));
}

TEST_CASE("blanks may follow a boundary") {
  CHECK(name_in(
            "--abc \t\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\na\r\n--abc  \r\n") ==
        "a");
  CHECK_FALSE(find("--abc" + std::string(100, ' ') + model.substr(5) + end));
}

TEST_CASE("a value or header fields beyond their limits are ignored") {
  CHECK(find(part(R"(name="model")", std::string(longest, 'x')) + end));
  CHECK_FALSE(find(part(R"(name="model")", std::string(longest + 1, 'x')) + end));
  multipart::field_finder finder{"abc", "model", longest};
  CHECK(finder.look("--abc\r\nX: " + std::string(9'000, 'x')) == model_search::absent);
}

TEST_CASE("an unfinished form is searched further") {
  multipart::field_finder finder{"abc", "model", longest};
  CHECK(finder.look(file) == model_search::looking);
  CHECK(finder.look(file + model) == model_search::looking);
  CHECK(finder.look(file + model + "--abc\r\n") == model_search::found);
}

TEST_CASE("the boundary is that of the Content-Type") {
  using multipart::boundary_of;
  CHECK(boundary_of("multipart/form-data; boundary=abc") == "abc");
  CHECK(boundary_of("Multipart/Form-Data;charset=utf-8; BOUNDARY=\"a b;c\\\"\"") == "a b;c\"");
  CHECK(boundary_of("multipart/form-data;boundary=abc;x=y") == "abc");
  CHECK_FALSE(boundary_of("multipart/form-data"));
  CHECK_FALSE(boundary_of("multipart/form-data; boundary="));
  CHECK_FALSE(boundary_of("multipart/mixed; boundary=abc"));
  CHECK_FALSE(boundary_of("application/json"));
  CHECK_FALSE(boundary_of(""));
  CHECK_FALSE(boundary_of("multipart/form-data; boundary=" + std::string(300, 'a')));
}

TEST_CASE("a boundary may contain blanks or stars") {
  const std::string form =
      "--a *(b\r\nContent-Disposition: form-data; name=model\r\n\r\nx\r\n--a *(b--";
  CHECK(name_in(form, "a *(b") == "x");
}
