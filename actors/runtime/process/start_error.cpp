#include "actors/runtime/process/start_error.hpp"

#include <algorithm>
#include <array>

namespace nekod {

int exit_code_of(const std::error_code& why) noexcept {
  using std::errc;
  constexpr std::array lasting{errc::no_such_file_or_directory,
                               errc::not_a_directory,
                               errc::is_a_directory,
                               errc::permission_denied,
                               errc::operation_not_permitted,
                               errc::read_only_file_system,
                               errc::too_many_symbolic_link_levels,
                               errc::filename_too_long,
                               errc::no_such_device_or_address,
                               errc::invalid_argument,
                               errc::argument_list_too_long,
                               errc::address_family_not_supported,
                               errc::not_a_socket};
  // Compares numbers, because categories of libraries, such as Asio's, do not map all of the
  // system's errors.
  const auto is_lasting = std::any_of(lasting.begin(), lasting.end(), [&](errc condition) {
    return why.value() == static_cast<int>(condition);
  });
  return is_lasting ? exit_code::setting : exit_code::passing;
}

} // namespace nekod
