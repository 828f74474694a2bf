# The built program as a person drives it. What needs root and namespaces says so by exit status 77 (skipped).
set(e2e_dir ${CMAKE_CURRENT_LIST_DIR})

add_test(NAME "e2e: the command line without a server" COMMAND ${e2e_dir}/cli.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: docs/cli.md is what the program prints"
         COMMAND ${e2e_dir}/docs.sh $<TARGET_FILE:sallyport> ${PROJECT_SOURCE_DIR}/docs/cli.md)
add_test(NAME "e2e: completion of bash, zsh and fish" COMMAND ${e2e_dir}/completion.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: an installation has everything where it is looked for" COMMAND ${e2e_dir}/install.sh $<TARGET_FILE:sallyport> ${CMAKE_BINARY_DIR})
add_test(NAME "e2e: ssh-config writes the same again, and takes it away" COMMAND ${e2e_dir}/ssh_config.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: exit statuses, against a server" COMMAND ${e2e_dir}/exits.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: TARGET.sallyport with plain ssh" COMMAND ${e2e_dir}/ssh_names.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: the README's first session is eight steps" COMMAND ${e2e_dir}/first_session.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: a wrong first code of a generator is asked for again" COMMAND ${e2e_dir}/otp_enroll.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: a checkout waits for a secret that is being changed" COMMAND ${e2e_dir}/patience.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: one command sets a client up" COMMAND ${e2e_dir}/setup.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: each process is killed in turn" COMMAND ${e2e_dir}/processes.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: a session's process that does not go is ended" COMMAND ${e2e_dir}/stubborn.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: with few open files fewer are let in, and it is said" COMMAND ${e2e_dir}/limits.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: each process under its own user" COMMAND ${e2e_dir}/users.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: whatever stands in the place of a file, a start touches nothing of others" COMMAND ${e2e_dir}/links.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: started as an ordinary user" COMMAND ${e2e_dir}/ordinary.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: a sealed start, opened by a passphrase" COMMAND ${e2e_dir}/sealed.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: one code, fifty tries at once on every path" COMMAND ${e2e_dir}/one_code.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: what an auditor is told is true" COMMAND ${e2e_dir}/evidence.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: a recording plays in a terminal" COMMAND ${e2e_dir}/play.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: what a version before left behind opens" COMMAND ${e2e_dir}/version_before.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: every channel, every byte and every damage of a recording reaches the auditor" COMMAND ${e2e_dir}/recordings.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: the demo" COMMAND ${e2e_dir}/demo.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: the demo where the server's users exist" COMMAND ${e2e_dir}/demo_users.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: set up as the operator's guide says" COMMAND ${e2e_dir}/guide.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: killed at any moment, nothing acknowledged is lost" COMMAND ${e2e_dir}/kill_rounds.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: nothing acknowledged is lost when the power goes" COMMAND ${e2e_dir}/power_cut.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: the recordings' disk hangs" COMMAND ${e2e_dir}/disk_hang.sh $<TARGET_FILE:sallyport>)
add_test(NAME "e2e: disks fill up, nothing is released or lost" COMMAND ${e2e_dir}/disk_full.sh $<TARGET_FILE:sallyport>)
set(e2e_links "e2e: whatever stands in the place of a file, a start touches nothing of others")
set_tests_properties(${e2e_links} PROPERTIES LABELS e2e TIMEOUT 900 SKIP_RETURN_CODE 77)
set(e2e_rounds "e2e: killed at any moment, nothing acknowledged is lost" "e2e: nothing acknowledged is lost when the power goes"
    "e2e: disks fill up, nothing is released or lost")
set_tests_properties(${e2e_rounds} PROPERTIES LABELS e2e TIMEOUT 600 SKIP_RETURN_CODE 77 ENVIRONMENT SALLYPORT_LOAD=$<TARGET_FILE:api_load>)
set(e2e_tests "e2e: the demo where the server's users exist" "e2e: set up as the operator's guide says"
    "e2e: an installation has everything where it is looked for" "e2e: the command line without a server" "e2e: docs/cli.md is what the program prints"
    "e2e: completion of bash, zsh and fish" "e2e: ssh-config writes the same again, and takes it away"
    "e2e: exit statuses, against a server" "e2e: TARGET.sallyport with plain ssh"
    "e2e: the README's first session is eight steps"
    "e2e: a checkout waits for a secret that is being changed" "e2e: one command sets a client up" "e2e: a wrong first code of a generator is asked for again"
    "e2e: each process is killed in turn" "e2e: a session's process that does not go is ended" "e2e: with few open files fewer are let in, and it is said" "e2e: each process under its own user"
    "e2e: started as an ordinary user"
    "e2e: a sealed start, opened by a passphrase" "e2e: one code, fifty tries at once on every path"
    "e2e: the recordings' disk hangs" "e2e: what an auditor is told is true"
    "e2e: what a version before left behind opens"
    "e2e: a recording plays in a terminal"
    "e2e: every channel, every byte and every damage of a recording reaches the auditor" "e2e: the demo")

# What stands at the ports and says nothing.
add_executable(crowd ${e2e_dir}/crowd/crowd.cpp)
target_link_libraries(crowd PRIVATE sallyport_base sallyport_flags)
add_test(NAME "e2e: a silent crowd at the ports keeps nobody out" COMMAND ${e2e_dir}/crowd.sh $<TARGET_FILE:sallyport>)
set_tests_properties("e2e: a silent crowd at the ports keeps nobody out" PROPERTIES LABELS e2e TIMEOUT 300 SKIP_RETURN_CODE 77
                     ENVIRONMENT SALLYPORT_CROWD=$<TARGET_FILE:crowd>)

# The demo is worth something only if it notices: each step, broken in turn.
execute_process(COMMAND ${PROJECT_SOURCE_DIR}/tools/demo --steps OUTPUT_VARIABLE demo_steps OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REPLACE "\n" ";" demo_steps "${demo_steps}")
foreach(step ${demo_steps})
  add_test(NAME "e2e: the demo notices when ${step} is broken" COMMAND ${e2e_dir}/demo.sh $<TARGET_FILE:sallyport> ${step})
  list(APPEND e2e_tests "e2e: the demo notices when ${step} is broken")
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tools/demo)
set_tests_properties(${e2e_tests} PROPERTIES LABELS e2e TIMEOUT 300 SKIP_RETURN_CODE 77)
