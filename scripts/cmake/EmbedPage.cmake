find_program(GZIP gzip REQUIRED)
option(NEKOD_KATEX "Put KaTeX into the web page, which draws formulas" ON)

# embed_page(TARGET FOLDER): adds the files of the web page in FOLDER to TARGET, plain and compressed, for
# http/server/page/page_files.hpp. They are sent without their indentation and without lines that are comments, styles
# without blanks, too. Their paths have the hash of all of them, which stands for @VERSION@ in index.html, so that
# browsers may keep them for ever. The program is built again when a file changes. `katex.js` is Debian's; an empty one
# without NEKOD_KATEX, which makes the page show the source of formulas.
function(embed_page target folder)
  file(GLOB files CONFIGURE_DEPENDS "${folder}/*.html" "${folder}/*.js" "${folder}/*.css" "${folder}/*.svg")
  list(SORT files)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${files})
  set(built "${PROJECT_BINARY_DIR}/page")
  set(all)
  foreach(file IN LISTS files)
    cmake_path(GET file FILENAME name)
    file(READ "${file}" text)
    string(REGEX REPLACE "\n[ \t]+" "\n" text "\n${text}")
    if(name MATCHES "js$")
      string(REGEX REPLACE "\n//[^\n]*" "" text "${text}")
    endif()
    if(name MATCHES "css$")
      string(REGEX REPLACE ";? }" "}" text "${text}")
      string(REGEX REPLACE " {[ \n]" "{" text "${text}")
      string(REGEX REPLACE "([,;:]) " "\\1" text "${text}")
    endif()
    string(REGEX REPLACE "\n\n+" "\n" text "${text}")
    string(SUBSTRING "${text}" 1 -1 "text_${name}")
    string(APPEND all "${text}")
  endforeach()
  file(MAKE_DIRECTORY "${built}")
  set(katex "${built}/katex.js")
  if(NEKOD_KATEX)
    find_file(KATEX_FILE NAMES katex.min.js katex.js PATHS /usr/share/javascript/katex)
    if(NOT KATEX_FILE)
      message(FATAL_ERROR "KaTeX is missing (Debian's libjs-katex). With -DNEKOD_KATEX=OFF formulas show their source.")
    endif()
    file(WRITE "${katex}.head" "/*! KaTeX, Copyright (c) 2013-2020 Khan Academy and other contributors, MIT: see katex_licence.js */\n")
    execute_process(COMMAND "${CMAKE_COMMAND}" -E cat "${katex}.head" "${KATEX_FILE}" OUTPUT_FILE "${katex}.new"
                    COMMAND_ERROR_IS_FATAL ANY)
  else()
    file(WRITE "${katex}.new" "// This nekod was built without KaTeX.\n")
  endif()
  file(COPY_FILE "${katex}.new" "${katex}" ONLY_IF_DIFFERENT)
  file(SHA256 "${katex}" hash)
  string(APPEND all "${hash}")
  list(APPEND files "${katex}")

  string(SHA256 version "${all}")
  string(SUBSTRING "${version}" 0 16 VERSION)

  set(symbols)
  set(sections)
  set(rows)
  set(depends)
  set(number 0)
  foreach(file IN LISTS files)
    cmake_path(GET file FILENAME name)
    if(NOT file STREQUAL katex)
      string(REPLACE "@VERSION@" "${VERSION}" text "${text_${name}}")
      file(WRITE "${built}/${name}.new" "${text}")
      file(COPY_FILE "${built}/${name}.new" "${built}/${name}" ONLY_IF_DIFFERENT)
    endif()
    if("${built}/${name}" IS_NEWER_THAN "${built}/${name}.gz")
      # -n: without time and name, so that equal files have equal archives.
      execute_process(COMMAND "${GZIP}" -9nc "${built}/${name}" OUTPUT_FILE "${built}/${name}.gz"
                      COMMAND_ERROR_IS_FATAL ANY)
    endif()
    file(SHA256 "${built}/${name}" hash)
    string(SUBSTRING "${hash}" 0 20 hash)
    math(EXPR number "${number} + 1")
    foreach(form IN ITEMS plain gzipped)
      set(suffix "")
      if("${form}" STREQUAL "gzipped")
        set(suffix ".gz")
      endif()
      set(symbol "embedded_page_${number}_${form}")
      string(APPEND symbols "extern \"C\" const char ${symbol}[], ${symbol}_end[];\n")
      string(APPEND sections "${symbol}:\n  .incbin \"${built}/${name}${suffix}\"\n${symbol}_end:\n  .byte 0\n")
      string(APPEND sections "  .hidden ${symbol}, ${symbol}_end\n  .globl ${symbol}, ${symbol}_end\n")
      set(bytes_${form} "between(${symbol}, ${symbol}_end)")
      list(APPEND depends "${built}/${name}${suffix}")
    endforeach()
    string(APPEND rows "      {\"${name}\", ${bytes_plain}, ${bytes_gzipped}, \"${hash}\"},\n")
  endforeach()

  set(source "${PROJECT_BINARY_DIR}/embedded/page_files.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[
#include "http/server/page/page_files.hpp"

#include <cstddef>

@symbols@
asm(R"(
  .pushsection .rodata
@sections@  .popsection
)");

namespace nekod::http {

namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

} // namespace

std::string_view page_version() noexcept { return "@VERSION@"; }

std::span<const page_file> page_files() {
  static const page_file files[] = {
@rows@  };
  return files;
}

} // namespace nekod::http
]])
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${depends}" SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE "${source}")
endfunction()
