# kam_program_test(<label>/<name> <file.py> [<argument>…] [TIMEOUT <seconds>]): runs a Python program against the real kamd and kam of this build.
# Debian's own Python, for Debian's grpcio is what tools/deps installs. Sanitizers make programs slower: there, tests wait longer.
set(PYTHON3 /usr/bin/python3)
set(KAM_TEST_ENVIRONMENT "KAMD=$<TARGET_FILE:kamd>" "KAM=$<TARGET_FILE:kam>" "PYTHONDONTWRITEBYTECODE=1")
if(KAM_SANITIZE)
  list(APPEND KAM_TEST_ENVIRONMENT "KAM_TEST_PATIENCE=4" "ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1"
       "UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1" "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")
endif()

function(kam_program_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "" ${ARGN})
  string(REGEX REPLACE "/.*" "" label "${name}")
  add_test(NAME ${name} COMMAND ${PYTHON3} ${ARG_UNPARSED_ARGUMENTS} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "${KAM_TEST_ENVIRONMENT};KAM_TEST_TIMEOUT=${ARG_TIMEOUT}")
endfunction()
