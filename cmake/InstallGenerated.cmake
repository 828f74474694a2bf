# Part of cmake/Install.cmake, run at the time of installing. Given: built, unit_template, program, docs.
set(root "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")

function(generate file)  # FILE, then the words of the command that prints it: man page and completion come from the program
  get_filename_component(directory ${file} DIRECTORY)
  file(MAKE_DIRECTORY ${directory})
  execute_process(COMMAND ${built} ${ARGN} OUTPUT_FILE ${file} COMMAND_ERROR_IS_FATAL ANY)
  message(STATUS "Installing: ${file}")
endfunction()

generate(${root}/share/man/man1/sallyport.1 help --man)
generate(${root}/share/bash-completion/completions/sallyport completion bash)
# Debian's zsh looks into vendor-completions under /usr only, its fish not into /usr/local at all.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
  generate(${root}/share/zsh/vendor-completions/_sallyport completion zsh)
else()
  generate(${root}/share/zsh/site-functions/_sallyport completion zsh)
endif()
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr/local")
  generate($ENV{DESTDIR}/etc/fish/completions/sallyport.fish completion fish)
else()
  generate(${root}/share/fish/vendor_completions.d/sallyport.fish completion fish)
endif()

set(unit ${root}/lib/systemd/system/sallyport.service)
configure_file(${unit_template} ${unit} @ONLY)
message(STATUS "Installing: ${unit}")
