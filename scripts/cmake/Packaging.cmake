# The installed files, and the Debian package made of them.
#
# Below /usr and /usr/local settings go to /etc; below any other prefix they go to its own etc, so that one
# can look at an installation without being root.
include(GNUInstallDirs)

set(share "${CMAKE_INSTALL_DATAROOTDIR}/nekod")
set(doc "${CMAKE_INSTALL_DATAROOTDIR}/doc/nekod")

install(TARGETS nekod nekod-sim RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

# The guides keep their folders, so that the links between them work.
file(GLOB readmes "${PROJECT_SOURCE_DIR}/README*.md")
install(FILES ${readmes} CHANGELOG.md CONTRIBUTING.md SECURITY.md DESTINATION "${doc}")
install(FILES http/API.md http/API.zh.md DESTINATION "${doc}/http")
install(FILES scripts/MANUAL.md scripts/OPERATING.md scripts/OPERATING.zh.md
        DESTINATION "${doc}/scripts")
install(FILES scripts/deb/copyright DESTINATION "${doc}")
install(FILES scripts/systemd/database.conf scripts/systemd/instances.conf scripts/systemd/tls.conf DESTINATION "${share}/systemd")
foreach(examples IN ITEMS grafana prometheus proxies)
  if(IS_DIRECTORY "${PROJECT_SOURCE_DIR}/scripts/${examples}")
    install(DIRECTORY "scripts/${examples}" DESTINATION "${share}" PATTERN "*.test.*" EXCLUDE)
  endif()
endforeach()

# The units contain the paths of the package; the prefix is known only at installation. Existing settings
# stay.
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
# Some files go to absolute paths, which need a staging folder.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# For upstreams over TLS.
set(CPACK_DEBIAN_PACKAGE_DEPENDS ca-certificates)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nginx | apache2, ssl-cert, prometheus")
# The first line of the description, and the others.
string(REGEX REPLACE "^An? " "" CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Any OpenAI client works with it by changing its base URL; each
conversation keeps to one upstream chat. The package includes a simulator of
such a chat service.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "")
foreach(file IN ITEMS conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${PROJECT_SOURCE_DIR}/scripts/deb/${file}")
endforeach()
include(CPack)
