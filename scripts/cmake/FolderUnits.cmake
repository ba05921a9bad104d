# compile_folders_as_units(TARGET...): with NEKOD_UNITY, the sources of one folder are compiled as one
# translation unit, which parses their headers once. Without it, as for development, this does nothing.
#
# So two sources of one folder must not use one name in their unnamed namespaces for two things.
function(compile_folders_as_units)
  if(NOT NEKOD_UNITY)
    return()
  endif()
  foreach(target IN LISTS ARGN)
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
      if(NOT IS_ABSOLUTE "${source}")
        cmake_path(GET source PARENT_PATH folder)
        string(REPLACE "/" "-" unit "${target}/${folder}")
        set_source_files_properties("${source}" PROPERTIES UNITY_GROUP "${unit}")
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  endforeach()
endfunction()
