# What `cmake --install` puts in place besides the program. Where each thing is looked for depends on the prefix, which is
# known only then (--prefix), so it is written then. DESTDIR is honoured.
include(GNUInstallDirs)
install(TARGETS sallyport RUNTIME)
install(FILES LICENSE README.md TYPE DOC)
install(DIRECTORY docs/ TYPE DOC FILES_MATCHING PATTERN "*.md")
install(FILES packaging/sysusers.conf DESTINATION lib/sysusers.d RENAME sallyport.conf)
install(CODE "
  set(built \"$<TARGET_FILE:sallyport>\")
  set(unit_template \"${PROJECT_SOURCE_DIR}/packaging/sallyport.service.in\")
  set(program \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/sallyport\")
  set(docs \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DOCDIR}\")
")
install(SCRIPT cmake/InstallGenerated.cmake)
