# What is installed where, and the Debian package made of it.
#
# Below /usr and /usr/local settings are in /etc; below any other prefix they are in its own etc, so that
# nobody needs to be root to look at what would be installed.
include(GNUInstallDirs)

set(share "${CMAKE_INSTALL_DATAROOTDIR}/nekod")
set(doc "${CMAKE_INSTALL_DATAROOTDIR}/doc/nekod")

install(TARGETS nekod nekod-sim RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

file(GLOB readmes "${PROJECT_SOURCE_DIR}/README*.md")
install(FILES ${readmes} DESTINATION "${doc}")
install(FILES scripts/README.md DESTINATION "${doc}/scripts")
install(FILES LICENSE DESTINATION "${doc}" RENAME copyright)
install(FILES scripts/systemd/tls.conf DESTINATION "${share}/systemd")
foreach(examples IN ITEMS grafana prometheus proxies)
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/scripts/${examples}")
    install(DIRECTORY "scripts/${examples}" DESTINATION "${share}" PATTERN "*.test.*" EXCLUDE)
  endif()
endforeach()

# The units name the paths of the package; the prefix is known only when it comes to installing. Settings
# that are there already stay.
install(CODE "set(units \"${PROJECT_SOURCE_DIR}/scripts/systemd\")
set(bin \"${CMAKE_INSTALL_BINDIR}\")")
install(
  CODE [[
  set(prefix "${CMAKE_INSTALL_PREFIX}")
  set(etc "/etc/nekod")
  if(NOT prefix MATCHES "^/usr(/local)?$")
    set(etc "${prefix}/etc/nekod")
  endif()
  foreach(unit IN ITEMS nekod.service nekod.socket)
    file(READ "${units}/${unit}" text)
    string(REPLACE "/usr/bin/nekod" "${prefix}/${bin}/nekod" text "${text}")
    string(REPLACE "/etc/nekod" "${etc}" text "${text}")
    string(REPLACE "file:///usr/share" "file://${prefix}/share" text "${text}")
    set(target "${prefix}/lib/systemd/system/${unit}")
    message(STATUS "Installing: $ENV{DESTDIR}${target}")
    file(WRITE "$ENV{DESTDIR}${target}" "${text}")
    list(APPEND CMAKE_INSTALL_MANIFEST_FILES "${target}")
  endforeach()
  if(NOT EXISTS "$ENV{DESTDIR}${etc}/nekod.toml")
    file(INSTALL "${units}/nekod.toml" DESTINATION "${etc}")
  endif()
]])

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME nekod)
set(CPACK_PACKAGE_VENDOR "nekod developers")
set(CPACK_PACKAGE_CONTACT "nekod developers <nekod@localhost>")
# Files go to absolute paths too, which a staging folder is needed for.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# For upstreams that are spoken to over TLS.
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nginx | apache2, ssl-cert, prometheus")
# The first line of the description, and the others.
string(REGEX REPLACE "^An? " "" CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Any OpenAI client works with it by changing its base address; each
conversation keeps to one chat upstream. A simulator of such a chat service
comes along.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "")
foreach(file IN ITEMS conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/scripts/deb/${file}")
endforeach()
include(CPack)
