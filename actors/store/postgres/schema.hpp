#pragma once

#include <functional>
#include <string>

/// The database before there are actors: its schema, and the key in it. Blocks.
namespace nekod::postgres {

/// Whether a start may bring the schema up to date.
enum class migration : bool { refused, allowed };

/// Checks the schema, and brings it up to date if that is allowed. Several nodes may do so at once.
/// @param waits Called each time that no server answers, with the reason: waits, and returns
/// whether it is asked again. Empty: it is asked once.
/// @returns the key of the digests and identities in the records, as hexadecimal digits.
/// @throws store_error
std::string prepare(const std::string& address, migration m,
                    const std::function<bool(const std::string&)>& waits = nullptr);

} // namespace nekod::postgres
