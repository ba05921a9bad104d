# embed_file(TARGET NAMESPACE FUNCTION FILE): adds the bytes of FILE to TARGET, for which
#
#   namespace NAMESPACE { std::string_view FUNCTION() noexcept; }
#
# is to be declared in a header. The assembler reads the file, which costs no compile time however large
# it is; the target is built again when the file changes.
function(embed_file target namespace function file)
  set(EMBEDDED_SYMBOL "embedded_${function}")
  set(EMBEDDED_NAMESPACE "${namespace}")
  set(EMBEDDED_FUNCTION "${function}")
  get_filename_component(EMBEDDED_FILE "${file}" ABSOLUTE)
  set(source "${PROJECT_BINARY_DIR}/embedded/${function}.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[
#include <cstddef>
#include <string_view>

extern "C" const char @EMBEDDED_SYMBOL@[];
extern "C" const char @EMBEDDED_SYMBOL@_end[];

asm(R"(
  .pushsection .rodata
  .globl @EMBEDDED_SYMBOL@, @EMBEDDED_SYMBOL@_end
  .hidden @EMBEDDED_SYMBOL@, @EMBEDDED_SYMBOL@_end
@EMBEDDED_SYMBOL@:
  .incbin "@EMBEDDED_FILE@"
@EMBEDDED_SYMBOL@_end:
  .byte 0
  .popsection
)");

namespace @EMBEDDED_NAMESPACE@ {

std::string_view @EMBEDDED_FUNCTION@() noexcept;

std::string_view @EMBEDDED_FUNCTION@() noexcept {
  return {@EMBEDDED_SYMBOL@, static_cast<std::size_t>(@EMBEDDED_SYMBOL@_end - @EMBEDDED_SYMBOL@)};
}

} // namespace @EMBEDDED_NAMESPACE@
]])
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${EMBEDDED_FILE}")
  target_sources(${target} PRIVATE "${source}")
endfunction()
