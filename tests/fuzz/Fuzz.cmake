# One libFuzzer target a parser of foreign bytes: tests/fuzz/NAME_fuzz.cpp is fuzz_NAME, its seeds lie in seeds/fuzz_NAME.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*_fuzz.cpp)
set(fuzz_targets "")
foreach(source ${fuzz_sources})
  get_filename_component(stem ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" stem ${stem})
  add_executable(fuzz_${stem} ${source})
  target_link_libraries(fuzz_${stem} PRIVATE sallyport_app sallyport_flags)
  target_include_directories(fuzz_${stem} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_options(fuzz_${stem} PRIVATE -fsanitize=fuzzer-no-link)
  target_link_options(fuzz_${stem} PRIVATE -fsanitize=fuzzer)
  list(APPEND fuzz_targets fuzz_${stem})
endforeach()
if(TARGET fuzz_http_head)  # http_head.hpp is private to app
  target_include_directories(fuzz_http_head PRIVATE ${PROJECT_SOURCE_DIR}/app/src)
endif()
if(TARGET fuzz_container)  # forges chunks with the writer's own code
  target_include_directories(fuzz_container PRIVATE ${PROJECT_SOURCE_DIR}/recorder/src)
endif()
add_custom_target(fuzz_targets DEPENDS ${fuzz_targets})
# What is linked in has to be instrumented as well.
foreach(module base audit vault access certs recorder rotation broker app)
  target_compile_options(sallyport_${module} PRIVATE -fsanitize=fuzzer-no-link)
endforeach()
