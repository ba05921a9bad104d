/// Tells the thread sanitizer what CAF orders.
///
/// CAF's library is not built with the sanitizer, which then does not see the atomics that CAF
/// hands messages, actors and references over with, and takes each hand-over for a race. So what
/// does that in the library is replaced by what is here, in programs built with the thread
/// sanitizer only: the dynamic linker prefers a program's functions to a library's, also for the
/// library's own calls.
///
/// Each lets through just what CAF orders: a message's sender is before its receiver, one turn of
/// an actor is before the next, and all use of an object is before its end. So what two actors
/// touch without a message between them is reported.

#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/ref_counted.hpp>
#include <caf/scheduled_actor.hpp>
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdlib>
#include <utility>

namespace {

/// The library's function of that name, as a function with the object as first argument.
template <class F>
F* in_library(const char* name) {
  auto* found = dlsym(RTLD_NEXT, name);
  if (!found)
    std::abort();
  return reinterpret_cast<F*>(found);
}

} // namespace

namespace caf {

// -- messages ------------------------------------------------------------------------------------

void scheduled_actor::enqueue(mailbox_element_ptr message, execution_unit* context) {
  static auto* original = in_library<void(scheduled_actor*, mailbox_element_ptr, execution_unit*)>(
      "_ZN3caf15scheduled_actor7enqueueESt10unique_ptrINS_15mailbox_elementENS_6detail8"
      "disposerEEPNS_14execution_unitE");
  __tsan_release(message.get());
  __tsan_release(&mailbox());
  original(this, std::move(message), context);
}

scheduled_actor::activation_result scheduled_actor::reactivate(mailbox_element& message) {
  static auto* original = in_library<activation_result(scheduled_actor*, mailbox_element&)>(
      "_ZN3caf15scheduled_actor10reactivateERNS_15mailbox_elementE");
  __tsan_acquire(&message);
  auto result = original(this, message);
  // Another thread may handle the next message.
  __tsan_release(this);
  return result;
}

// -- actors --------------------------------------------------------------------------------------

/// Begins a run of the actor, and initialises it in the first one.
bool scheduled_actor::activate(execution_unit* context) {
  static auto* original = in_library<bool(scheduled_actor*, execution_unit*)>(
      "_ZN3caf15scheduled_actor8activateEPNS_14execution_unitE");
  __tsan_acquire(this);
  auto result = original(this, context);
  __tsan_release(this);
  return result;
}

/// Ends the actor, and drops its unhandled messages.
bool scheduled_actor::cleanup(error&& reason, execution_unit* context) {
  static auto* original = in_library<bool(scheduled_actor*, error&&, execution_unit*)>(
      "_ZN3caf15scheduled_actor7cleanupEONS_5errorEPNS_14execution_unitE");
  __tsan_acquire(&mailbox());
  return original(this, std::move(reason), context);
}

// -- references, as the library drops them; here the sanitizer sees the counts -------------------

void intrusive_ptr_release(actor_control_block* block) {
  if (block->strong_refs.fetch_sub(1) != 1)
    return;
  block->data_dtor(block->get());
  intrusive_ptr_release_weak(block);
}

void intrusive_ptr_release_weak(actor_control_block* block) {
  if (block->weak_refs.fetch_sub(1) == 1)
    block->block_dtor(block);
}

void ref_counted::deref() const noexcept {
  if (rc_.fetch_sub(1) == 1)
    request_deletion(true);
}

} // namespace caf
