# Rules about the sources: the one direction of includes, sizes, and that every public header compiles alone.
set(structure_dir ${CMAKE_CURRENT_LIST_DIR})
set(structure_check ${PROJECT_SOURCE_DIR}/tools/structure-check)

add_test(NAME "structure: includes run one way" COMMAND ${structure_check} includes)
add_test(NAME "structure: no file is too long" COMMAND ${structure_check} sizes)
add_test(NAME "structure: no test asks a pipe that ends early" COMMAND ${structure_check} pipes)
add_test(NAME "structure: each rule is seen to fail" COMMAND ${structure_dir}/selftest.sh ${structure_check})

# A header that a source of its name includes first compiles alone as that source does. Each other public header gets a
# translation unit, which includes it first, and twice. Building the library is the test.
function(is_included_first out header source)
  set(${out} FALSE PARENT_SCOPE)
  if(EXISTS ${source})
    file(STRINGS ${source} first LIMIT_COUNT 1 REGEX "^#include")
    string(FIND "${first}" "\"${header}\"" found)
    if(NOT found EQUAL -1)
      set(${out} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()
get_property(header_modules GLOBAL PROPERTY SALLYPORT_MODULES)
set(header_units "")
foreach(module ${header_modules})
  file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${module}/include/sallyport/${module}/*.hpp)
  foreach(header ${headers})
    get_filename_component(stem ${header} NAME_WE)
    is_included_first(proven sallyport/${module}/${stem}.hpp ${PROJECT_SOURCE_DIR}/${module}/src/${stem}.cpp)
    if(NOT proven)
      set(unit ${CMAKE_BINARY_DIR}/header_check/${module}_${stem}.cpp)
      set(text "#include \"sallyport/${module}/${stem}.hpp\"\n#include \"sallyport/${module}/${stem}.hpp\"\n")
      file(CONFIGURE OUTPUT ${unit} CONTENT "${text}")
      list(APPEND header_units ${unit})
    endif()
  endforeach()
endforeach()
add_library(header_check OBJECT ${header_units})
target_link_libraries(header_check PRIVATE sallyport_app sallyport_flags)
add_test(NAME "structure: every public header compiles alone"
         COMMAND ${CMAKE_COMMAND} --build ${CMAKE_BINARY_DIR} --target header_check)
set_tests_properties(
  "structure: includes run one way" "structure: no file is too long" "structure: each rule is seen to fail" "structure: no test asks a pipe that ends early"
  "structure: every public header compiles alone" PROPERTIES LABELS structure TIMEOUT 300)
