# Warnings are errors; hardening is on in every build that is not a sanitizer build.
add_library(sallyport_flags INTERFACE)
target_compile_options(sallyport_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor
  -Woverloaded-virtual -Wnull-dereference -Wformat=2 -Wimplicit-fallthrough -Werror
  -fstack-protector-strong -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12's -Wnull-dereference and -Wmaybe-uninitialized fire inside libstdc++, Boost and Outcome once inlining starts;
  # Clang, clang-tidy and the sanitizers look at the same code.
  target_compile_options(sallyport_flags INTERFACE -fstack-clash-protection -fcf-protection -Wno-null-dereference
                         -Wno-maybe-uninitialized)
  target_compile_options(sallyport_flags INTERFACE -Wno-missing-field-initializers)
else()
  target_compile_options(sallyport_flags INTERFACE -Wthread-safety -Wno-missing-field-initializers)
endif()
if(SALLYPORT_SANITIZE)
  target_compile_options(sallyport_flags INTERFACE -fsanitize=${SALLYPORT_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(sallyport_flags INTERFACE -fsanitize=${SALLYPORT_SANITIZE})
  target_compile_definitions(sallyport_flags INTERFACE SALLYPORT_SANITIZED=1)
  if(SALLYPORT_SANITIZE MATCHES thread)
    # TSan knows no fences; Asio does without where one thread runs one io_context, as here.
    target_compile_definitions(sallyport_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
else()
  if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_definitions(sallyport_flags INTERFACE _FORTIFY_SOURCE=2)
  endif()
  target_link_options(sallyport_flags INTERFACE -Wl,-z,relro,-z,now -Wl,-z,noexecstack)
endif()
set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_EXE_LINKER_FLAGS} -pie")
