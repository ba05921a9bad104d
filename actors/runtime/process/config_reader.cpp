#include "actors/runtime/process/config_reader.hpp"

#include "actors/runtime/process/environment.hpp"
#include "protocol/text/json_strings.hpp"
#include "protocol/text/utf8.hpp"
#include "protocol/text/words.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iomanip>
#include <iterator>
#include <memory>
#include <sstream>
#include <string_view>
#include <utility>

namespace nekod {

namespace {

/// A number as people write it.
std::string plain_number(double number) {
  std::ostringstream out;
  out << std::setprecision(15) << number;
  return out.str();
}

/// The reason why *text* is not a number in that range, which `nan` never is; empty if it is.
std::string range_problem(const std::string& text, double least, double most) {
  double number = 0;
  auto good = CLI::detail::lexical_cast(text, number) && number >= least && number <= most;
  return good ? std::string{} : "must be from " + plain_number(least) + " to " + plain_number(most);
}

bool is_number(const std::string& text) {
  double number = 0;
  return CLI::detail::lexical_cast(text, number);
}

/// A value as TOML writes it.
std::string toml_value(const std::string& text) {
  if (is_number(text) || text == "true" || text == "false")
    return text;
  std::string out;
  json::append_quoted(out, text);
  return out;
}

/// The setting on a line of TOML, for an error: ` (--port)`, or nothing.
std::string key_at(std::string_view text, std::size_t line) {
  for (; line > 1 && !text.empty(); --line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  const auto key = trim(text.substr(0, text.find_first_of("=\n")));
  const auto is_bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
  return is_bare ? " (--" + std::string{key} + ")" : std::string{};
}

} // namespace

/// Gives the file's settings to CLI11.
class config_reader::toml_config : public CLI::ConfigBase {
public:
  explicit toml_config(config_reader& reader) : reader_(reader) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    return reader_.take_file(std::string{std::istreambuf_iterator{input}, {}});
  }

private:
  config_reader& reader_;
};

config_reader::config_reader(const std::string& description, const std::string& name,
                             const std::string& tables)
    : app_(description, name), family_(tables) {
  app_.set_config("--config", "", "TOML file with any of these settings  [NEKOD_CONFIG]");
  app_.allow_config_extras(CLI::config_extras_mode::error);
  app_.config_formatter(std::make_shared<toml_config>(*this));
}

// -- adding settings ------------------------------------------------------------------------

std::string config_reader::announce(const std::string& flag, shape form) {
  const auto& text = setting_of(flag);
  known_.push_back({&text, form});
  std::string help{text.help};
  help.append("  [").append(text.variables[0]);
  if (!text.variables[1].empty())
    help.append(", ").append(text.variables[1]);
  return help + "]";
}

CLI::Option* config_reader::add_secret(const std::string& flag, std::string& target) {
  auto* option = add(flag, target);
  known_.back().form = shape::secret;
  return option->check([](const std::string& text) {
    return has_control_characters(text) ? "contains a line end or another control character"
                                        : std::string{};
  });
}

CLI::Option* config_reader::add_list(const std::string& flag, std::vector<std::string>& target) {
  return app_.add_option(flag, target, announce(flag, shape::list))->delimiter(',');
}

void config_reader::add_switch(const std::string& flag, bool& target) {
  const auto opposite = "!--no-" + flag.substr(2);
  app_.add_flag(flag + "," + opposite, target, announce(flag, shape::on_or_off));
}

void config_reader::add_port(const std::string& flag, std::optional<std::uint16_t>& target) {
  app_.add_option(flag, target, announce(flag, shape::unset))->take_last();
}

void config_reader::add_time(const std::string& flag, seconds& target, double least) {
  auto& number = held_times_.emplace_back(target.count());
  conversions_.push_back([&target, &number] { target = seconds{number}; });
  add(flag, number)->default_str(plain_number(number))->check([least](const std::string& text) {
    return range_problem(text, least, 1e8);
  });
}

std::function<std::string(const std::string&)> config_reader::within(double least, double most) {
  return [=](const std::string& text) { return range_problem(text, least, most); };
}

// -- reading them --------------------------------------------------------------------------------

std::optional<exit_request> config_reader::read(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i)
    if (std::string_view flag{argv[i]}; flag.starts_with("--") && flag.find('=') == flag.size() - 1)
      // CLI11 would use the next argument as its value.
      return exit_request{exit_code::setting,
                          "nekod: " + std::string{flag, 0, flag.size() - 1} + " needs a value\n"};
  try {
    auto arguments = with_environment({argv + 1, argv + argc});
    std::reverse(arguments.begin(), arguments.end()); // CLI11 expects this order in a vector.
    app_.parse(arguments);
  } catch (const CLI::Success& e) {
    std::ostringstream out;
    app_.exit(e, out, out);
    return exit_request{0, out.str()};
  } catch (const CLI::ConfigError& e) {
    return exit_request{exit_code::setting, std::string{"nekod: "} + e.what() + "\n"};
  } catch (const CLI::Error& e) {
    return exit_request{exit_code::setting, "nekod: " + with_source(e.what()) + "\n"};
  }
  for (const auto& convert : conversions_)
    convert();
  return std::nullopt;
}

/// The arguments, with values from variables and credentials for flags that are missing.
std::vector<std::string> config_reader::with_environment(std::vector<std::string> arguments) {
  const environment found;
  auto given = [&](const std::string& flag) {
    return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& a) {
      return a == flag || a.compare(0, flag.size() + 1, flag + "=") == 0;
    });
  };
  std::vector<std::string> added;
  const std::string config = "--config";
  if (auto file = found.find(std::array{std::string_view{"NEKOD_CONFIG"}}, {});
      file && !given(config)) {
    added.push_back(config + "=" + file->value);
    found_in_[config] = file->source;
  }
  for (const auto& s : known_) {
    const auto flag = s.flag();
    const auto credential = s.form == shape::secret ? flag.substr(2) : std::string{};
    auto value = found.find(s.text->variables, credential);
    if (given(flag))
      given_.insert(flag);
    if (!value || given(flag))
      continue;
    added.push_back(flag + "=" + value->value);
    found_in_[flag] = value->source;
  }
  arguments.insert(arguments.begin(), added.begin(), added.end());
  return arguments;
}

/// The settings in the file. Its tables are kept for `tables()`.
/// @throws CLI::ConfigError that names the line.
std::vector<CLI::ConfigItem> config_reader::take_file(const std::string& text) {
  auto found = parse_toml(text);
  if (!found)
    refuse(found.error().line, found.error().words + key_at(text, found.error().line));
  file_sets_any_ = !found->empty();
  std::vector<CLI::ConfigItem> items;
  for (auto& e : *found) {
    if (!e.table.empty() && e.table.front() == family_)
      tables_.push_back(std::move(e));
    else if (auto item = take_entry(std::move(e)); !item.inputs.empty())
      items.push_back(std::move(item));
  }
  return items;
}

CLI::ConfigItem config_reader::take_entry(toml_entry e) {
  const auto flag = "--" + e.key;
  const auto* option = app_.get_option_no_throw(flag);
  if (!e.table.empty() || e.key.empty() || option == nullptr || !option->get_configurable()) {
    auto name = e.table.empty() ? std::string{} : e.table.front() + ".";
    refuse(e.line, name + e.key + " is not a setting");
  }
  const auto known = std::find_if(known_.begin(), known_.end(),
                                  [&](const known_setting& s) { return s.text->flag == flag; });
  const auto several = known != known_.end() && known->form == shape::list;
  if (e.is_list && !several && e.values.size() != 1)
    refuse(e.line, flag + " takes one value");
  if (given_.count(flag) == 0)
    found_in_.emplace(flag, "line " + std::to_string(e.line) + " of " + file_name());
  CLI::ConfigItem item;
  item.name = std::move(e.key);
  item.inputs = std::move(e.values);
  return item;
}

std::string config_reader::file_name() const {
  const auto& names = app_.get_config_ptr()->results();
  return names.empty() ? std::string{} : names.back();
}

void config_reader::refuse(std::size_t line, const std::string& problem) const {
  throw CLI::ConfigError{"--config " + file_name() + ", line " + std::to_string(line) + ": " +
                             problem,
                         CLI::ExitCodes::ConfigError};
}

/// CLI11's error about a wrong value, with its source if it does not come from a flag.
std::string config_reader::with_source(const std::string& text) const {
  for (const auto& [flag, where] : found_in_) {
    auto at = text.find(flag);
    auto end = at + flag.size();
    if (at != std::string::npos && (end == text.size() || text[end] == ':' || text[end] == ' '))
      return std::string{text}.append(" (from ").append(where).append(")");
  }
  return text;
}

// -- showing them --------------------------------------------------------------------------------

std::vector<shown_setting> config_reader::shown() const {
  std::vector<shown_setting> result;
  for (const auto& s : known_)
    result.push_back(
        {s.flag().substr(2), shown_value(s), s.text->change == setting_change::reload});
  return result;
}

std::string config_reader::shown_value(const known_setting& s) const {
  const auto* option = app_.get_option(s.flag());
  auto values = option->count() > 0 ? option->reduced_results() : CLI::results_t{};
  std::string list;
  switch (s.form) {
  case shape::secret:
    return values.empty() || values.front().empty() ? R"("")" : R"("***")";
  case shape::list:
    for (const auto& value : values)
      list.append(list.empty() ? "" : ", ").append(toml_value(value));
    return "[" + list + "]";
  case shape::on_or_off:
    return !values.empty() && CLI::detail::to_flag_value(values.front()) > 0 ? "true" : "false";
  case shape::unset:
    return values.empty() ? "" : values.front();
  default:
    return toml_value(values.empty() ? option->get_default_str() : values.front());
  }
}

} // namespace nekod
